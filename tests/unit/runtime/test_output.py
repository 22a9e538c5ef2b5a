"""What commands show beside their answer."""

import pytest

from runtime.commands.output import dots


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, "..\n"), (False, "")])
def test_work_that_goes_on_shows_dots_on_a_terminal_alone(
    is_terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    with dots() as dot:
        dot()
        dot()
    assert capsys.readouterr() == ("", shown)


def test_without_work_there_is_no_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with dots():
        pass
    assert capsys.readouterr().err == ""
