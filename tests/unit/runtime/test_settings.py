"""Settings: a wrong value stops the start, with its name and what is allowed."""

from pathlib import Path

import pytest

from runtime.settings import Settings, WrongSetting


def test_nothing_needs_to_be_set() -> None:
    assert Settings.read({}) == Settings(home=Path.cwd() / ".baton")
    assert Settings.read({"BATON_PORT": "", "BATON_LOG": ""}).port == 8080


def test_everything_can_be_set() -> None:
    settings = Settings.read(
        {
            "BATON_HOME": "/srv/baton",
            "BATON_HOST": "0.0.0.0",
            "BATON_PORT": "0",
            "BATON_DATABASE_URL": "postgresql://baton:secret@db:5432/postgres",
            "BATON_EVENTSTORE_URL": "esdb+discover://admin:secret@kurrentdb:2113",
            "BATON_OIDC_ISSUER": "https://login.example/",
            "BATON_LOG": "json",
            "BATON_GATEWAY": "http://baton.example:8080/",
            "BATON_TOKEN": "abc",
        }
    )
    assert settings == Settings(
        home=Path("/srv/baton"),
        host="0.0.0.0",
        port=0,
        database_url="postgresql://baton:secret@db:5432/postgres",
        eventstore_url="esdb+discover://admin:secret@kurrentdb:2113",
        oidc_issuer="https://login.example",
        log="json",
        gateway="http://baton.example:8080",
        token="abc",
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("BATON_PORT", "eighty", "a port from 1 to 65535"),
        ("BATON_PORT", "-1", "a port from 1 to 65535"),
        ("BATON_PORT", "65536", "a port from 1 to 65535"),
        ("BATON_PORT", "٨٠", "a port from 1 to 65535"),
        ("BATON_LOG", "xml", "text or json"),
        ("BATON_DATABASE_URL", "mysql://db", "postgresql://"),
        ("BATON_EVENTSTORE_URL", "http://kurrentdb:2113", "esdb://host:port?tls=false"),
        ("BATON_EVENTSTORE_URL", "esdb://kurrentdb:2113", "esdb+discover://user:password@host:port"),
        (
            "BATON_EVENTSTORE_URL",
            "esdb://kurrentdb:2113?tls=false&nodePreference=follower",
            "the leader of a KurrentDB",
        ),
        ("BATON_EVENTSTORE_URL", "kurrentdb://kurrentdb:http?tls=false", "esdb://host:port?tls=false"),
        ("BATON_HOST", "http://here", "a host name or address"),
        ("BATON_OIDC_ISSUER", "http://login.example", "the https address"),
        ("BATON_GATEWAY", "localhost:8080", "http://host:port"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(WrongSetting) as wrong:
        Settings.read({name: value})
    assert name in str(wrong.value)
    assert value in str(wrong.value)
    assert allowed in str(wrong.value)
