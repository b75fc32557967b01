"""The whole product running on this machine: database, simulators if wanted, Dagster, the HTTP API.

What stays true: whoever leaves `running_stack`, by whatever way, leaves no process behind.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests

from sync_core.clock import Clock
from sync_core.errors import ConfigurationError
from sync_core.settings import API_URL, Settings
from sync_core.store.database import dagster_url
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade
from sync_defs.commands.opening import database_address, reachable_database
from sync_defs.dagster_api import DagsterApi
from sync_defs.ports import HOST, free_port
from sync_defs.simulators import BASE_VARIABLES, PORTS
from sync_defs.supervisor import Service, Supervisor

WEBSERVER = "dagster-webserver"
DAEMON = "dagster-daemon"
API = "api"
SIMULATORS = "simulators"
ROOT = Path(__file__).parents[1]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; a port that is taken is replaced by the next free one above it."""

    webserver: int = 3000
    api: int = 3007
    simulators: Mapping[str, int] = field(default_factory=lambda: PORTS)


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs: `settings` have the database's and the simulators' addresses filled in.

    `api` is None where it must not run: in production without the keys of its callers' tokens.
    `embedded` is the database's server where it is ours to keep running, None where it is somebody else's.
    """

    settings: Settings
    database_url: str = field(repr=False)
    dagster: DagsterApi
    api: str | None
    simulators: Mapping[str, str]
    supervisor: Supervisor
    embedded: EmbeddedPostgres | None

    @property
    def addresses(self) -> dict[str, str]:
        """What a person may open or point something at."""
        own = {"Dagster": self.dagster.address} | ({} if self.api is None else {"HTTP API": self.api})
        return own | {f"simulated {name}": address for name, address in self.simulators.items()}


@contextmanager
def running_stack(
    settings: Settings, *, ports: Ports, simulators_state: Path | None, clock: Clock, tell: Tell
) -> Iterator[Stack]:
    """Start everything, wait until it is healthy, and stop it all at the end.

    Args:
        settings: whose home, database and provider addresses are used.
        ports: where to listen if nobody else does.
        simulators_state: where simulators keep their state; None starts none and leaves the providers' addresses.
        clock: for waiting.
        tell: told in a sentence what differs from what was asked for.

    Raises:
        ConfigurationError: the database or Dagster cannot be set up as configured.
        TransientError: something did not start, with the last lines of its log.
    """
    with database_address(settings) as url:
        with reachable_database(url) as database:
            upgrade(database)
        embedded = settings.home if settings.database_url is None else None
        supervisor = Supervisor(
            logs=settings.home / "logs", environment=os.environ, clock=clock, grace=8.0, postgres_home=embedded
        )
        with supervisor:
            simulators = _start_simulators(supervisor, ports, simulators_state, tell) if simulators_state else {}
            bases = {BASE_VARIABLES[name]: address for name, address in simulators.items()}
            filled = replace(settings, database_url=url, bases={**settings.bases, **bases})
            environment = _environment(filled)
            dagster, services = _dagster(filled, environment, port=_port(WEBSERVER, ports.webserver, tell))
            api = None
            if filled.stage == "production" and filled.jwt_keys is None:
                tell("The HTTP API is not started: in production it needs VENUE_SYNC_JWT_KEYS.")
            else:
                api, service = _api(filled, environment, port=_port("the HTTP API", ports.api, tell))
                services.append(service)
            supervisor.start(services)
            server = None if embedded is None else EmbeddedPostgres(embedded)
            yield Stack(filled, url, dagster, api, simulators, supervisor, server)


def _port(name: str, wanted: int, tell: Tell, *, taken: frozenset[int] = frozenset()) -> int:
    found = free_port(wanted, taken=taken)
    if found != wanted:
        tell(f"Port {wanted} is taken: {name} listens on {found}.")
    return found


def _start_simulators(supervisor: Supervisor, ports: Ports, state: Path, tell: Tell) -> dict[str, str]:
    found: dict[str, int] = {}
    for name, wanted in ports.simulators.items():
        found[name] = _port(f"the simulated {name}", wanted, tell, taken=frozenset(found.values()))
    addresses = {name: f"http://{HOST}:{port}" for name, port in found.items()}
    listen = [f"--port={name}={port}" for name, port in found.items()]
    command = [sys.executable, "-m", "sync_defs", "sims", "serve", *listen, "--state", str(state)]
    supervisor.start([Service(SIMULATORS, command, healthy=lambda: all(map(_serves, addresses.values())))])
    return addresses


def _serves(address: str) -> bool:
    return _answers(f"{address}/_sim/calls")


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _dagster(settings: Settings, environment: Mapping[str, str], *, port: int) -> tuple[DagsterApi, list[Service]]:
    _configure(settings.dagster_home)
    scripts = Path(sysconfig.get_path("scripts"))
    workspace = ["-w", str(_installed("workspace.yaml"))]
    api = DagsterApi(f"http://{HOST}:{port}")
    webserver = Service(
        WEBSERVER,
        [str(scripts / WEBSERVER), *workspace, "-h", HOST, "-p", str(port)],
        healthy=lambda: api.answers() and api.definitions_loaded(),
        environment=environment,
    )
    daemon = Service(
        DAEMON,
        [str(scripts / DAEMON), "run", *workspace],
        healthy=lambda: api.answers() and api.daemons_ready(),
        environment=environment,
    )
    return api, [webserver, daemon]


def _api(settings: Settings, environment: Mapping[str, str], *, port: int) -> tuple[str, Service]:
    address = f"http://{HOST}:{port}"
    # Providers send people back to where it listens, unless somebody has said where the world reaches it.
    here = {"VENUE_SYNC_API_URL": address} if settings.api_url == API_URL else {}
    command = [sys.executable, "-m", "sync_defs", "api", "--host", HOST, "--port", str(port)]
    ready = f"{address}/health/ready"
    return address, Service(API, command, healthy=lambda: _answers(ready), environment={**environment, **here})


def _environment(settings: Settings) -> dict[str, str]:
    url = settings.database_url or ""
    return {
        "DATABASE_URL": url,
        "DAGSTER_DATABASE_URL": dagster_url(url),
        "DAGSTER_HOME": str(settings.dagster_home),
        "VENUE_SYNC_HOME": str(settings.home),
        "VENUE_SYNC_STAGE": settings.stage,
        "PYTHONUNBUFFERED": "1",  # a log is read while it is written
        **settings.bases,
    }


def _configure(home: Path) -> None:
    """Dagster reads its configuration in its home; ours is the repository's, renewed at each start."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_installed("dagster.yaml"), home / "dagster.yaml")


def _installed(name: str) -> Path:
    file = ROOT / name
    if not file.exists():
        raise ConfigurationError(
            f"{file} is missing: run venue-sync from a checkout that was set up with 'make install'."
        )
    return file
