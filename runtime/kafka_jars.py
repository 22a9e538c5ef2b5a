"""Apache Kafka's jars, resolved by Maven from `deploy/kafka/pom.xml` into a cache, and the Java that runs them."""

import fcntl
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POM = Path(__file__).parents[1] / "deploy" / "kafka" / "pom.xml"
JAVA_VERSION_MIN = 17
RESOLVE_S = 900.0
PACKAGES = "default-jre-headless maven"


class KafkaUnavailable(Exception):
    """Kafka cannot be run on this machine; the message says what to install."""


@dataclass(frozen=True)
class Jars:
    """The jars in a cache that many may share: a folder for each `pom.xml`, whole or not there at all."""

    cache: Path

    @property
    def folder(self) -> Path:
        return self.cache / f"lib-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"

    @property
    def classpath(self) -> str:
        return str(self.folder / "*")

    def resolve(self) -> None:
        """Be there, fetched by Maven where they are not. Raises `KafkaUnavailable`. Takes seconds, or a minute."""
        if not POM.exists():
            raise KafkaUnavailable(f"{POM} is missing: run from the source tree, or set BATON_KAFKA_BOOTSTRAP")
        java()
        self.cache.mkdir(parents=True, exist_ok=True)
        with _locked(self.cache / "lock"):
            if not self.folder.exists():
                self._fetch()

    def _fetch(self) -> None:
        """Copied beside and moved into place. Maven's own repository goes to the cache, too, and away afterwards:
        nothing is left elsewhere on the machine."""
        beside, repository = self.folder.with_suffix(".new"), self.cache / "repository"
        shutil.rmtree(beside, ignore_errors=True)
        words = [
            *(maven(), "--quiet", "--batch-mode", "--file", str(POM), f"-Dmaven.repo.local={repository}"),
            *("dependency:copy-dependencies", f"-DoutputDirectory={beside}"),
        ]
        done = subprocess.run(  # noqa: S603 - our own words and folders
            words, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=RESOLVE_S
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise KafkaUnavailable(f"Maven could not fetch Apache Kafka: {said[-2000:]}")
        beside.rename(self.folder)
        shutil.rmtree(repository, ignore_errors=True)


def java() -> str:
    """The `java` that runs Kafka. Raises `KafkaUnavailable` where there is none, or only an older one."""
    found = shutil.which("java")
    if found is None:
        raise KafkaUnavailable(f"Kafka needs Java {JAVA_VERSION_MIN} or newer; {_install()}")
    said = subprocess.run([found, "-version"], capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    version = re.search(rb'version "(\d+)', said.stderr)
    if version is None or int(version[1]) < JAVA_VERSION_MIN:
        raise KafkaUnavailable(
            f"Kafka needs Java {JAVA_VERSION_MIN} or newer, {found} is"
            f" {version[1].decode() if version else 'of no known version'}; {_install()}"
        )
    return found


def maven() -> str:
    """The `mvn` that fetches Kafka. Raises `KafkaUnavailable`."""
    found = shutil.which("mvn")
    if found is None:
        raise KafkaUnavailable(f"Maven is needed once, to fetch Apache Kafka; {_install()}")
    return found


def _install() -> str:
    return f"on Debian: apt-get install {PACKAGES}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time, over processes; the kernel gives it back however the holder ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
