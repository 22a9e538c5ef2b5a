"""Environment variables that look like settings of Baton and are none: who sets one means something by it."""

from collections.abc import Iterator, Mapping

from runtime.settings import Settings

PREFIX = "BATON_"
#: Not ours to judge: those of the tests, and those that `docker-compose.yml` reads itself.
OTHERS = ("BATON_TEST_", "BATON_IMAGE", "BATON_PUBLISH")
#: How alike a name must be to be meant.
ALIKE = 0.75


class _Asked(Mapping[str, str]):
    """An environment without anything in it that remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.names.append(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def known() -> list[str]:
    """The names of all settings: those that `Settings.read` asks for."""
    asked = _Asked()
    Settings.read(asked)
    return asked.names


def misspelt(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Names that are no setting's, each with a sentence that says so."""
    names = known()
    found = [name for name in environment if name.startswith(PREFIX) and not name.startswith(OTHERS)]
    return {name: _sentence(name, names) for name in sorted(found) if name not in names}


def _sentence(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1, cutoff=ALIKE)
    return f"{name} is no setting and is ignored" + (f": is {near[0]} meant?" if near else "")
