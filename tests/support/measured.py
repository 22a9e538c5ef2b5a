"""What Baton measures, by importing everything that could define a measure."""

import importlib
import pkgutil
from collections.abc import Iterator

from prometheus_client import REGISTRY, Metric


def measures() -> Iterator[Metric]:
    """Every metric that some process of Baton shows; a counter's name is without its `_total`."""
    for package in ("eventlog", "gateway", "runtime", "services"):
        _import_all(package)
    yield from REGISTRY.collect()


def _import_all(package: str) -> None:
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, f"{package}."):
        importlib.import_module(module.name)
