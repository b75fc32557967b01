"""What the API's own document allows and forbids is sent to it: nothing breaks it, and it answers as documented.

A short, seeded run as an administrator against simulated providers; `make fuzz` makes a long one of all phases.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa

from sync_defs.simulators import simulators
from tests.sync_api.desk import OWN, Desk, desk_on
from tests.world import world

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth"
)
PROVIDERS = ["stripe", "square", "quickbooks", "nobody"]


@pytest.fixture
def simulated(database: sa.Engine, tmp_path: Path) -> Iterator[Desk]:
    """The API with a venue that is connected with two simulated providers."""
    with world(database, tmp_path, lambda: simulators(tmp_path)) as there:
        there.venue(OWN, providers=("stripe", "square"))
        settings = replace(there.settings, api_per_minute=1_000_000)
        with desk_on(replace(there.engine, settings=settings)) as desk:
            yield desk


def things(desk: Desk) -> dict[str, list[Any]]:
    """What there is to ask about, by the name that the document has for it."""
    connection = desk.sql("SELECT id FROM sync.connections WHERE provider = 'stripe'")[0][0]
    letters = [
        desk.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, reason) "
            "VALUES (:id, 'customers', :direction, 'c1', 'bad', 'It is bad.') RETURNING id",
            id=connection,
            direction=direction,
        )[0][0]
        for direction in ("push", "pull")
    ]
    item = desk.sql(
        "INSERT INTO sync.work (connection_id, entity, mode, priority, requested_by, status) "
        "VALUES (:id, 'customers', 'full', 'high', 'user:bo', 'dead') RETURNING id",
        id=connection,
    )[0][0]
    body = {"venueId": OWN, "name": "Fuzz", "scopes": ["syncs:read"]}
    key = desk.data("POST", "/api-keys", token=desk.token("admin"), body=body)["id"]
    return {
        "venueId": [OWN, "nowhere"],
        "provider": PROVIDERS,
        "integrationType": PROVIDERS,
        "letter_id": [*letters, 999_999],
        "item_id": [item, 999_999],
        "queueItemId": [item, 999_999],
        "key_id": [key, "0123456789ab"],
        "seconds": [0],
    }


def narrowed(node: Any, known: Mapping[str, list[Any]]) -> Any:
    """The document with the names of things that there are, so that requests reach behind the first check."""
    if isinstance(node, list):
        return [narrowed(each, known) for each in node]
    if not isinstance(node, dict):
        return node
    made = {name: narrowed(each, known) for name, each in node.items()}
    if made.get("in") in ("path", "query") and made.get("name") in known:
        made["schema"] = {"enum": known[made["name"]]}
    if isinstance(made.get("properties"), dict) and made.get("additionalProperties") is False:  # a request's body
        made["properties"] |= {name: {"enum": values} for name, values in known.items() if name in made["properties"]}
    return made


def fuzz(desk: Desk, folder: Path, *options: str, timeout: float) -> subprocess.CompletedProcess[str]:
    """A run of schemathesis as an administrator, who may do everything."""
    document = requests.get(f"{desk.address}/openapi.json", timeout=30).json()
    (folder / "openapi.json").write_bytes(orjson.dumps(narrowed(document, things(desk))))
    (folder / "schemathesis.toml").write_text("", encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "openapi.json"]
    command += ["--url", desk.address, "-H", f"Authorization: Bearer {desk.token('admin')}"]
    command += ["--checks", CHECKS, "--no-color", "--warnings", "off", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


def test_the_document_s_requests_break_nothing(simulated: Desk, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    examples: int | None = pytestconfig.getoption("--fuzz-examples")
    options = ["-n", str(examples or 1), "--phases", "coverage,fuzzing" if examples else "fuzzing"]
    options += [] if examples else ["--seed", "20261120", "--no-shrink"]

    run = fuzz(simulated, tmp_path, *options, timeout=100 + 60 * (examples or 0))

    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-2000:]
