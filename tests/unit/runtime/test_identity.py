"""Tokens: who they speak for, how long, and which are refused."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventlog.errors import NotSafe
from runtime.call import Identity
from runtime.errors import RpcError
from runtime.identity import AUDIENCE, LOCAL_ISSUER, Issuer, LocalKey, Verifier
from runtime.opening import master_key

DAY_S = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def refusal(verifier: Verifier, token: str) -> str:
    with pytest.raises(RpcError) as refused:
        verifier.verify(token)
    assert refused.value.kind.http == 401
    return str(refused.value)


def forged(key: Any, algorithm: str = "EdDSA", **claims: Any) -> str:
    usual = {"iss": LOCAL_ISSUER, "aud": AUDIENCE, "exp": 2**33, "sub": "eve", "tenant": "acme", "roles": ["admin"]}
    return jwt.encode({name: value for name, value in (usual | claims).items() if value is not None}, key, algorithm)


def test_a_token_says_who_where_and_in_which_roles(key: Ed25519PrivateKey) -> None:
    issuer = Issuer(key)
    token = issuer.token("acme", "anna", "riga", ["sales", "manager"])
    assert Verifier(issuer.public).verify(token).identity == Identity(
        "acme", "anna", "riga", frozenset({"sales", "manager"})
    )


def test_a_verified_token_is_believed_until_it_expires_and_not_longer(key: Ed25519PrivateKey) -> None:
    clock = Clock()
    issuer = Issuer(key, clock)
    verifier = Verifier(issuer.public, clock=clock)
    token = issuer.token("acme", "anna", days=1)
    verifier.verify(token)
    clock.now += DAY_S - 1
    verifier.verify(token)
    clock.now += 1
    assert refusal(verifier, token) == "the token has expired"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another program"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"sub": None},
        {"sub": ""},
        {"tenant": None},
        {"tenant": ["acme"]},
        {"branch": 7},
        {"roles": "admin"},
        {"tenant": "a\nb"},
    ],
)
def test_a_token_with_other_claims_is_refused(key: Ed25519PrivateKey, claims: dict[str, Any]) -> None:
    refusal(Verifier(Issuer(key).public), forged(key, **claims))


def test_tokens_of_other_keys_and_without_signature_are_refused(key: Ed25519PrivateKey) -> None:
    verifier = Verifier(Issuer(key).public)
    refusal(verifier, forged(Ed25519PrivateKey.generate()))
    refusal(verifier, forged(None, "none"))
    refusal(verifier, forged(b"0123456789abcdef0123456789abcdef", "HS256"))
    refusal(verifier, forged(rsa.generate_private_key(65537, 2048), "RS256"))
    refusal(verifier, "no.token.atall")
    refusal(verifier, "")


def test_another_trusted_issuer_speaks_for_its_tenants_but_never_for_all(key: Ed25519PrivateKey) -> None:
    theirs = Ed25519PrivateKey.generate()
    verifier = Verifier(Issuer(key).public, {"https://login.example": Issuer(theirs).public})
    token = forged(theirs, iss="https://login.example")
    assert verifier.verify(token).identity.employee == "eve"
    assert "every tenant" in refusal(verifier, forged(theirs, iss="https://login.example", tenant="*"))
    refusal(verifier, forged(theirs))


def test_an_unknown_role_is_no_token(key: Ed25519PrivateKey) -> None:
    with pytest.raises(ValueError, match="unknown role boss"):
        Issuer(key).token("acme", "anna", roles=["boss"])


def test_the_issuers_key_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "issuer.pem"
    token = Issuer.at(path).token("acme", "anna")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert Verifier(Issuer.at(path).public).verify(token).identity.employee == "anna"


def test_a_key_that_others_could_read_is_closed_to_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys" / "issuer.pem"
    Issuer.at(path)
    path.chmod(0o644)
    Issuer.at(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


@pytest.mark.parametrize("text", ["", "junk", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
@pytest.mark.parametrize("read", [Issuer.at, LocalKey.at])
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, text: str, read: Callable[[Path], object]) -> None:
    path = tmp_path / "issuer.pem"
    path.write_text(text)
    with pytest.raises(NotSafe, match="holds no Ed25519 key"):
        read(path)
    assert path.read_text() == text


def test_a_broken_master_key_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(b"abc")
    with pytest.raises(NotSafe, match=r"master.key holds no master key: .* has 3 bytes"):
        master_key(path)
    assert path.read_bytes() == b"abc"
