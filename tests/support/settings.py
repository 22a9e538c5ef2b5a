"""The names under which settings stand in the environment."""

from runtime.settings import Settings

#: What is not ours to name.
_OF_OTHERS = {"otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}


def variable(field: str) -> str:
    """The environment's name of a field of `Settings`."""
    return _OF_OTHERS.get(field, f"BATON_{field.upper()}")


VARIABLES = frozenset(map(variable, vars(Settings())))
