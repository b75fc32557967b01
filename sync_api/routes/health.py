"""Whether this process lives, whether it can work, and how everything it depends on stands."""

from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel

from sync_api.context import Here
from sync_api.gate import GatedRoute

router = APIRouter(tags=["health"], route_class=GatedRoute)


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@router.get("/health/live")
async def live() -> Alive:
    """Whether the process answers at all; asks nobody else."""
    return Alive()


@router.get("/health/ready")
def ready(api: Here) -> Alive:
    """Whether requests can be served: the database answers. 503 when it does not."""
    with api.database.connect() as conn:
        conn.execute(sa.select(1))
    return Alive()
