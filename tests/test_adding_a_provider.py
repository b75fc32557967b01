"""A provider is added by the files that docs/how-to/add-a-provider.md shows, and by nothing else.

The files and the commands are taken from the page; the provider is a real server, and no file of the product changes.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import orjson
import pytest
import sqlalchemy as sa

import mappings
from assets.keys import VENUES
from sync_core.clock import SystemClock
from sync_core.errors import AuthorizationLost, DeclarationError
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.providers.protocol import Batch, Provider, Remote, Sought, Write
from sync_core.settings import read_settings
from sync_core.spec.load import load_provider, load_providers
from sync_core.store import connections
from sync_core.sync.accounts import client_of
from sync_core.sync.engine import Engine, open_engine_for
from sync_core.sync.report import EntityReport, Mode
from sync_defs.definitions import defs
from sync_defs.jobs import INCREMENTAL, range_tags
from tests.guest_list import TOKEN, GuestList, serving

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how-to" / "add-a-provider.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`(providers/[\w./]+)`\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
[COMMANDS] = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
VENUE = "lantern-hall"
ASSET = dg.AssetKey(["guestlist", "customers"])


@dataclass(frozen=True, slots=True)
class Outside:
    """The folder with the provider's files, its server's address, and what the server holds."""

    folder: Path
    base: str
    held: GuestList


@pytest.fixture
def outside(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """The page's files, written somewhere else, found by the environment alone."""
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    held = GuestList()
    with serving(held) as base:
        for variable, value in {
            "DATABASE_URL": database_url,
            "VENUE_SYNC_HOME": str(tmp_path / "home"),
            "VENUE_SYNC_DECLARATIONS": str(tmp_path / "providers"),
            "GUESTLIST_API_BASE": base,
            "GUESTLIST_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.syspath_prepend(tmp_path / "providers")
        yield Outside(tmp_path, base, held)
    for module in [name for name in sys.modules if name.partition(".")[0] == "guestlist"]:
        del sys.modules[module]


@pytest.fixture
def hall(database: sa.Engine) -> sa.Engine:
    """The database of a venue with two customers."""
    with database.begin() as conn:
        conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:v, :v, 'GBP')"), {"v": VENUE})
    add_customer(database, "c1", given_name="Ada", family_name="Byron", email="ada@example.com")
    add_customer(database, "c2", given_name="Alan", email="alan@example.com")
    return database


@pytest.fixture
def engine(outside: Outside, hall: sa.Engine) -> Engine:
    """The engine with the venue connected to the guest list."""
    settings = read_settings(os.environ)
    specs = load_providers(ROOT / "sync_defs" / "defs", *settings.declarations)
    made = open_engine_for(settings, hall, specs=specs, templates=mappings.FOLDER)
    assert made.connect(VENUE, "guestlist", {"token": TOKEN}, environment="production").name == "Front door"
    return made


def add_customer(database: sa.Engine, name: str, **values: Any) -> None:
    """A new customer of the venue's."""
    names = ", ".join(values)
    places = ", ".join(f":{value}" for value in values)
    with database.begin() as conn:
        conn.execute(
            sa.text(f"INSERT INTO venue.customers (venue_id, id, {names}) VALUES (:venue, :id, {places})"),
            {"venue": VENUE, "id": name, **values},
        )


def change(database: sa.Engine, statement: str) -> None:
    """A change at the venue, committed."""
    with database.begin() as conn:
        conn.execute(sa.text(statement))


def customers(database: sa.Engine) -> dict[str | None, tuple[str | None, str | None]]:
    """The venue's living customers: phone and family name by e-mail."""
    with database.connect() as conn:
        rows = conn.execute(
            sa.text("SELECT email, phone, family_name FROM venue.customers WHERE deleted_at IS NULL")
        ).all()
    return {email: (phone, family) for email, phone, family in rows}


def shell(outside: Outside, commands: str) -> subprocess.CompletedProcess[str]:
    """Commands as a person types them in the folder, with nothing of this process's but the rest of its environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name != "VENUE_SYNC_DECLARATIONS"}
    return subprocess.run(
        ["bash", "-ec", commands],
        cwd=outside.folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def sync(engine: Engine) -> EntityReport:
    """One sync that must go well."""
    with engine.database.connect() as conn:
        connection = connections.find(conn, VENUE, "guestlist")
    assert connection is not None
    report = engine.sync(connection, "customers", mode=Mode(), run_id="test")
    assert report.status == "succeeded", report.error
    return report


@contextmanager
def client(outside: Outside, engine: Engine, *, token: str = TOKEN) -> Iterator[Provider]:
    """The page's client on a session of its own."""
    spec = engine.spec("guestlist")
    policy = CallPolicy(provider=spec.title, connection="test", rate=spec.limits.production, concurrency=2, timeout=5)
    with open_session(policy, clock=SystemClock(), rng=Random(1), calls=CallLog(), correlation="test") as session:
        yield client_of(spec)(spec=spec, session=session, base=outside.base, secret={"token": token}, sandbox=False)


def test_the_page_shows_one_declaration_one_mapping_and_one_client() -> None:
    assert sorted(FILES) == [f"providers/guestlist/{name}" for name in ("client.py", "customers.yaml", "defs.yaml")]


def test_customers_travel_both_ways_and_then_rest(outside: Outside, engine: Engine) -> None:
    outside.held.write("walk-in", first_name="Grace", last_name="Hopper", contact={"email": "grace@example.com"})
    outside.held.write("known", first_name="Alan", contact={"email": "ALAN@example.com", "phone": "+44 20 7946 0001"})

    first = sync(engine)

    assert (first.counts.created, first.counts.failed) == (1, 0)  # Alan was there already: joined and marked
    assert {guest["first_name"]: guest.get("reference") for guest in outside.held.guests.values()} == {
        "Grace": None,
        "Alan": "c2",
        "Ada": "c1",
    }
    assert set(customers(engine.database)) >= {"ada@example.com", "grace@example.com"}

    ada = next(guest for guest in outside.held.guests.values() if guest["first_name"] == "Ada")
    outside.held.write(ada["id"], contact={**ada["contact"], "phone": "+44 20 7946 0002"})
    change(engine.database, "UPDATE venue.customers SET family_name = 'Lovelace', updated_at = now() WHERE id = 'c1'")

    sync(engine)

    assert customers(engine.database)["ada@example.com"] == ("+44 20 7946 0002", "Lovelace")
    assert (ada["last_name"], ada["contact"]["phone"]) == ("Lovelace", "+44 20 7946 0002")

    outside.held.write("walk-in", removed=True)
    change(engine.database, "UPDATE venue.customers SET deleted_at = now(), updated_at = now() WHERE id = 'c1'")

    sync(engine)

    assert (ada["removed"], "grace@example.com" in customers(engine.database)) == (True, False)
    resting = outside.held.revision
    assert sync(engine).counts.created == 0
    assert outside.held.revision == resting


def test_a_create_whose_answer_is_lost_makes_one_guest(outside: Outside, engine: Engine) -> None:
    sync(engine)
    add_customer(engine.database, "c3", given_name="Mary", email="mary@example.com")
    outside.held.lose_answer_to = "POST"

    sync(engine)

    assert sorted(guest["reference"] for guest in outside.held.guests.values()) == ["c1", "c2", "c3"]


def test_the_client_keeps_what_the_page_promises_of_the_five_methods(outside: Outside, engine: Engine) -> None:
    [write, rude] = [
        Write("create", name, name, {"reference": name, "first_name": first, "last_name": None})
        for name, first in (("c8", "Edith"), ("c9", None))
    ]
    with client(outside, engine) as door:
        written, refused = door.write("customers", Batch("b1", "create", [write, rude]))
        [again] = door.write("customers", Batch("b2", "create", [write]))
        assert written.remote is not None
        assert written.remote == again.remote
        assert (refused.remote, refused.refused_code) == (None, "http_422")
        sought = [Sought(name, {}, datetime.now(UTC)) for name in ("c8", "c9")]
        assert door.find("customers", sought) == {"c8": written.remote}
        missing = Remote("guest-77", {}, deleted=True)
        assert door.fetch("customers", ["guest-77", written.remote.id]) == [missing, written.remote]
        for name in ("x1", "x2", "x3"):
            outside.held.write(name, first_name=name)
        pages = list(door.read("customers", cursor=None))
        assert [(len(page.records), page.last) for page in pages] == [(2, False), (2, True)]
        assert [page.records[0].id for page in door.read("customers", cursor=pages[0].cursor)] == ["x2"]
        gone = Write("delete", "c8", "k1", {}, remote_id=written.remote.id)
        for _ in range(2):
            [outcome] = door.write("customers", Batch("b3", "delete", [gone]))
            assert outcome.remote is not None
            assert outcome.remote.deleted
    with client(outside, engine, token="gl_wrong") as stranger, pytest.raises(AuthorizationLost):
        stranger.account()


def test_dagster_materialises_its_asset_beside_those_of_the_product(outside: Outside, engine: Engine) -> None:
    definitions = defs()
    assert dg.AssetKey(["stripe", "customers"]) in definitions.resolve_asset_graph().executable_asset_keys
    description = next(spec for spec in definitions.resolve_all_asset_specs() if spec.key == ASSET).description or ""
    assert "There is no stock at the door." in description
    assert "guestlist_incremental" in {schedule.name for schedule in definitions.get_repository_def().schedule_defs}

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(VENUES, [VENUE])
        result = definitions.resolve_job_def(INCREMENTAL).execute_in_process(
            instance=instance, asset_selection=[ASSET], tags=range_tags(VENUE, VENUE)
        )

        [made] = result.asset_materializations_for_node("guestlist__customers")
        assert (made.partition, made.metadata["created"].value) == (VENUE, 2)
        assert instance.get_materialized_partitions(ASSET) == {VENUE}
    assert {guest["first_name"] for guest in outside.held.guests.values()} == {"Ada", "Alan"}


def test_the_commands_of_the_page_work_as_they_stand(outside: Outside, hall: sa.Engine) -> None:
    done = shell(outside, COMMANDS)

    assert done.returncode == 0, done.stderr
    assert re.search(r"guestlist\W+customers\W+both", done.stdout)
    assert "account door-1, Front door" in done.stderr
    assert {guest["first_name"] for guest in outside.held.guests.values()} == {"Ada", "Alan"}
    assert set(customers(hall)) == {"ada@example.com", "alan@example.com"}

    verified = shell(outside, f"{COMMANDS.splitlines()[0]}\nvenue-sync verify")
    assert (verified.returncode, "There is no judge for Guest list" in verified.stderr) == (0, True), verified.stderr


def test_check_says_what_cannot_be_had_and_what_is_wrong(outside: Outside) -> None:
    exports = COMMANDS.splitlines()[0]

    checked = shell(outside, f"{exports}\nvenue-sync check --json")
    [line] = [line for line in orjson.loads(checked.stdout) if line["provider"] == "guestlist"]
    assert line["cannot"]["inventory"] == "There is no stock at the door."

    nowhere = shell(outside, f"{exports}\nunset PYTHONPATH\nvenue-sync check")
    assert (nowhere.returncode, "names the client guestlist.client:connect" in nowhere.stderr) == (2, True)

    mapping = outside.folder / "providers" / "guestlist" / "customers.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("email:", "e_mail:"), encoding="utf-8")
    wrong = shell(outside, f"{exports}\nvenue-sync check")
    assert (wrong.returncode, f"{mapping}: fields.e_mail" in wrong.stderr) == (2, True), wrong.stderr


def test_a_folder_without_a_declaration_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "absent"):
        with pytest.raises(DeclarationError, match=rf"{folder}: file: no provider is declared below it"):
            load_providers(ROOT / "sync_defs" / "defs", folder)


def test_a_template_beside_the_declaration_goes_before_one_in_mappings(outside: Outside) -> None:
    file = outside.folder / "providers" / "guestlist" / "defs.yaml"
    assert load_provider(file).mapping_of("customers") == str(file.parent / "customers")
    (file.parent / "customers.yaml").rename(file.parent / "guests.yaml")
    assert load_provider(file).mapping_of("customers") == "guestlist/customers"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("      model: customers", "      model: customers\n      mapping: guests"), encoding="utf-8"
    )
    assert load_provider(file).mapping_of("customers") == str(file.parent / "guests")


def test_several_folders_are_separated_as_in_path(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    settings = read_settings({"VENUE_SYNC_DECLARATIONS": os.pathsep.join([*map(str, folders), ""])})
    assert settings.declarations == tuple(folders)
