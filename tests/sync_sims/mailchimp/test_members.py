"""Members of a list, driven by the official SDK and by raw requests."""

import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailchimp_marketing.api_client import ApiClientError

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.mailchimp.identifiers import subscriber_hash
from sync_sims.wire import Request
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask, HandClock

ADA = "ada@hall.test"


def problem(error: ApiClientError) -> tuple[Any, str]:
    return error.status_code, orjson.loads(error.text)["title"]


def test_a_created_member_is_answered_with_200_and_found_by_hash_address_and_contact_id(sdk: Any, audience: str):
    made = sdk.lists.add_list_member(
        audience,
        {
            "email_address": "Ada@Hall.test",
            "status": "subscribed",
            "merge_fields": {"FNAME": "Ada", "LNAME": "Lovelace"},
            "tags": ["Season"],
        },
    )
    assert made["id"] == hashlib.md5(b"ada@hall.test", usedforsecurity=False).hexdigest()
    assert (made["full_name"], made["email_address"]) == ("Ada Lovelace", "Ada@Hall.test")
    assert [tag["name"] for tag in made["tags"]] == ["Season"]
    assert made["timestamp_signup"] == ""
    assert made["last_changed"] == "2026-09-21T14:13:20+00:00"
    for name in (made["id"], ADA, made["contact_id"]):
        assert sdk.lists.get_list_member(audience, name)["contact_id"] == made["contact_id"]


def test_a_member_cannot_be_created_twice(ask: Ask, audience: str):
    ask("POST", f"/lists/{audience}/members", {"email_address": ADA, "status": "subscribed"})
    again = ask("POST", f"/lists/{audience}/members", {"email_address": "ADA@hall.test", "status": "subscribed"})
    assert (again.status, again.body["title"]) == (400, "Member Exists")
    assert again.body["detail"] == "ADA@hall.test is already a list member. Use PUT to insert or update list members."
    assert "type" not in again.body
    assert again.body["instance"] == again.headers["X-Request-Id"]
    assert again.headers["content-type"].startswith("application/problem+json")


def test_put_creates_with_status_if_new_and_keeps_the_status_of_who_is_there(sdk: Any, audience: str):
    digest = subscriber_hash(ADA)
    body = {"email_address": ADA, "status_if_new": "transactional", "merge_fields": {"FNAME": "Ada"}}
    assert sdk.lists.set_list_member(audience, digest, body)["status"] == "transactional"
    sdk.lists.update_list_member(audience, digest, {"status": "subscribed"})
    again = sdk.lists.set_list_member(audience, digest, {**body, "merge_fields": {"LNAME": "L"}})
    assert again["status"] == "subscribed"
    assert again["merge_fields"]["FNAME"] == "Ada"
    assert again["merge_fields"]["LNAME"] == "L"


def test_put_needs_a_status_for_somebody_new(ask: Ask, audience: str):
    answer = ask("PUT", f"/lists/{audience}/members/{subscriber_hash(ADA)}", {"email_address": ADA})
    assert answer.body["errors"] == [{"field": "", "message": "Required fields were not provided: status_if_new"}]


def test_an_upsert_that_changes_nothing_does_not_touch_last_changed(ask: Ask, audience: str, clock: HandClock):
    path, body = (
        f"/lists/{audience}/members/{subscriber_hash(ADA)}",
        {"email_address": ADA, "status_if_new": "subscribed"},
    )
    first = ask("PUT", path, body).body["last_changed"]
    clock.forward(60)
    assert ask("PUT", path, body).body["last_changed"] == first
    assert ask("PATCH", path, {"vip": True}).body["last_changed"] > first


def test_an_address_can_change_and_the_contact_stays(ask: Ask, audience: str):
    body = {"email_address": ADA, "status": "subscribed", "tags": ["Season"]}
    made = ask("POST", f"/lists/{audience}/members", body).body
    moved = ask("PATCH", f"/lists/{audience}/members/{made['id']}", {"email_address": "ada@new.test"}).body
    assert moved["id"] == subscriber_hash("ada@new.test")
    assert moved["contact_id"] == made["contact_id"]
    assert moved["tags_count"] == 1
    assert ask("GET", f"/lists/{audience}/members/{made['id']}").status == 404
    ask("POST", f"/lists/{audience}/members", {"email_address": "bob@hall.test", "status": "subscribed"})
    taken = ask("PATCH", f"/lists/{audience}/members/bob@hall.test", {"email_address": "ada@new.test"})
    assert taken.body["title"] == "Member Exists"


def test_archiving_hides_a_member_from_the_list_but_not_from_who_asks(sdk: Any, audience: str):
    sdk.lists.add_list_member(audience, {"email_address": ADA, "status": "subscribed"})
    assert sdk.lists.delete_list_member(audience, subscriber_hash(ADA)).status_code == 204
    assert sdk.lists.get_list_member(audience, ADA)["status"] == "archived"
    assert sdk.lists.get_list_members_info(audience)["total_items"] == 0
    assert sdk.lists.get_list_members_info(audience, status="archived")["total_items"] == 1
    with pytest.raises(ApiClientError) as caught:
        sdk.lists.delete_list_member(audience, subscriber_hash(ADA))
    assert problem(caught.value) == (405, "Method Not Allowed")
    assert sdk.lists.add_list_member(audience, {"email_address": ADA, "status": "subscribed"})["status"] == "subscribed"


def test_who_is_deleted_for_good_never_comes_back_by_the_api(
    sdk: Any, ask: Ask, audience: str, simulator: MailchimpSimulator
):
    sdk.lists.add_list_member(audience, {"email_address": ADA, "status": "subscribed"})
    assert sdk.lists.delete_list_member_permanent(audience, subscriber_hash(ADA)).status_code == 204
    assert ask("GET", f"/lists/{audience}/members/{ADA}").status == 404
    assert ADA not in str(simulator.objects(ACCOUNT, "members"))
    created = ask("POST", f"/lists/{audience}/members", {"email_address": ADA, "status": "pending"})
    assert (created.status, created.body["title"]) == (400, "Forgotten Email Not Subscribed")
    put = ask("PUT", f"/lists/{audience}/members/{ADA}", {"email_address": ADA, "status_if_new": "subscribed"})
    assert put.body["detail"].startswith(f"{ADA} was permanently deleted and cannot be re-imported.")
    back = simulator.seed(ACCOUNT, "members", [{"email_address": ADA}])
    assert back[0]["status"] == "subscribed"


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned"])
def test_who_unsubscribed_or_bounced_cannot_be_subscribed_by_the_api(
    ask: Ask, audience: str, simulator: MailchimpSimulator, status: str
):
    simulator.seed(ACCOUNT, "members", [{"email_address": ADA, "status": status}])
    path = f"/lists/{audience}/members/{ADA}"
    refused = ask("PATCH", path, {"status": "subscribed"})
    assert (refused.status, refused.body["title"]) == (400, "Member In Compliance State")
    assert ask("PATCH", path, {"merge_fields": {"FNAME": "Ada"}}).status == 200
    assert ask("PATCH", path, {"status": "pending"}).body["status"] == "pending"
    assert ask("PATCH", path, {"status": "subscribed"}).body["title"] == "Member In Compliance State"
    simulator.seed(ACCOUNT, "members", [{"email_address": ADA, "status": "subscribed"}])
    assert ask("GET", path).body["status"] == "subscribed"


def test_archiving_does_not_launder_an_unsubscription(ask: Ask, audience: str, simulator: MailchimpSimulator):
    simulator.seed(ACCOUNT, "members", [{"email_address": ADA, "status": "unsubscribed"}])
    ask("DELETE", f"/lists/{audience}/members/{ADA}")
    again = ask("POST", f"/lists/{audience}/members", {"email_address": ADA, "status": "subscribed"})
    assert again.body["title"] == "Member In Compliance State"


def test_whether_an_unsubscription_by_the_api_binds_is_a_setting(
    ask: Ask, audience: str, simulator: MailchimpSimulator
):
    path = f"/lists/{audience}/members"
    ask("POST", path, {"email_address": ADA, "status": "unsubscribed"})
    assert ask("PATCH", f"{path}/{ADA}", {"status": "subscribed"}).status == 400
    simulator.terms.api_unsubscribes_bind = False
    made = ask("POST", path, {"email_address": "bob@hall.test", "status": "unsubscribed"}).body
    assert made["unsubscribe_reason"] == "N/A (Unsubscribed by an admin)"
    assert ask("PATCH", f"{path}/bob@hall.test", {"status": "subscribed"}).body["status"] == "subscribed"


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@hall.test", "a b@hall.test", "ada@hall", "ada@hall..test"])
def test_what_is_no_address_is_refused(ask: Ask, audience: str, email: str):
    answer = ask("POST", f"/lists/{audience}/members", {"email_address": email, "status": "subscribed"})
    assert (answer.status, answer.body["title"]) == (400, "Invalid Resource")


def test_addresses_that_look_fake_are_refused_where_the_terms_say_so(
    ask: Ask, audience: str, simulator: MailchimpSimulator
):
    simulator.terms.refused_domains = frozenset({"example.com"})
    answer = ask("POST", f"/lists/{audience}/members", {"email_address": "a@Example.com", "status": "subscribed"})
    assert answer.body["detail"] == "a@Example.com looks fake or invalid, please enter a real email address."


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"status": "subscribed"}, "", "Required fields were not provided: email_address"),
        ({"email_address": 5, "status": "pending"}, "email_address", "Schema describes string, integer found instead"),
        (
            {"email_address": ADA, "status": "pending", "language": None},
            "language",
            "Schema describes string, NULL found instead",
        ),
        (
            {"email_address": ADA, "status": "archived"},
            "status",
            "Data presented is not one of the accepted values: subscribed, unsubscribed, cleaned, pending, transactional.",
        ),
        (
            {"email_address": ADA, "status": "pending", "location": {"latitude": "5"}},
            "location.latitude",
            "Schema describes number, string found instead",
        ),
    ],
)
def test_fields_of_the_wrong_kind_are_named(ask: Ask, audience: str, body: Any, field: str, message: str):
    answer = ask("POST", f"/lists/{audience}/members", body)
    assert answer.status == 400
    assert answer.body["errors"] == [{"field": field, "message": message}]


def test_filters_mean_strictly_after_and_strictly_before(ask: Ask, audience: str, clock: HandClock):
    stamps = []
    for number in range(3):
        body = {"email_address": f"m{number}@hall.test", "status": "subscribed"}
        stamps.append(ask("POST", f"/lists/{audience}/members", body).body["last_changed"])
        clock.forward(10)

    def listed(**query: str) -> list[str]:
        return [row["email_address"][:2] for row in ask("GET", f"/lists/{audience}/members", **query).body["members"]]

    assert listed(since_last_changed=stamps[0]) == ["m1", "m2"]
    assert listed(before_last_changed=stamps[2]) == ["m0", "m1"]
    assert listed(since_last_changed=stamps[0], before_last_changed=stamps[2]) == ["m1"]
    assert listed(since_timestamp_opt=stamps[1]) == ["m2"]
    assert listed(sort_field="last_changed", sort_dir="DESC") == ["m2", "m1", "m0"]
    assert listed(status="unsubscribed") == []
    assert listed(since_last_changed="2026-09-21T10:13:20-04:00") == ["m1", "m2"]
    assert ask("GET", f"/lists/{audience}/members", since_last_changed="yesterday").status == 400
    assert ask("GET", f"/lists/{audience}/members", status="gone").status == 400


def test_pages_have_ten_members_unless_told_otherwise_and_at_most_a_thousand(
    ask: Ask, audience: str, simulator: MailchimpSimulator
):
    simulator.seed(ACCOUNT, "members", [{"email_address": f"m{number}@hall.test"} for number in range(25)])
    path = f"/lists/{audience}/members"
    pages = [ask("GET", path, offset=str(offset)).body for offset in (0, 10, 20)]
    assert [len(page["members"]) for page in pages] == [10, 10, 5]
    assert {page["total_items"] for page in pages} == {25}
    assert len({row["id"] for page in pages for row in page["members"]}) == 25
    assert len(ask("GET", path, count="1000").body["members"]) == 25
    assert ask("GET", path, count="1001").body["errors"][0]["field"] == "count"
    assert ask("GET", path, offset="9" * 5000).body["errors"][0]["field"] == "offset"


def test_a_filter_that_is_not_simulated_is_refused_rather_than_ignored(ask: Ask, audience: str):
    assert ask("GET", f"/lists/{audience}/members", since_last_campaign="true").status == 400


def test_partial_answers_have_what_was_asked_for(sdk: Any, audience: str):
    sdk.lists.add_list_member(audience, {"email_address": ADA, "status": "subscribed", "merge_fields": {"FNAME": "A"}})
    fields = ["members.email_address", "members.merge_fields.FNAME", "total_items"]
    answer = sdk.lists.get_list_members_info(audience, fields=fields)
    assert answer == {"members": [{"email_address": ADA, "merge_fields": {"FNAME": "A"}}], "total_items": 1}
    without = sdk.lists.get_list_members_info(audience, exclude_fields=["_links", "members._links", "members.stats"])
    assert "_links" not in without
    assert {"_links", "stats"}.isdisjoint(without["members"][0])
    assert "_links" in sdk.lists.get_list_members_info(audience)["members"][0]


@given(names=st.lists(st.sampled_from("abcdef"), max_size=12))
def test_the_lists_counts_are_those_of_its_members(names: list[str]):
    simulator = MailchimpSimulator()
    simulator.register("k-us1", account_id="a", name="Hall")
    statuses = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived")
    for number, name in enumerate(names):
        row = {"email_address": f"{name}@hall.test", "status": statuses[(number + ord(name)) % 6]}
        simulator.seed("a", "members", [row])
    bearer = {"authorization": "Bearer k-us1"}
    audience = simulator.handle(Request("GET", "/3.0/lists", (), bearer, b"")).body["lists"][0]
    members = simulator.objects("a", "members")
    for status, count in (
        ("subscribed", "member_count"),
        ("unsubscribed", "unsubscribe_count"),
        ("cleaned", "cleaned_count"),
    ):
        assert audience["stats"][count] == sum(row["status"] == status for row in members)
    for status in statuses:
        path = f"/3.0/lists/{audience['id']}/members"
        listed = simulator.handle(Request("GET", path, (("status", status),), bearer, b"")).body
        assert listed["total_items"] == sum(row["status"] == status for row in members)
