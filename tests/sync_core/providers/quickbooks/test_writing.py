"""Batches with faults of their own, names that are taken, versions that are old, and requests that are repeated."""

from dataclasses import replace
from typing import Literal

import pytest

from sync_core.errors import AuthorizationLost, BatchRefused, OutcomeUnknown, ProviderRefused, ThrottledError
from sync_core.providers.protocol import Write
from tests.sync_core.providers.outside import Answering, done, overtaken, sought_of, write_many, write_one
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany, bound
from tests.sync_core.providers.quickbooks.writes import create_customer, create_item, create_receipt, delete, update

BATCH = "POST /v3/company/acct_venue7/batch"
QUERY = "GET /v3/company/acct_venue7/query"


def test_thirty_customers_are_one_request(quickbooks: QuickBooksCompany):
    writes = [create_customer(f"L{n}") for n in range(30)]
    outcomes = write_many(quickbooks.provider, "customers", "create", writes)
    assert quickbooks.outside.counted() == {BATCH.replace("acct_venue7", "{id}"): 1}
    assert [done(one).record["DisplayName"] for one in outcomes] == [f"Guest L{n}" for n in range(30)]


def test_a_bad_entry_is_refused_and_its_neighbours_go_on(quickbooks: QuickBooksCompany):
    good, bad, other = write_many(
        quickbooks.provider,
        "customers",
        "create",
        [
            create_customer("L1"),
            create_customer("L2", **{"PrimaryEmailAddr.Address": "no where"}),
            create_customer("L3"),
        ],
    )
    assert good.remote is not None
    assert other.remote is not None
    assert (bad.remote, bad.refused_code) == (None, "2210")
    assert "no where" not in (bad.refused_reason or "")
    assert "PrimaryEmailAddr" in (bad.refused_reason or "")


def test_of_two_customers_with_one_name_the_second_carries_its_id(quickbooks: QuickBooksCompany):
    same = {"FamilyName": "Smith"}
    first, second = write_many(
        quickbooks.provider, "customers", "create", [create_customer("c1", **same), create_customer("c2", **same)]
    )
    assert done(first).record["DisplayName"] == "Guest Smith"
    assert done(second).record["DisplayName"] == "Guest Smith (c2)"
    assert done(second).record["GivenName"] == "Guest"
    third = write_one(quickbooks.provider, "customers", create_customer("c3", **same))
    assert done(third).record["DisplayName"] == "Guest Smith (c3)"


def test_a_name_that_was_taken_with_the_id_too_is_refused(quickbooks: QuickBooksCompany):
    quickbooks.by_hand("POST", "customer", {"DisplayName": "Guest L1"})
    quickbooks.by_hand("POST", "customer", {"DisplayName": "Guest L1 (L1)"})
    outcome = write_one(quickbooks.provider, "customers", create_customer("L1"))
    assert (outcome.remote, outcome.refused_code) == (None, "6240")


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_before", "error_after"]
)
@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_batch_disturbed_anywhere_ends_as_if_it_had_not_been(
    quickbooks: QuickBooksCompany, kind: str, operation: str
):
    writes = [create_customer("L1"), create_customer("L2")]
    fault = {"kind": kind, "status": 503, "path": "*/batch", "times": 1}
    if operation == "create":
        quickbooks.outside.faults(fault)
    made = [done(one) for one in write_many(quickbooks.provider, "customers", "create", writes)]
    quickbooks.outside.faults(fault)
    if operation == "update":
        updates = [update(made[0], "u1", {"Notes": "A"}), update(made[1], "u2", {"Notes": "B"}, local_id="L2")]
        outcomes = write_many(quickbooks.provider, "customers", "update", updates)
        assert [done(one).record["Notes"] for one in outcomes] == ["A", "B"]
    if operation == "delete":
        deletes = [delete(made[0], "d1"), delete(made[1], "d2", local_id="L2")]
        outcomes = write_many(quickbooks.provider, "customers", "delete", deletes)
        assert all(done(one).deleted for one in outcomes)
    assert len(quickbooks.outside.objects("customers")) == 2


@pytest.mark.parametrize("kind", ["drop_after", "half_answer", "error_after"])
def test_a_single_create_disturbed_after_it_took_effect_makes_one_object(quickbooks: QuickBooksCompany, kind: str):
    quickbooks.outside.faults({"kind": kind, "status": 503, "path": "*/customer", "times": 1})
    assert done(write_one(quickbooks.provider, "customers", create_customer("L1"))).id
    assert len(quickbooks.outside.objects("customers")) == 1


def test_a_repeated_batch_gives_the_same_objects(quickbooks: QuickBooksCompany):
    writes = [create_customer("c1", FamilyName="Smith"), create_customer("c2", FamilyName="Smith")]
    first = write_many(quickbooks.provider, "customers", "create", writes)
    again = write_many(quickbooks.provider, "customers", "create", writes)
    assert [done(one).id for one in first] == [done(one).id for one in again]
    assert len(quickbooks.outside.objects("customers")) == 2


def test_an_update_touches_only_what_it_names_and_none_clears(quickbooks: QuickBooksCompany):
    fields = {"Notes": "old", "BillAddr.City": "Reno", "BillAddr.PostalCode": "89501"}
    made = done(write_one(quickbooks.provider, "customers", create_customer("L1", **fields)))
    changes = {"Notes": None, "BillAddr.PostalCode": None, "BillAddr.Line1": "1 Main St"}
    changed = done(write_one(quickbooks.provider, "customers", update(made, "k2", changes)))
    assert not changed.record.get("Notes")
    address = {name: value for name, value in changed.record["BillAddr"].items() if value and name != "Id"}
    assert address == {"City": "Reno", "Line1": "1 Main St"}
    assert changed.record["GivenName"] == "Guest"


def test_an_object_that_somebody_changed_is_not_written_and_comes_back(quickbooks: QuickBooksCompany):
    made = [
        done(one)
        for one in write_many(
            quickbooks.provider, "customers", "create", [create_customer("L1"), create_customer("L2")]
        )
    ]
    quickbooks.by_hand(
        "POST",
        "customer",
        {"Id": made[0].id, "SyncToken": made[0].state["sync_token"], "sparse": True, "CompanyName": "Theirs"},
    )
    updates = [update(made[0], "u1", {"Notes": "ours"}), update(made[1], "u2", {"Notes": "ours"}, local_id="L2")]
    first, second = write_many(quickbooks.provider, "customers", "update", updates)
    now = overtaken(first)
    assert (now.id, now.record["CompanyName"], now.record.get("Notes")) == (made[0].id, "Theirs", None)
    assert done(second).record["Notes"] == "ours"
    changed = done(write_one(quickbooks.provider, "customers", update(now, "u3", {"Notes": "ours"}))).record
    assert (changed["CompanyName"], changed["Notes"]) == ("Theirs", "ours")


def test_a_record_whose_version_is_not_known_is_read_first(quickbooks: QuickBooksCompany):
    made = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    write = Write(operation="update", local_id="L1", key="u", fields={"Notes": "x"}, remote_id=made.id)
    assert done(write_one(quickbooks.provider, "customers", write)).record["Notes"] == "x"


def test_what_is_not_there_cannot_be_changed_and_need_not_be_deleted(quickbooks: QuickBooksCompany):
    nowhere = Write(operation="update", local_id="L1", key="u", fields={"Notes": "x"}, remote_id="99999")
    assert write_one(quickbooks.provider, "customers", nowhere).refused_code == "NOT_FOUND"
    gone = Write(operation="delete", local_id="L1", key="d", fields={}, remote_id="99999")
    assert done(write_one(quickbooks.provider, "customers", gone)).deleted
    unknown = Write(operation="update", local_id="L1", key="k1", fields={"Notes": "x"})
    assert write_one(quickbooks.provider, "customers", unknown).refused_code == "NO_REMOTE_ID"


def test_a_customer_is_made_inactive_and_can_come_back(quickbooks: QuickBooksCompany):
    made = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    gone = done(write_one(quickbooks.provider, "customers", delete(made, "d")))
    (there,) = quickbooks.outside.objects("customers")
    assert (gone.deleted, there["Active"]) == (True, False)
    fields = {"GivenName": "Guest", "FamilyName": "L1", "Notes": "back"}
    back = done(write_one(quickbooks.provider, "customers", update(gone, "u", fields)))
    assert (back.deleted, back.record["Notes"]) == (False, "back")


def test_items_are_booked_to_an_income_account_that_is_looked_up_once(quickbooks: QuickBooksCompany):
    writes = [create_item("L1"), create_item("L2", Type="NonInventory")]
    made = [done(one).record for one in write_many(quickbooks.provider, "items", "create", writes)]
    write_many(quickbooks.provider, "items", "create", [create_item("L3"), create_item("L4")])
    assert [(one["Type"], one["UnitPrice"], one["CurrencyRef"]) for one in made] == [
        ("Service", 25.5, {"value": "USD"}),
        ("NonInventory", 25.5, {"value": "USD"}),
    ]
    assert {one["IncomeAccountRef"]["value"] for one in made} == {made[0]["IncomeAccountRef"]["value"]}
    assert quickbooks.outside.counted()[QUERY.replace("acct_venue7", "{id}")] == 1


def test_of_two_items_with_one_name_the_second_carries_its_id(quickbooks: QuickBooksCompany):
    writes = [create_item("p1", Name="Standard"), create_item("p2", Name="Standard")]
    outcomes = write_many(quickbooks.provider, "items", "create", writes)
    assert [done(one).record["Name"] for one in outcomes] == ["Standard", "Standard (p2)"]


def test_a_price_in_another_currency_is_refused_and_none_is_zero(quickbooks: QuickBooksCompany):
    refused, made = write_many(
        quickbooks.provider,
        "items",
        "create",
        [create_item("L1", **{"CurrencyRef.value": "JPY"}), create_item("L2")],
    )
    assert (refused.refused_code, refused.remote) == ("CURRENCY", None)
    changed = done(write_one(quickbooks.provider, "items", update(done(made), "u", {"UnitPrice": None}, local_id="L2")))
    assert "UnitPrice" not in changed.record


def test_an_order_is_a_receipt_over_the_collective_item(quickbooks: QuickBooksCompany):
    customer = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    writes = [create_receipt("o1", **{"CustomerRef.value": customer.id}), create_receipt("o2")]
    first, second = (done(one) for one in write_many(quickbooks.provider, "sales_receipts", "create", writes))
    assert (first.record["TotalAmt"], first.record["CustomerRef"]["value"]) == (90.5, customer.id)
    assert first.record["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Ticket sales"
    changed = done(
        write_one(quickbooks.provider, "sales_receipts", update(first, "u", {"TotalAmt": 10.0}, local_id="o1"))
    )
    assert changed.record["TotalAmt"] == 10
    assert done(write_one(quickbooks.provider, "sales_receipts", delete(second, "d", local_id="o2"))).deleted
    assert [one["Name"] for one in quickbooks.outside.objects("items")].count("Ticket sales") == 1


def test_an_order_that_was_booked_long_ago_is_brought_up_to_date_and_not_booked_again(quickbooks: QuickBooksCompany):
    first = done(write_one(quickbooks.provider, "sales_receipts", create_receipt("o1")))
    late = replace(create_receipt("o1", TotalAmt=10.0), key="long-after")
    again, other = write_many(quickbooks.provider, "sales_receipts", "create", [late, create_receipt("o2")])
    assert (done(again).id, done(again).record["TotalAmt"]) == (first.id, 10)
    assert done(other).id != first.id
    assert len(quickbooks.outside.objects("salesreceipts")) == 2


def test_a_number_that_an_accountant_gave_away_is_refused(quickbooks: QuickBooksCompany):
    made = done(write_one(quickbooks.provider, "sales_receipts", create_receipt("o1")))
    version = {"Id": made.id, "SyncToken": made.state["sync_token"], "sparse": True}
    quickbooks.by_hand("POST", "salesreceipt", {**version, "PrivateNote": "mine"})
    late = replace(create_receipt("o1"), key="long-after")
    assert write_one(quickbooks.provider, "sales_receipts", late).refused_code == "6140"


def test_what_was_written_is_found_and_what_was_not_is_not(quickbooks: QuickBooksCompany):
    same = {"FamilyName": "Smith", "PrimaryEmailAddr.Address": "same@example.com"}
    customers = [create_customer("c1", **same), create_customer("c2", **same), create_customer("c3")]
    items = [create_item("p1"), create_item("p2")]
    receipts = [create_receipt("o1"), create_receipt("o2")]
    for entity, writes, sent in (("customers", customers, 2), ("items", items, 1), ("sales_receipts", receipts, 1)):
        sought = [sought_of(write, quickbooks.clock) for write in writes]
        made = [done(write_one(quickbooks.provider, entity, write)) for write in writes[:sent]]
        found = quickbooks.provider.find(entity, sought)
        assert {name: one.id for name, one in found.items()} == {
            write.local_id: one.id for write, one in zip(writes, made, strict=False)
        }


def test_what_somebody_changed_since_it_was_written_is_found_all_the_same(quickbooks: QuickBooksCompany):
    customer = create_customer("c1", **{"PrimaryEmailAddr.Address": "c1@example.com"})
    item = create_item("p1", Sku="SEAT-1")
    for entity, write, path, changed in (
        ("customers", customer, "customer", {"PrimaryPhone": {"FreeFormNumber": "+1 415 555 0100"}}),
        ("items", item, "item", {"Description": "By hand"}),
    ):
        sought = sought_of(write, quickbooks.clock)
        made = done(write_one(quickbooks.provider, entity, write))
        version = {"Id": made.id, "SyncToken": made.state["sync_token"], "sparse": True}
        quickbooks.by_hand("POST", path, {**version, **changed})
        stranger = replace(sought, local_id="else", fields={**sought.fields, "Sku": "SEAT-2"})
        stranger = replace(stranger, fields={**stranger.fields, "PrimaryEmailAddr.Address": "else@example.com"})
        found = quickbooks.provider.find(entity, [stranger, sought])
        assert {name: one.id for name, one in found.items()} == {write.local_id: made.id}


def test_an_entry_that_fails_for_quickbooks_own_reasons_is_unknown(quickbooks: QuickBooksCompany):
    fault = {"Error": [{"Message": "Oops", "Detail": "Oh no", "code": "10000"}], "type": "SystemFault"}
    body = {"BatchItemResponse": [{"bId": "0", "Fault": fault}]}
    quickbooks.session.mount(quickbooks.outside.base, Answering(body))
    with pytest.raises(OutcomeUnknown, match="Oh no"):
        write_many(quickbooks.provider, "customers", "create", [create_customer("L1"), create_customer("L2")])


def test_a_batch_refused_as_a_whole_is_split_until_the_record_is_known(quickbooks: QuickBooksCompany):
    quickbooks.outside.faults({"kind": "refuse", "status": 400, "path": "*/batch"})
    with pytest.raises(BatchRefused):
        write_many(quickbooks.provider, "customers", "create", [create_customer("L1"), create_customer("L2")])
    quickbooks.outside.faults({"kind": "refuse", "status": 400, "path": "*/customer"})
    assert write_one(quickbooks.provider, "customers", create_customer("L1")).refused_code is not None


def test_bills_are_only_read(quickbooks: QuickBooksCompany):
    with pytest.raises(ProviderRefused, match="only read"):
        write_one(quickbooks.provider, "bills", create_customer("L1"))


def test_the_company_is_known_by_its_realm_and_another_token_is_refused(quickbooks: QuickBooksCompany):
    assert (quickbooks.provider.account().id, quickbooks.provider.account().name) == ("acct_venue7", "Hall 7")
    stranger = bound(quickbooks.outside, quickbooks.session, quickbooks.clock, token="eyJ-nobody")
    with pytest.raises(AuthorizationLost):
        stranger.account()


@pytest.mark.parametrize("status", [200, 400])
def test_a_fault_is_a_fault_whatever_status_it_comes_with(quickbooks: QuickBooksCompany, status: Literal[200, 400]):
    quickbooks.terms.validation_status = status
    bad = create_customer("L1", **{"PrimaryEmailAddr.Address": "no where"})
    assert write_one(quickbooks.provider, "customers", bad).refused_code == "2210"
    quickbooks.by_hand("POST", "customer", {"DisplayName": "Guest L2"})
    renamed = done(write_one(quickbooks.provider, "customers", create_customer("L2")))
    assert renamed.record["DisplayName"] == "Guest L2 (L2)"


def test_a_gateway_that_writes_small_letters_is_understood(quickbooks: QuickBooksCompany):
    quickbooks.terms.gateway_case = "lower"
    stranger = bound(quickbooks.outside, quickbooks.session, quickbooks.clock, token="eyJ-nobody")
    with pytest.raises(AuthorizationLost):
        stranger.account()
    quickbooks.outside.faults({"kind": "throttle", "path": "*/companyinfo/*"})
    with pytest.raises(ThrottledError) as caught:
        quickbooks.provider.account()
    assert caught.value.retry_after == 60
