"""`venue-sync sims`: the provider simulators, served on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from sync_core.errors import ConfigurationError
from sync_defs.commands import exits
from sync_defs.commands.opening import settings_now
from sync_defs.commands.output import say
from sync_defs.simulators import SQUARE_PORT, STRIPE_PORT, simulators
from sync_sims.server import HOST, serve

app = typer.Typer(no_args_is_help=True, help="Simulated providers, for development, tests and the demo.")


@app.command("serve")
def serve_command(
    *,
    stripe_port: Annotated[int, typer.Option(min=1, max=65535, help="Where Stripe answers.")] = STRIPE_PORT,
    square_port: Annotated[int, typer.Option(min=1, max=65535, help="Where Square answers.")] = SQUARE_PORT,
    state: Annotated[Path | None, typer.Option(help="Folder that keeps their state; <home>/sims unless given.")] = None,
) -> None:
    """Serve the simulators until Ctrl-C; their state survives a restart."""
    folder = state or settings_now().home / "sims"
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"stripe": stripe_port, "square": square_port}
    for name, port in ports.items():
        say(f"{name}: http://{HOST}:{port} (set {name.upper()}_API_BASE to it)")
    try:
        serve({name: (simulator, ports[name]) for name, simulator in simulators(folder).items()})
    except OSError as error:
        raise ConfigurationError(f"A simulator cannot listen ({error.strerror}): choose other ports.") from None
    raise typer.Exit(exits.INTERRUPTED)  # only a signal ends the serving
