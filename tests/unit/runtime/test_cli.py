"""What `baton` answers where nothing can be done: one line that says what to change, and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from runtime import cli

TOKEN = ("token", "--employee", "emma")


@pytest.mark.parametrize("command", [TOKEN, ("status",), ("up",)])
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_home_that_is_no_folder_is_told_with_the_settings_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    below: str,
) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / below
    monkeypatch.setenv("BATON_HOME", str(home))

    assert cli.main(command) == cli.UNUSABLE

    told = capsys.readouterr().err
    assert told.startswith(f"baton: BATON_HOME='{home}' cannot be used: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "1e9"])
def test_a_token_is_valid_for_some_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    monkeypatch.setenv("BATON_HOME", str(tmp_path))

    assert cli.main((*TOKEN, f"--days={days}")) == cli.UNUSABLE

    answer = capsys.readouterr()
    assert answer.out == ""
    assert "expected more than 0" in answer.err


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf"])
def test_the_audit_waits_for_no_negative_and_no_endless_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: str
) -> None:
    monkeypatch.setenv("BATON_HOME", str(tmp_path))

    assert cli.main(("audit", "handoffs", f"--wait={seconds}")) == cli.UNUSABLE

    assert "expected seconds, 0 or more" in capsys.readouterr().err


def test_who_interrupts_at_once_is_answered_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "import_module", interrupted)

    assert cli.main(("status",)) == cli.INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_the_command_itself_is_imported_in_no_time() -> None:
    """Until then, an interruption is Python's to report."""
    script = "import sys; import runtime.cli; print(*(name for name in sys.modules if name.startswith('runtime')))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == ["runtime", "runtime.cli"]


def test_a_setting_that_does_not_exist_is_told_with_the_one_that_may_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BATON_HOME", str(tmp_path))
    monkeypatch.setenv("BATON_KAFKA_BOOTSTRAPP", "kafka:9092")
    monkeypatch.setenv("BATON_PASTRY", "secret")
    monkeypatch.setenv("BATON_TEST_PASTRY", "of a test")

    assert cli.main(TOKEN) == 0

    assert capsys.readouterr().err == (
        "baton: BATON_KAFKA_BOOTSTRAPP is no setting and is ignored: is BATON_KAFKA_BOOTSTRAP meant?\n"
        "baton: BATON_PASTRY is no setting and is ignored\n"
    )
