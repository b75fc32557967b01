"""The supervisor leaves nobody behind, says who died and of what, and cleans up even after it was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from sync_core.clock import SystemClock
from sync_core.errors import TransientError
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_defs.processes import MARK
from sync_defs.supervisor import Service, Supervisor

# A child with a grandchild in a session of its own, as Dagster's daemon has run workers. Their ids are there all at
# once: whoever sees the file can read both.
FAMILY = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
(folder / "pids.new").write_text(f"{os.getpid()} {grandchild.pid}")
(folder / "pids.new").rename(folder / "pids")
print("ready", flush=True)
time.sleep(600)
"""

PARENT = """
import os, pathlib, signal, sys, time
from sync_core.clock import SystemClock
from sync_defs.supervisor import Service, Supervisor
folder = pathlib.Path(sys.argv[1])
def leave(*_): raise KeyboardInterrupt
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)  # which whoever was started in the background ignores
home = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
with Supervisor(logs=folder, environment=os.environ, clock=SystemClock(), grace=2, postgres_home=home) as supervisor:
    family = [sys.executable, "-c", sys.argv[2], str(folder), "gentle"]
    supervisor.start([Service(name="family", command=family, healthy=(folder / "pids").exists)])
    print("up", flush=True)
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(folder: Path, manner: str = "gentle") -> Service:
    command = [sys.executable, "-c", FAMILY, str(folder), manner]
    return Service(name="family", command=command, healthy=(folder / "pids").exists)


def pids_of(folder: Path) -> list[int]:
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def supervisor_in(folder: Path, *, grace: float = 2.0) -> Supervisor:
    return Supervisor(logs=folder, environment=os.environ, clock=SystemClock(), grace=grace)


def wait_until_gone(pids: list[int], *, seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_stopping_ends_children_and_grandchildren(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start([family(tmp_path)])
        pids = pids_of(tmp_path)
        assert [alive(pid) for pid in pids] == [True, True]
    assert [alive(pid) for pid in pids] == [False, False]


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(tmp_path: Path) -> None:
    with supervisor_in(tmp_path, grace=0.3) as supervisor:
        supervisor.start([family(tmp_path, "stubborn")])
        pids = pids_of(tmp_path)
    assert [alive(pid) for pid in pids] == [False, False]


def test_processes_without_the_mark_are_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with supervisor_in(tmp_path) as supervisor:
            supervisor.start([family(tmp_path)])
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_dead_child_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    broken = [sys.executable, "-c", "import sys; print('no such table', flush=True); sys.exit(7)"]
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start([family(tmp_path)])  # first, or the webserver may be dead before the family has noted its ids
        with pytest.raises(TransientError) as raised:
            supervisor.start([Service(name="webserver", command=broken, healthy=lambda: False)])
    assert "webserver ended with code 7" in str(raised.value)
    assert "no such table" in str(raised.value)
    assert [alive(pid) for pid in pids_of(tmp_path)] == [False, False]


def test_a_child_that_is_killed_later_is_noticed(tmp_path: Path) -> None:
    with supervisor_in(tmp_path) as supervisor:
        supervisor.start([family(tmp_path)])
        supervisor.check()
        os.kill(supervisor.pids["family"], signal.SIGKILL)
        wait_until_gone([supervisor.pids["family"]], seconds=5)
        with pytest.raises(TransientError, match="family was ended by SIGKILL"):
            supervisor.check()


def test_a_child_that_never_gets_healthy_is_given_up(tmp_path: Path) -> None:
    sleeper = Service(
        name="sims", command=[sys.executable, "-c", "import time; time.sleep(600)"], healthy=lambda: False, timeout=0.3
    )
    with supervisor_in(tmp_path) as supervisor, pytest.raises(TransientError, match="sims was not ready within"):
        supervisor.start([sleeper])


def test_children_carry_the_mark_and_their_own_environment(tmp_path: Path) -> None:
    show = [
        sys.executable,
        "-c",
        f"import os, time; print(os.environ['{MARK}'], os.environ['COLOUR'], flush=True); time.sleep(600)",
    ]
    with supervisor_in(tmp_path) as supervisor:
        log = supervisor.log_of("show")
        ready = lambda: log.exists() and log.read_text().endswith("\n")  # noqa: E731
        supervisor.start([Service(name="show", command=show, healthy=ready, environment={"COLOUR": "green"})])
        mark, colour = log.read_text().split()
    assert (len(mark), colour) == (32, "green")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nobody_outlives_a_supervisor_that_is_signalled(tmp_path: Path, number: signal.Signals) -> None:
    """Even kill -9: the guard notices that the pipe to its supervisor broke."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    everyone = [parent.pid, *(child.pid for child in psutil.Process(parent.pid).children(recursive=True))]
    assert len(everyone) == 4, "parent, guard, child, grandchild"
    os.kill(parent.pid, number)
    parent.wait(20)
    left = wait_until_gone(everyone, seconds=20)
    parent.stdout.close()
    assert left == []


def test_a_killed_supervisor_leaves_no_postgres(tmp_path: Path) -> None:
    """The guard holds the embedded server too, and as its last user stops it."""
    home = tmp_path / "home"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), FAMILY, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "up\n"
    server = EmbeddedPostgres(home)
    engine = open_engine(server.url)
    with engine.connect() as connection:
        backend = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        postmaster = psutil.Process(backend).ppid()
    engine.dispose()
    assert alive(postmaster)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(20)
    parent.stdout.close()
    assert wait_until_gone([postmaster], seconds=20) == []
    server.remove()
