"""How single objects are read and written, without anybody to talk to."""

from typing import Any

import pytest

from sync_core.providers.protocol import Write
from sync_core.providers.quickbooks.customers import CustomerShape
from sync_core.providers.quickbooks.faults import Refused

ADA = {
    "Id": "60",
    "SyncToken": "2",
    "GivenName": "Ada",
    "FamilyName": "Lovelace",
    "DisplayName": "Ada Lovelace",
    "BillAddr": {"Id": "99", "Line1": "1 Main St", "City": "Reno", "Lat": "INVALID"},
    "Active": True,
    "MetaData": {"LastUpdatedTime": "2026-05-05T02:05:12-07:00"},
}


def changed(kept: dict[str, Any], **fields: Any) -> dict[str, Any]:
    paths = {path.replace("__", "."): value for path, value in fields.items()}
    write = Write(operation="update", local_id="c1", key="k", fields=paths, remote_id="60")
    operation, body = CustomerShape().change(write, kept)
    assert operation == "update"
    return body


def test_a_customer_keeps_what_the_next_write_needs():
    remote = CustomerShape().remote(ADA)
    assert remote is not None
    assert remote.state["sync_token"] == "2"
    assert remote.state["kept"] == {name: ADA[name] for name in ADA if name not in ("Id", "SyncToken", "MetaData")}
    assert remote.updated_at is not None
    assert remote.updated_at.isoformat() == "2026-05-05T09:05:12+00:00"


def test_an_address_is_sent_whole_without_what_quickbooks_works_out_itself():
    assert changed(ADA, BillAddr__City=None) == {"BillAddr": {"Id": "99", "Line1": "1 Main St", "City": ""}}


def test_the_display_name_follows_the_names_unless_somebody_chose_it():
    assert changed(ADA, FamilyName="King")["DisplayName"] == "Ada King"
    assert changed({**ADA, "DisplayName": "Ada Lovelace (c1)"}, FamilyName="King")["DisplayName"] == "Ada King"
    assert "DisplayName" not in changed({**ADA, "DisplayName": "The Countess"}, FamilyName="King")
    assert "DisplayName" not in changed(ADA, Notes="x")


def test_a_customer_who_comes_back_is_taken_into_use_again():
    assert changed({**ADA, "Active": False}, Notes="x") == {"Notes": "x", "Active": True}


def test_a_lone_display_name_is_shown_as_the_given_name_but_an_address_is_not():
    lone = {"Id": "1", "SyncToken": "0", "DisplayName": "Amy's Bird Sanctuary"}
    reached = {**lone, "DisplayName": "a@b.example", "PrimaryEmailAddr": {"Address": "a@b.example"}}
    shape = CustomerShape()
    assert [remote.record.get("GivenName") for remote in map(shape.remote, (lone, reached, ADA)) if remote] == [
        "Amy's Bird Sanctuary",
        None,
        "Ada",
    ]


def test_jobs_and_projects_are_no_customers_and_inactive_ones_are_gone():
    shape = CustomerShape()
    assert shape.remote({**ADA, "Job": True}) is None
    assert shape.remote({**ADA, "IsProject": True}) is None
    gone = shape.remote({**ADA, "Active": False})
    assert gone is not None
    assert gone.deleted


def test_a_customer_without_any_name_is_refused_before_anybody_is_asked():
    with pytest.raises(Refused, match="needs a name"):
        CustomerShape().draft(Write(operation="create", local_id="c1", key="k", fields={"Notes": "x"}))
