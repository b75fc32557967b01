"""Serving the API: uvicorn with what this API relies on, graceful on SIGTERM, and in a thread for whoever tests it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from sync_core.errors import ConfigurationError

PORT: Final = 3007
DRAIN_SECONDS: Final = 25
"""For requests that are under way when the process is told to stop; orchestrators kill after 30."""


def config_for(app: FastAPI, *, host: str, port: int) -> uvicorn.Config:
    """How the API is served.

    uvicorn's own access log is off: it writes addresses with their queries, and an OAuth callback's holds a code.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ws="websockets-sansio",
    )


class ApiServer(uvicorn.Server):
    """uvicorn, which lets those go who only watch before it waits for the requests that are under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end the streams, and wait for the rest."""
        application = self.config.app
        if isinstance(application, FastAPI):
            application.state.pulse.stop()
        await super().shutdown(sockets)


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve `app` until SIGINT or SIGTERM. Raises ConfigurationError when nobody can listen there."""
    listener = _listen(host, port)
    try:
        ApiServer(config_for(app, host=host, port=port)).run(sockets=[listener])
    finally:
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"The API cannot listen on {host}:{port} ({reason}): choose another --port.") from None
    return listener


@contextmanager
def serving(app: FastAPI, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve `app` in a thread on a free port; its address, "http://127.0.0.1:PORT"."""
    listener = _listen(host, 0)
    server = ApiServer(config_for(app, host=host, port=0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api")
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                raise RuntimeError("The API ended before it listened; see its traceback.")
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
