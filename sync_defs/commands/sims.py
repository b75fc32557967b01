"""`venue-sync sims`: the provider simulators, served on this machine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from sync_core.errors import ConfigurationError
from sync_defs.commands import exits
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import settings_now
from sync_defs.commands.output import say
from sync_defs.simulators import BASE_VARIABLES, PORTS, simulators
from sync_sims.server import HOST, serve

LARGEST_PORT = 65535

app = typer.Typer(no_args_is_help=True, help="Simulated providers, for development, tests and the demo.")


@app.command("serve")
def serve_command(
    *,
    port: Annotated[
        list[str] | None, typer.Option("--port", help="PROVIDER=PORT: where a provider answers; several times.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps their state; <home>/sims unless given.")] = None,
) -> None:
    """Serve the simulators until Ctrl-C; their state survives a restart."""
    ports = chosen_ports(port or ())
    folder = state or settings_now().home / "sims"
    folder.mkdir(parents=True, exist_ok=True)
    for name, number in ports.items():
        say(f"{name}: http://{HOST}:{number} (set {BASE_VARIABLES[name]} to it)")
    try:
        serve({name: (simulator, ports[name]) for name, simulator in simulators(folder).items()})
    except OSError as error:
        raise ConfigurationError(f"A simulator cannot listen ({error.strerror}): choose other ports.") from None
    raise typer.Exit(exits.INTERRUPTED)  # only a signal ends the serving


def chosen_ports(given: Sequence[str]) -> Mapping[str, int]:
    """Every simulator's port: as `given`, each as PROVIDER=PORT, else the usual one.

    Raises ConfigurationError when one of them names no simulator or no port.
    """
    ports = dict(PORTS)
    for text in given:
        name, _, number = text.partition("=")
        require_known("simulator", name, PORTS)
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= LARGEST_PORT:
            raise ConfigurationError(f"--port {text} names no port: write {name}={PORTS[name]}, for example.")
        ports[name] = int(number)
    return ports
