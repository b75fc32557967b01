"""`venue-sync mapping`: shown, tried on the venue's rows, set, taken back, with every version and who made it."""

from pathlib import Path

import orjson
import sqlalchemy as sa

from sync_core.store import audit
from tests.sync_defs.conftest import Call

HALL = ("lantern-hall", "stripe", "customers")


def test_a_venue_s_own_mapping_is_tried_set_restored_and_taken_back(
    at_work: Call, database: sa.Engine, tmp_path: Path
) -> None:
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    with database.begin() as conn:
        statement = (
            "INSERT INTO venue.customers (venue_id, id, email, company) VALUES ('lantern-hall', 'a-1', :e, 'Firm')"
        )
        conn.execute(sa.text(statement), {"e": "a1@x.example"})
    shown = at_work("mapping", "show", *HALL)
    own = tmp_path / "own.yaml"
    own.write_text(shown.out.replace("metadata.company", "metadata.firm"))

    tried = at_work("mapping", "preview", *HALL, str(own), "--rows", "200")
    assert any("a-1" in line and "metadata.firm" in line and "Firm" in line for line in tried.out.splitlines())
    sample = tmp_path / "sample.json"
    sample.write_bytes(orjson.dumps([{"id": "x", "company": "Inc", "email": "x@x.example"}, {"email": "none"}]))
    sampled = at_work("mapping", "preview", *HALL, str(own), "--sample", str(sample))
    assert sampled.json[0]["metadata"] == {"venue_sync_id": "x", "firm": "Inc"}
    assert sampled.json[1] is None
    assert "row 1: " in sampled.err

    assert "Version 1 counts" in at_work("mapping", "set", *HALL, str(own)).err
    assert "Version 2 counts" in at_work("mapping", "reset", *HALL).err
    assert "Version 3 counts" in at_work("mapping", "set", *HALL, "--version", "1").err
    kept = at_work("mapping", "history", *HALL, "--json").json
    assert [(one["version"], one["active"]) for one in kept] == [(3, True), (2, False), (1, False)]
    with database.connect() as conn:
        noted = audit.lines(conn, venues=["lantern-hall"])
    assert [(line.action, line.subject.split()[-1]) for line in noted] == [
        ("set_mapping", "3"),
        ("reset_mapping", "2"),
        ("set_mapping", "1"),
    ]


def test_a_wrong_template_is_refused_with_file_path_and_reason(at_work: Call, tmp_path: Path) -> None:
    at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("model: customers\nfields:\n  email: {remote: email}\n")

    said = at_work("mapping", "set", *HALL, str(wrong))

    assert said.code == 2
    assert said.err.startswith("venue-sync: lantern-hall/stripe/customers: fields: ")
    assert at_work("mapping", "set", *HALL).code == 2
