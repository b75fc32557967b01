"""What every handler of this process shares, and how it gets at it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends
from starlette.requests import HTTPConnection

from sync_api.outside import Outside
from sync_api.tokens import Verifier
from sync_core.clock import Clock
from sync_core.settings import Settings
from sync_core.spec.provider import ProviderSpec
from sync_core.sync.engine import Engine


@dataclass(frozen=True, slots=True, repr=False)
class Api:
    """One process of the API. `engine` brings database, declarations, mappings, vault, settings and clock along."""

    engine: Engine
    verifier: Verifier
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes] = secrets.token_bytes
    outside: Outside = field(default_factory=Outside)

    @property
    def database(self) -> sa.Engine:
        """Where everything is kept."""
        return self.engine.database

    @property
    def specs(self) -> Mapping[str, ProviderSpec]:
        """The declared providers."""
        return self.engine.specs

    @property
    def settings(self) -> Settings:
        """How this installation is configured."""
        return self.engine.settings

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.engine.clock


def api_of(connection: HTTPConnection) -> Api:
    """The API that a request or WebSocket came to."""
    return connection.app.state.api


def request_id_of(connection: HTTPConnection) -> str:
    """The request's X-Request-Id, which the edge has accepted or made."""
    return connection.state.request_id


# Dependencies are coroutines although they wait for nothing: a plain function would cost a thread each time.
async def _here(connection: HTTPConnection) -> Api:
    return api_of(connection)


async def _request_id(connection: HTTPConnection) -> str:
    return request_id_of(connection)


Here = Annotated[Api, Depends(_here)]
RequestId = Annotated[str, Depends(_request_id)]
