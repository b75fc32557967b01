import pytest

from sync_core.errors import BatchRefused, OutcomeUnknown, TransientError
from sync_core.providers.protocol import Write
from tests.sync_core.providers.outside import Answering, done, overtaken, read_all, sought_of, write_many, write_one
from tests.sync_core.providers.square.conftest import SquareAccount
from tests.sync_core.providers.square.writes import create_customer, delete, update


def test_a_hundred_customers_are_one_request(square: SquareAccount):
    writes = [create_customer(f"L{n}") for n in range(100)]
    outcomes = write_many(square.provider, "customers", "create", writes)
    assert square.outside.counted() == {"POST /v2/customers/bulk-create": 1}
    assert [done(one).record["reference_id"] for one in outcomes] == [f"L{n}" for n in range(100)]


def test_a_bad_entry_is_refused_and_its_neighbours_go_on(square: SquareAccount):
    good, bad, other = write_many(
        square.provider,
        "customers",
        "create",
        [create_customer("L1"), create_customer("L2", email_address="nowhere"), create_customer("L3")],
    )
    assert good.remote is not None
    assert other.remote is not None
    assert (bad.remote, bad.refused_code) == (None, "INVALID_EMAIL_ADDRESS")
    assert "email_address" in (bad.refused_reason or "")


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_before", "error_after"]
)
@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_bulk_disturbed_anywhere_ends_as_if_it_had_not_been(square: SquareAccount, kind: str, operation: str):
    writes = [create_customer("L1"), create_customer("L2")]
    fault = {"kind": kind, "status": 503, "path": f"/v2/customers/bulk-{operation}", "times": 1}
    if operation == "create":
        square.outside.faults(fault)
    made = [done(one) for one in write_many(square.provider, "customers", "create", writes)]
    square.outside.faults(fault)
    if operation == "update":
        updates = [update(made[0], "u1", {"note": "A"}), update(made[1], "u2", {"note": "B"}, local_id="L2")]
        write_many(square.provider, "customers", "update", updates)
        assert [one["note"] for one in square.outside.objects("customers")] == ["A", "B"]
    if operation == "delete":
        deletes = [delete(made[0], "d1"), delete(made[1], "d2", local_id="L2")]
        outcomes = write_many(square.provider, "customers", "delete", deletes)
        assert all(done(one).deleted for one in outcomes)
    assert len(square.outside.objects("customers")) == 2


def test_an_update_touches_only_what_it_names_and_none_clears(square: SquareAccount):
    made = done(
        write_one(
            square.provider,
            "customers",
            create_customer("L1", note="old", **{"address.locality": "Reno", "address.postal_code": "89501"}),
        )
    )
    changed = done(
        write_one(
            square.provider,
            "customers",
            update(made, "k2", {"note": None, "address.postal_code": None, "address.address_line_1": "1 Main St"}),
        )
    )
    assert "note" not in changed.record
    assert changed.record["address"] == {"locality": "Reno", "address_line_1": "1 Main St"}
    assert changed.record["given_name"] == "Guest L1"


@pytest.mark.parametrize("ours", [{"note": "ours"}, {"address.locality": "Reno"}])
def test_a_profile_that_somebody_changed_is_not_written_and_comes_back(square: SquareAccount, ours: dict[str, str]):
    made = [
        done(one)
        for one in write_many(square.provider, "customers", "create", [create_customer("L1"), create_customer("L2")])
    ]
    square.outside.seed("customers", {"id": made[0].id, "family_name": "Theirs"})
    first, second = write_many(
        square.provider,
        "customers",
        "update",
        [update(made[0], "u1", ours), update(made[1], "u2", ours, local_id="L2")],
    )
    now = overtaken(first)
    assert (now.id, now.record["family_name"], now.state["version"]) == (made[0].id, "Theirs", 1)
    assert done(second).state["version"] == 1
    assert square.outside.counted()["POST /v2/customers/bulk-retrieve"] == 1
    assert done(write_one(square.provider, "customers", update(now, "u3", ours))).record["family_name"] == "Theirs"


def test_a_customer_deleted_at_square_cannot_be_updated(square: SquareAccount):
    made = done(write_one(square.provider, "customers", create_customer("L1")))
    square.outside.seed("customers", {"id": made.id, "is_deleted": True})
    assert write_one(square.provider, "customers", update(made, "k2", {"note": "x"})).refused_code == "NOT_FOUND"
    assert done(write_one(square.provider, "customers", delete(made, "k3"))).deleted


def test_a_record_without_an_id_is_refused_without_asking(square: SquareAccount):
    write = Write(operation="update", local_id="L1", key="k1", fields={"note": "x"})
    assert write_one(square.provider, "customers", write).refused_code == "NO_REMOTE_ID"
    assert square.outside.counted() == {}


def test_the_first_reading_shows_everything_and_later_ones_what_changed(square: SquareAccount):
    square.outside.seed("customers", *({"given_name": f"Guest {n}"} for n in range(130)))
    records, cursor = read_all(square.provider, "customers", None)
    assert len({one.id for one in records}) == 130
    square.clock.advance(3600)
    square.outside.seed("customers", {"id": records[7].id, "note": "changed"})
    changed, cursor = read_all(square.provider, "customers", cursor)
    assert records[7].id in {one.id for one in changed}
    square.clock.advance(3600)
    square.outside.seed("customers", {"given_name": "Late"})
    changed, cursor = read_all(square.provider, "customers", cursor)
    assert [one.record["given_name"] for one in changed] == [records[7].record["given_name"], "Late"]


def test_a_profile_that_reaches_the_index_late_is_still_read(square: SquareAccount):
    square.terms.customer_index_seconds = 240
    square.outside.seed("customers", {"given_name": "Early"})
    square.clock.advance(200)
    square.outside.seed("customers", {"given_name": "Late"})
    square.clock.advance(60)
    records, cursor = read_all(square.provider, "customers", None)
    assert [one.record["given_name"] for one in records] == ["Early"]
    square.clock.advance(200)
    square.outside.seed("customers", {"given_name": "Later"})
    square.clock.advance(241)
    records, cursor = read_all(square.provider, "customers", cursor)
    assert {"Late", "Later"} <= {one.record["given_name"] for one in records}


def test_a_page_token_that_expired_starts_the_window_again(square: SquareAccount):
    square.outside.seed("customers", *({"given_name": f"Guest {n}"} for n in range(130)))
    first = next(iter(square.provider.read("customers", cursor=None)))
    square.clock.advance(400)
    rest, _ = read_all(square.provider, "customers", first.cursor)
    assert len({one.id for one in rest}) == 130


def test_what_was_written_is_found_and_what_was_not_is_not(square: SquareAccount):
    writes = [create_customer(f"L{n}") for n in range(3)]
    sought = [sought_of(write, square.clock) for write in writes]
    made = done(write_one(square.provider, "customers", writes[1]))
    assert {local: one.id for local, one in square.provider.find("customers", sought).items()} == {"L1": made.id}


def test_entries_that_fail_for_square_s_own_reasons_are_tried_later(square: SquareAccount):
    errors = [{"category": "API_ERROR", "code": "INTERNAL_SERVER_ERROR", "detail": "Oh no."}]
    square.session.mount(square.outside.base, Answering({"responses": {"create-L1": {"errors": errors}}}))
    with pytest.raises(TransientError, match="Oh no"):
        write_one(square.provider, "customers", create_customer("L1"))


def test_a_bulk_refused_as_a_whole_is_split_until_the_record_is_known(square: SquareAccount):
    square.outside.faults({"kind": "refuse", "path": "/v2/customers/bulk-create"})
    with pytest.raises(BatchRefused):
        write_many(square.provider, "customers", "create", [create_customer("L1"), create_customer("L2")])
    assert write_one(square.provider, "customers", create_customer("L1")).refused_code is not None


def test_a_key_used_for_another_customer_is_unknown(square: SquareAccount):
    write_one(square.provider, "customers", create_customer("L1"))
    with pytest.raises(OutcomeUnknown, match="another customer"):
        write_one(square.provider, "customers", create_customer("L1", note="Other"))
