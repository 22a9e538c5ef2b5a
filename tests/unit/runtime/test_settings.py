"""Settings: a wrong value stops the start, with its name and what is allowed."""

import re
from pathlib import Path

import pytest

from eventlog.kafka.brokers import connection
from runtime.misspelt import known, misspelt
from runtime.roles.connecting import brokers
from runtime.settings import Settings, WrongSetting
from tests.support.documents import ROOT


def test_nothing_needs_to_be_set() -> None:
    assert Settings.read({}) == Settings(home=Path.cwd() / ".baton")
    assert Settings.read({"BATON_PORT": "", "BATON_LOG": ""}).port == 8080


def test_everything_can_be_set(tmp_path: Path) -> None:
    for name in ("token", "cert", "key", "ca"):
        (tmp_path / name).write_text(name)
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
            "BATON_HEALTH_PORT": "8081",
            "BATON_DEPARTMENTS": "contacts=contacts.baton:9090, sales=127.0.0.1:9091",
            "BATON_KAFKA_BOOTSTRAP": "kafka-1:9092, kafka-2:9092",
            "BATON_KAFKA_REPLICATION": "3",
            "BATON_INSTANCE": "sales-project-0",
            "BATON_KEYRING_URL": "postgresql://keyring:secret@db:5432/keyring",
            "BATON_SERVICE_TOKEN_FILE": str(tmp_path / "token"),
            "BATON_TLS_CERT": str(tmp_path / "cert"),
            "BATON_TLS_KEY": str(tmp_path / "key"),
            "BATON_TLS_CA": str(tmp_path / "ca"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317/",
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
        health_port=8081,
        departments={"contacts": "contacts.baton:9090", "sales": "127.0.0.1:9091"},
        kafka_bootstrap="kafka-1:9092,kafka-2:9092",
        kafka_replication=3,
        instance="sales-project-0",
        keyring_url="postgresql://keyring:secret@db:5432/keyring",
        service_token_file=tmp_path / "token",
        tls_cert=tmp_path / "cert",
        tls_key=tmp_path / "key",
        tls_ca=tmp_path / "ca",
        otlp_endpoint="http://collector:4317",
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
        ("BATON_HEALTH_PORT", "x", "a port from 1 to 65535"),
        ("BATON_DEPARTMENTS", "contacts", "NAME=host:port"),
        ("BATON_DEPARTMENTS", "sales=a:1,sales=b:1", "NAME=host:port"),
        ("BATON_DEPARTMENTS", "sales=a:0", "NAME=host:port"),
        ("BATON_DEPARTMENTS", "http://sales=a:1", "NAME=host:port"),
        ("BATON_KAFKA_BOOTSTRAP", "kafka", "host:port"),
        ("BATON_KAFKA_BOOTSTRAP", ":9092", "host:port"),
        ("BATON_KAFKA_BOOTSTRAP", "kafka:9092,", "host:port"),
        ("BATON_KAFKA_REPLICATION", "0", "a number of copies"),
        ("BATON_KAFKA_SECURITY_PROTOCOL", "ssl", "PLAINTEXT, SSL"),
        ("BATON_KAFKA_SASL_MECHANISM", "GSSAPI", "PLAIN, SCRAM-SHA-256"),
        ("BATON_KAFKA_SASL_PASSWORD_FILE", "/nowhere/password", "a file that can be read"),
        ("BATON_INSTANCE", "one of two", "letters, digits"),
        ("BATON_KEYRING_URL", "redis://db", "postgresql://"),
        ("BATON_SERVICE_TOKEN_FILE", "/nowhere/token", "a file that can be read"),
        ("BATON_TLS_CERT", "/", "a file that can be read"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:no", "http://host:port"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(WrongSetting) as wrong:
        Settings.read({name: value})
    assert name in str(wrong.value)
    assert value in str(wrong.value)
    assert allowed in str(wrong.value)


@pytest.mark.parametrize("name", ["BATON_TLS_CERT", "BATON_TLS_KEY", "BATON_TLS_CA"])
def test_a_certificate_without_what_belongs_to_it_is_refused(name: str) -> None:
    with pytest.raises(WrongSetting, match="belong together"):
        Settings.read({name: __file__})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("SSL", "needs BATON_KAFKA_BOOTSTRAP"),
        ("PLAINTEXT BOOTSTRAP TLS_CA", "BATON_KAFKA_TLS_CA is for TLS"),
        ("SASL_PLAINTEXT BOOTSTRAP TLS_CA SASL_USER", "BATON_KAFKA_TLS_CA is for TLS"),
        ("SSL BOOTSTRAP SASL_USER", "BATON_KAFKA_SASL_USER is for SASL"),
        ("SSL BOOTSTRAP TLS_CERT", "BATON_KAFKA_TLS_KEY is missing"),
        ("SASL_SSL BOOTSTRAP SASL_USER SASL_MECHANISM", "BATON_KAFKA_SASL_PASSWORD_FILE is missing"),
    ],
)
def test_what_a_protocol_of_kafka_needs_and_does_not_use_is_said(given: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=says):
        Settings.read(of_kafka(given, tmp_path))


def test_how_brokers_are_spoken_to_is_told_to_every_client(tmp_path: Path) -> None:
    given = of_kafka("SASL_PLAINTEXT BOOTSTRAP SASL_MECHANISM SASL_USER SASL_PASSWORD_FILE", tmp_path)
    assert connection(brokers(Settings.read(given))) == {
        "bootstrap_servers": "kafka:9093",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "sales",
        "sasl_plain_password": "in the file",
    }
    assert connection("kafka:9092") == {"bootstrap_servers": "kafka:9092", "security_protocol": "PLAINTEXT"}


def of_kafka(given: str, folder: Path) -> dict[str, str]:
    """The environment with these settings of Kafka; the first word is the protocol."""
    (folder / "file").write_text("in the file\n")
    words = {"BOOTSTRAP": "kafka:9093", "SASL_MECHANISM": "SCRAM-SHA-512", "SASL_USER": "sales"}
    protocol, *names = given.split()
    found = {f"BATON_KAFKA_{name}": words.get(name, str(folder / "file")) for name in names}
    return {"BATON_KAFKA_SECURITY_PROTOCOL": protocol, **found}


def test_every_setting_of_the_documentation_is_known_and_none_is_misspelt() -> None:
    page = (ROOT / "docs" / "running.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `((?:BATON|OTEL)_[A-Z_]+)` ", page, re.MULTILINE))
    assert set(known()) == documented
    assert misspelt(dict.fromkeys(documented, "anything")) == {}
