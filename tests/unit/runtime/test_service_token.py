"""The token with which one service asks another: made by the local issuer, or kept fresh in a file by somebody."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runtime.identity import EVERY_TENANT, Issuer, LocalKey, Verifier
from runtime.service_token import DAYS, _made_anew, service_token
from runtime.settings import Settings, WrongSetting


def test_the_local_issuer_makes_one_that_speaks_for_every_tenant(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    verifier = Verifier(Issuer.at(settings.issuer_key).public)
    identity = verifier.verify(service_token(settings, "sales")()).identity
    assert (identity.tenant, identity.employee, identity.roles) == (EVERY_TENANT, "sales", frozenset({"operator"}))


def test_it_is_made_anew_long_before_it_expires(tmp_path: Path) -> None:
    now = 0.0
    token = _made_anew(Issuer.at(tmp_path / "issuer.pem"), "sales", clock=lambda: now)
    first = token()
    now = DAYS * 86_400 / 2 - 1
    assert token() is first
    now += 1
    assert token() is not first


def test_one_in_a_file_is_read_again_when_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    token = service_token(Settings(home=tmp_path, service_token_file=file), "sales")
    assert token() == "first"
    file.write_text("second\n")
    os.utime(file, ns=(1, 1))
    assert token() == "second"


def test_neither_a_key_nor_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="BATON_SERVICE_TOKEN_FILE is not set"):
        service_token(Settings(home=tmp_path), "sales")
    assert os.listdir(tmp_path) == []


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(WrongSetting, match="expected a file that holds a token"):
        service_token(Settings(home=tmp_path, service_token_file=tmp_path / "token"), "sales")


def test_a_public_key_verifies_and_makes_no_token(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    issuer = Issuer.at(settings.issuer_key)
    public = issuer._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    settings.issuer_key.write_bytes(public)
    verified = Verifier(LocalKey.at(settings.issuer_key)).verify(issuer.token("acme", "emma"))
    assert verified.identity.employee == "emma"
    with pytest.raises(WrongSetting, match="holds no private key"):
        service_token(settings, "sales")
