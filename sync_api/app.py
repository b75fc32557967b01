"""The application: every route, the gate before them and the edge around them, on one engine."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from sync_api import answers
from sync_api.context import Api
from sync_api.edge import Edge
from sync_api.routes import health
from sync_api.tokens import Verifier
from sync_core.sync.engine import Engine, random_key

ROUTERS: tuple[APIRouter, ...] = (health.router,)


def create_app(engine: Engine, *, verifier: Verifier, new_id: Callable[[], str] = random_key) -> FastAPI:
    """The API on `engine`; migrates nothing and starts nothing.

    Args:
        engine: the sync engine with its database, declarations, mappings, vault, settings and clock.
        verifier: checks callers' tokens.
        new_id: makes request ids.
    """
    app = FastAPI(title="venue-sync", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.api = Api(engine=engine, verifier=verifier, new_id=new_id)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # flat, so that `app.routes` lists every one of them
    answers.install(app)
    app.add_middleware(Edge, clock=engine.clock, new_id=new_id)
    return app
