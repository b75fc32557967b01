"""The command line's manners: exit codes that mean something, errors in one line, no secret and no trace in sight."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sync_defs import cli
from sync_defs.ports import free_port
from tests.sync_defs.conftest import Call

WORDS = ("connect", "demo", "sync", "status", "verify", "up", "venues", "db", "sims", "letters", "check")


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.startswith("venue-sync: ")
    return text


def test_help_names_every_command_and_the_exit_codes() -> None:
    said = CliRunner().invoke(cli.app, ["--help"])
    assert said.exit_code == 0
    text = " ".join(said.output.split())
    assert [word for word in WORDS if word not in text] == []
    assert "Exit codes: 0 fine; 1 some record" in text
    assert "130 interrupted" in text


@pytest.mark.parametrize("command", ["db", "venues", "sync", "connect", "letters", "verify", "up", "demo", "sims"])
def test_every_command_has_help(command: str) -> None:
    assert CliRunner().invoke(cli.app, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("sync", "--nonsense"), ("connect", "only-a-venue"), ("up", "--port", "none")]
)
def test_wrong_usage_is_one_line_and_exit_code_2(call: Call, arguments: tuple[str, ...]) -> None:
    said = call(*arguments)
    assert said.code == 2
    one_line(said.err)


def test_a_wrong_setting_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENUE_SYNC_WORKERS", "many")
    said = call("status")
    assert said.code == 2
    assert "VENUE_SYNC_WORKERS" in one_line(said.err)


def test_a_database_that_is_down_is_exit_code_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port(54321)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://somebody:hunter2@127.0.0.1:{port}/venues")
    said = call("status")
    assert said.code == 3
    assert "does not answer" in one_line(said.err)
    assert "hunter2" not in said.err


def test_a_database_of_another_kind_is_exit_code_2(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@127.0.0.1/venues")
    said = call("status")
    assert said.code == 2
    assert "only PostgreSQL" in one_line(said.err)
    assert "hunter2" not in said.err


def test_an_unexpected_error_is_one_line_that_names_the_log(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.report_error(KeyError("sk_live_51Habcdefgh"), trace=None)
    said = capsys.readouterr().err
    log = tmp_path / "home" / "logs" / "venue-sync.log"
    assert code == 1
    assert "unexpected KeyError" in one_line(said)
    assert str(log) in said
    assert "sk_live_51H" not in said + log.read_text()
    assert "KeyError" in log.read_text()


def test_debug_shows_the_stack_trace(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENUE_SYNC_STAGE", "holiday")
    said = call("--debug", "status")
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("venue-sync: VENUE_SYNC_STAGE")
    assert "Traceback" not in call("status").err


def in_a_process(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VENUE_SYNC", "DATABASE", "DAGSTER"))
    }
    return subprocess.run(
        [sys.executable, "-m", "sync_defs", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**kept, "VENUE_SYNC_HOME": str(home), **environment},
    )


def test_a_process_speaks_and_leaves_as_documented(tmp_path: Path, empty_database_url: str) -> None:
    said = in_a_process("status", home=tmp_path, DATABASE_URL=empty_database_url)
    assert (said.returncode, said.stdout) == (2, "")
    assert "run 'venue-sync db upgrade'" in one_line(said.stderr)
    assert "\x1b" not in said.stderr
    upgraded = in_a_process("db", "upgrade", home=tmp_path, DATABASE_URL=empty_database_url)
    assert (upgraded.returncode, upgraded.stdout) == (0, "")
    assert in_a_process("status", "--json", home=tmp_path, DATABASE_URL=empty_database_url).stdout == "[]\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_says_so_and_leaves_with_130(tmp_path: Path, number: signal.Signals) -> None:
    """Both signals leave by the same door, even where the shell has SIGINT ignored, as for background jobs."""
    environment = {**os.environ, "VENUE_SYNC_HOME": str(tmp_path)}
    environment.pop("DATABASE_URL", None)
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap \'\' INT; exec "$0" -c "$1"', sys.executable, WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "venue-sync: interrupted.\n")


WAITING = """
import sys, time
from sync_defs import cli
@cli.app.command("wait")
def wait():
    print("waiting", flush=True)
    time.sleep(60)
sys.argv = ["venue-sync", "wait"]
cli.main()
"""
