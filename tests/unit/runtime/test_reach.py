"""Whom a command speaks for: the token that is given, never another tenant than the one that was named."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime.cli import parser
from runtime.client import tenant_of
from runtime.identity import EVERY_TENANT, Issuer
from runtime.reach import named_tenant, reach, shows_all
from runtime.settings import Settings
from runtime.usage import WrongUsage


def settings(tenant: str) -> Settings:
    token = Issuer(Ed25519PrivateKey.generate()).token(tenant, "olga", roles=("operator",))
    return Settings(gateway="http://127.0.0.1:1", token=token)


def test_a_token_says_its_tenant_and_nonsense_says_none() -> None:
    assert tenant_of(settings("Ādaži").token or "") == "Ādaži"
    assert [tenant_of(text) for text in ("", "a", "a.b.c", "a.bm8.c", "a.W10.c", "a.\xff.c")] == [""] * 6


def test_another_tenant_than_the_tokens_is_refused() -> None:
    with pytest.raises(WrongUsage, match="BATON_TOKEN speaks for acme"):
        reach(settings("acme"), "globex")
    assert reach(settings("acme"), "acme").tenant == "acme"
    assert reach(settings("acme")).tenant == "acme"
    assert reach(settings(EVERY_TENANT), "acme").tenant == EVERY_TENANT


def test_a_file_goes_into_the_tenant_of_the_token_and_into_no_other(tmp_path: Path) -> None:
    map, file = tmp_path / "people.toml", tmp_path / "people.csv"
    map.write_text('resource = "people"\n\n[fields]\nexternalId = { column = "id" }\n')
    file.write_text("id\n1\n")
    words = ["import", "people", str(file), "--map", str(map), "--dry-run"]
    arguments = parser("import").parse_args([*words, "--tenant", "globex"])
    with pytest.raises(WrongUsage, match="BATON_TOKEN speaks for acme"):
        arguments.run(arguments, settings("acme"))
    assert named_tenant(settings("acme"), "") == "acme"
    assert named_tenant(Settings(), "") == ""


def test_only_a_token_of_every_tenant_that_names_none_is_shown_whole_logs() -> None:
    assert shows_all(reach(settings(EVERY_TENANT)), "")
    assert not shows_all(reach(settings(EVERY_TENANT)), "acme")
    assert not shows_all(reach(settings("acme")), "")


def test_without_a_token_the_homes_own_issuer_speaks_for_all_or_for_the_tenant_named(tmp_path: Path) -> None:
    here = Settings(home=tmp_path)
    here.run_file.write_text('{"gateway":"http://127.0.0.1:1","grpc":"127.0.0.1:2","pid":1}')
    assert reach(here).tenant == EVERY_TENANT
    assert reach(here, "acme").tenant == "acme"
