"""`venue-sync venues`: generated, imported, listed; every rejected row counted and shown."""

from pathlib import Path

import pytest

from tests.sync_defs.conftest import Call

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def test_generated_venues_are_listed(on_database: Call) -> None:
    assert on_database("venues", "list").err.startswith("There is no venue yet")
    report = on_database("venues", "generate", "--json").json
    listed = on_database("venues", "list", "--json").json
    assert [venue["id"] for venue in listed] == sorted(report["venues"])
    assert {(venue["customers"], tuple(venue["providers"])) for venue in listed} == {(40, ())}
    assert "lantern-hall" in on_database("venues", "list").out


def test_generating_again_changes_nothing(on_database: Call) -> None:
    on_database("venues", "generate")
    again = on_database("venues", "generate", "--json").json
    assert {(table["inserted"], table["updated"]) for table in again["tables"]} == {(0, 0)}


def test_a_folder_that_is_none_is_refused(on_database: Call, tmp_path: Path) -> None:
    said = on_database("venues", "import", str(tmp_path / "nowhere"))
    assert said.code == 2
    assert "nowhere" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.skipif(not DATA.exists(), reason="the source files are not here")
def test_an_import_counts_every_rejection_and_says_where_to_see_the_rows(on_database: Call) -> None:
    report = on_database("venues", "import", str(DATA), "--venues", "2", "--json").json
    rejected = sum(sum(s["rejected"].values()) for s in report["sources"] if s["unit"] == "rows")
    assert rejected > 0
    shown = on_database("venues", "rejections", "--limit", "3")
    assert f"{rejected:,} rows were rejected in all; 3 are shown" in shown.err
    rows = on_database("venues", "rejections", "--limit", "7", "--json").json
    assert (len(rows), all(row["reason"] for row in rows)) == (7, True)
