"""Dead letters from the command line: shown with who acts next, tried again and discarded, one or many."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from sync_core.store.sync_tables import dead_letters
from sync_core.store.venue_tables import customers
from tests.sync_defs.conftest import Call

HALL = ("--venue", "lantern-hall")
SQUARE = (*HALL, "--provider", "square")


@pytest.fixture
def troubled(connected: Call, database: sa.Engine) -> list[str]:
    """Three customers whose telephone numbers nobody can dial, after a sync; their ids."""
    with database.begin() as conn:
        mine = customers.c.venue_id == "lantern-hall"
        ids = list(conn.scalars(sa.select(customers.c.id).where(mine).order_by(customers.c.id).limit(3)))
        conn.execute(sa.update(customers).where(mine, customers.c.id.in_(ids)).values(phone="not a number"))
        conn.execute(sa.delete(customers).where(mine, ~customers.c.id.in_(_some(conn, ids))))
    connected("sync", *SQUARE, "--entity", "customers")
    return ids


def _some(conn: sa.Connection, ids: list[str]) -> list[str]:
    rest = sa.select(customers.c.id).where(customers.c.venue_id == "lantern-hall", ~customers.c.id.in_(ids))
    return [*ids, *conn.scalars(rest.order_by(customers.c.id).limit(17))]


def test_letters_are_listed_by_what_is_asked_for_and_counted_by_who_must_act(
    connected: Call, troubled: list[str], database: sa.Engine
) -> None:
    with database.begin() as conn:
        old = datetime.now(UTC) - timedelta(days=3)
        conn.execute(sa.update(dead_letters).where(dead_letters.c.record_id == troubled[0]).values(first_at=old))

    def listed(*options: str) -> set[str]:
        return {letter["record_id"] for letter in connected("letters", "list", *options, "--json").json}

    assert listed() == listed(*SQUARE, "--entity", "customers", "--category", "validation") == set(troubled)
    assert listed("--older-than", "2d") == {troubled[0]}
    assert (
        listed("--code", "not_storable") == listed("--category", "network") == listed("--provider", "stripe") == set()
    )
    said = connected("letters", "list")
    assert "lantern-hall/square customers: 3 of validation, the first 3 d ago." in said.err
    assert "validation" in said.out


def test_one_letter_says_who_acts(connected: Call, troubled: list[str]) -> None:
    letter = connected("letters", "list", "--json").json[0]
    shown = connected("letters", "show", str(letter["id"]))
    assert "Whoever keeps the record" in shown.out
    assert connected("letters", "show", str(letter["id"]), "--json").json == letter
    assert connected("letters", "show", "999999").code == 2


def test_what_is_put_right_goes_through_when_it_is_tried_again(
    connected: Call, troubled: list[str], database: sa.Engine
) -> None:
    with database.begin() as conn:
        for one in troubled[:2]:
            mine = (customers.c.venue_id == "lantern-hall", customers.c.id == one)
            conn.execute(sa.update(customers).where(*mine).values(phone=None))

    said = connected("letters", "retry", *SQUARE, "--category", "validation")

    assert said.code == 1
    assert "2 of 3 letters are resolved." in said.err
    assert troubled[2] in said.err


def test_discarded_letters_are_gone_and_their_rows_wait_no_more(
    connected: Call, troubled: list[str], database: sa.Engine
) -> None:
    first = connected("letters", "list", "--json").json[0]
    assert "1 letters are discarded" in connected("letters", "discard", str(first["id"])).err
    assert "2 letters are discarded" in connected("letters", "discard", "--all").err
    assert connected("letters", "list", "--json").json == []
    assert connected("letters", "retry", str(first["id"])).code == 2
    with database.connect() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM sync.pending")).scalar_one() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("retry",), "Say which letters"),
        (("discard", "--all", *HALL), "Say which letters"),
        (("list", "--category", "validatoin"), "did you mean validation"),
        (("list", "--older-than", "soon"), "is no age"),
        (("discard", "12345"), "no open dead letter 12345"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(at_work: Call, arguments: tuple[str, ...], says: str) -> None:
    said = at_work("letters", *arguments)
    assert said.code == 2
    assert says in said.err


def test_status_names_who_acts_where_a_sync_failed(connected: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
    connected("sync", *HALL, "--provider", "stripe", "--entity", "charges")
    (line,) = [one for one in connected("status", *HALL, "--json").json if one["entity"] == "charges"]
    assert (line["last_status"], line["last_category"]) == ("failed", "network")
    assert "network: Nobody" in connected("status", *HALL).out
