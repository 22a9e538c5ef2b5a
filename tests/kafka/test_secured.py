"""Kafka behind TLS: nobody comes in without a certificate, or a name and its password; who has them works as ever."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from eventlog.kafka.brokers import SASL_SSL, SSL, Brokers, Security
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics, partitions_of
from eventlog.postgres.store import PostgresStore
from runtime.cluster.ports import reserved
from runtime.kafka_broker import Listener
from runtime.kafka_server import KafkaServer
from runtime.restoring import look
from runtime.settings import Settings
from runtime.tls import Tls
from services.analytics.queries import HEARD
from tests.support.certificates import Authority
from tests.support.kafka import a_department, own_server
from tests.support.log import an_append
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.relaying import relaying, told_up_to_the_head
from tests.support.restoring import restored
from tests.support.streaming import trading, working

pytestmark = pytest.mark.timeout(300)

PASSWORD = "so long, and not in any file of ours"
JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_anna="{password}";'


@dataclass
class Secured:
    """A broker with a door for certificates and one for passwords."""

    server: KafkaServer
    certificates: Brokers
    passwords: Brokers


@pytest.fixture
def certificate(tmp_path: Path) -> Tls:
    return Authority().issue(tmp_path / "tls")


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    with reserved(["certificates", "passwords"]) as ports:
        yield dict(ports)


@pytest.fixture
async def secured(tmp_path: Path, certificate: Tls, ports: dict[str, int]) -> AsyncIterator[Secured]:
    shown = tmp_path / "broker.pem"
    shown.write_bytes(certificate.key.read_bytes() + certificate.cert.read_bytes())
    store = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(shown),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificate.ca),
    }
    login = {"sasl.enabled.mechanisms": "PLAIN", "plain.sasl.jaas.config": JAAS.format(password=PASSWORD)}
    doors = (
        Listener("CERTIFICATES", ports["certificates"], SSL, {**store, "ssl.client.auth": "required"}),
        Listener("PASSWORDS", ports["passwords"], SASL_SSL, {**store, **login}),
    )
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    by_certificate = Security(SSL, certificate.ca, certificate.cert, certificate.key)
    by_password = Security(SASL_SSL, certificate.ca, mechanism="PLAIN", user="anna", password_file=password)
    async with own_server(doors=doors) as server:
        yield Secured(
            server,
            Brokers(f"127.0.0.1:{ports['certificates']}", by_certificate),
            Brokers(f"127.0.0.1:{ports['passwords']}", by_password),
        )


@pytest.mark.parametrize("door", ["certificates", "passwords"])
async def test_departments_and_workers_hear_each_other_through_it(
    secured: Secured, postgres: TestServer, door: str
) -> None:
    """Relays, which make topics, write and read; workers of Faust; readers of topics."""
    async with trading(postgres, getattr(secured, door)) as trade:
        await trade.tell(history(1, leads=6, deals=3))
        async with working(trade.worker()):
            await trade.heard_everything()
        await trade.answers_are_a_fold_of_the_logs()
        await trade.derived_is_told()
        assert set(await trade.positions()) == set(HEARD)


@pytest.mark.parametrize("door", ["certificates", "passwords"])
async def test_who_restored_a_log_learns_through_it_what_others_heard(
    secured: Secured, database: str, door: str
) -> None:
    """Where each department has a server of its own, Kafka is the only witness."""
    brokers: Brokers = getattr(secured, door)
    async with await PostgresStore.open(database, a_department()) as store:
        await store.append(an_append(facts=9))
        async with relaying(Relay(store, database, brokers, Topics.of(store.department))):
            await told_up_to_the_head(brokers, store)
    await restored(database, 5)
    async with await PostgresStore.open(database, store.department) as store:
        found = await look(store, {}, reaching(brokers))
    assert (found.unreachable, found.is_restored, found.shared) == ([], True, 5)


def reaching(brokers: Brokers) -> Settings:
    """What is set where these brokers are."""
    shown = brokers.security
    return Settings(
        kafka_bootstrap=brokers.addresses,
        kafka_security_protocol=shown.protocol,
        kafka_tls_ca=shown.ca,
        kafka_tls_cert=shown.cert,
        kafka_tls_key=shown.key,
        kafka_sasl_mechanism=shown.mechanism,
        kafka_sasl_user=shown.user,
        kafka_sasl_password_file=shown.password_file,
    )


async def test_nobody_comes_in_without(secured: Secured, certificate: Tls, tmp_path: Path) -> None:
    nobody = replace(secured.certificates.security, cert=None, key=None)
    stranger = Authority().issue(tmp_path / "stranger")
    strange = replace(nobody, cert=stranger.cert, key=stranger.key)
    mistaken = tmp_path / "mistaken"
    mistaken.write_text("guess")
    wrong = replace(secured.passwords.security, password_file=mistaken)
    for brokers in (
        replace(secured.certificates, security=nobody),
        replace(secured.certificates, security=strange),
        replace(secured.certificates, security=Security()),
        replace(secured.passwords, security=wrong),
    ):
        with pytest.raises((KafkaError, ssl.SSLError)):
            await reached(brokers)
    await reached(secured.certificates)
    await reached(secured.passwords)


async def test_a_broker_with_a_certificate_of_somebody_else_is_not_believed(secured: Secured, tmp_path: Path) -> None:
    other = Authority().issue(tmp_path / "other")
    brokers = replace(secured.passwords, security=replace(secured.passwords.security, ca=other.ca))
    with pytest.raises(KafkaError):
        await reached(brokers)


async def reached(brokers: Brokers) -> None:
    async with asyncio.timeout(30):
        assert not await partitions_of(brokers, "nothing")
