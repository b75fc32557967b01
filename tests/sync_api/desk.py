"""A desk at the API: callers of every role, and a way to ask."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
import sqlalchemy as sa
from fastapi import FastAPI

from sync_api.app import create_app
from sync_api.serving import serving
from sync_api.signing import open_verifier, sign
from sync_api.tokens import Role
from sync_core.sync.engine import Engine

V1 = "/api/v1/integrations"
AT_THE_ROOT = ("/health/live", "/health/ready", "/health/deep", "/metrics", "/openapi.json")
OWN, OTHER = "blue-note", "red-room"


@dataclass(frozen=True, slots=True)
class Desk:
    """The API at `address`."""

    address: str
    engine: Engine
    app: FastAPI

    def token(self, role: Role = "venue_admin", *venues: str, subject: str = "ana", lasting: float = 3600) -> str:
        """A token of somebody with this role for these venues, or for blue-note."""
        return sign(
            self.engine.settings,
            subject=subject,
            role=role,
            venues=venues or (OWN,),
            now=self.engine.clock.now(),
            lasting=timedelta(seconds=lasting),
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> requests.Response:
        """Ask as the holder of `token`, as blue-note's venue_admin unless given."""
        given = {"Authorization": f"Bearer {self.token() if token is None else token}"} | dict(headers or {})
        url = f"{self.address}{path if path in AT_THE_ROOT else V1 + path}"
        return requests.request(method, url, json=body, params=query, headers=given, timeout=30, allow_redirects=False)

    def data(self, method: str, path: str, **rest: Any) -> Any:
        """The data of a good answer."""
        answer = self.ask(method, path, **rest)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def refusal(self, method: str, path: str, **rest: Any) -> tuple[int, str]:
        """Status and code of an answer that is none."""
        answer = self.ask(method, path, **rest)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """A statement in the database, committed; its rows."""
        with self.engine.database.begin() as conn:
            result = conn.execute(sa.text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def sim(self, provider: str, method: str, path: str, **body: Any) -> Any:
        """A call to a simulator's control endpoint."""
        base = self.engine.settings.bases[f"{provider.upper()}_API_BASE"]
        answer = requests.request(method, f"{base}/_sim/{path}", json=body or None, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def connect(self, venue: str = OWN, provider: str = "stripe", *, status: str = "connected") -> int:
        """A connection as if it had been made; its credential opens nothing."""
        statement = (
            "INSERT INTO sync.connections (venue_id, provider, environment, status, account_id, connected_at) "
            "VALUES (:venue, :provider, 'sandbox', :status, 'acct_1', now()) RETURNING id"
        )
        return self.sql(statement, venue=venue, provider=provider, status=status)[0][0]


@contextmanager
def desk_on(engine: Engine) -> Iterator[Desk]:
    """The API served on `engine`, with two venues."""
    with engine.database.begin() as conn:
        for venue in (OWN, OTHER):
            conn.execute(
                sa.text(
                    "INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD') ON CONFLICT DO NOTHING"
                ),
                {"id": venue},
            )
    app = create_app(engine, verifier=open_verifier(engine.settings, engine.clock))
    with serving(app) as address:
        yield Desk(address, engine, app)
