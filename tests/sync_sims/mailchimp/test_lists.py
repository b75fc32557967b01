"""Audiences, their merge fields, tags, segments and events."""

from typing import Any

import pytest

from sync_sims.mailchimp import MailchimpSimulator
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask, HandClock

NEW_LIST: dict[str, Any] = {
    "name": "Friends",
    "contact": {"company": "Apollo", "address1": "1 Main", "city": "London", "country": "GB"},
    "permission_reminder": "You bought a ticket.",
    "campaign_defaults": {"from_name": "A", "from_email": "a@hall.test", "subject": "Hi", "language": "en"},
    "email_type_option": False,
}


def test_an_account_begins_with_one_list_and_can_make_more(sdk: Any, simulator: MailchimpSimulator):
    assert [row["name"] for row in sdk.lists.get_all_lists()["lists"]] == ["Apollo Hall"]
    made = sdk.lists.create_list(NEW_LIST)
    assert made["contact"]["state"] == ""
    assert made["stats"]["member_count"] == 0
    answer = sdk.lists.get_all_lists()
    assert answer["total_items"] == 2
    assert answer["constraints"] == {"may_create": True, "max_instances": 100, "current_total_instances": 2}
    contact = {**NEW_LIST["contact"], "city": "Leeds"}
    changed = sdk.lists.update_list(made["id"], {"contact": contact})
    assert (changed["contact"]["city"], changed["name"]) == ("Leeds", "Friends")
    assert sdk.lists.delete_list(made["id"]).status_code == 204
    assert sdk.lists.get_all_lists()["total_items"] == 1
    simulator.terms.most_lists = 1
    assert sdk.lists.get_all_lists()["constraints"]["may_create"] is False


def test_a_list_must_be_complete(ask: Ask):
    answer = ask("POST", "/lists", {"name": "Friends", "contact": {"company": "A"}})
    assert [entry["message"] for entry in answer.body["errors"]] == [
        "Required fields were not provided: permission_reminder, campaign_defaults, email_type_option",
        "Required fields were not provided: address1, city, country",
    ]


def test_lists_can_be_found_by_somebody_on_them(ask: Ask, simulator: MailchimpSimulator, clock: HandClock):
    clock.forward(60)
    friends = simulator.seed(ACCOUNT, "lists", [{"name": "Friends"}])[0]
    simulator.seed(ACCOUNT, "members", [{"email_address": "a@hall.test", "list_id": friends["id"]}])

    def named(**query: str) -> list[str]:
        return [row["name"] for row in ask("GET", "/lists", **query).body["lists"]]

    assert named(email="A@hall.test") == ["Friends"]
    assert named(since_date_created="2026-09-21T14:13:20+00:00") == ["Friends"]
    assert named(sort_field="date_created", sort_dir="DESC") == ["Friends", "Apollo Hall"]
    assert named(has_ecommerce_store="true") == []


def test_the_counts_of_a_list_follow_its_members(ask: Ask, audience: str, simulator: MailchimpSimulator):
    rows = [{"email_address": f"{status}@hall.test", "status": status} for status in ("subscribed", "unsubscribed")]
    simulator.seed(ACCOUNT, "members", [*rows, {"email_address": "old@hall.test", "status": "archived"}])
    stats = ask("GET", f"/lists/{audience}", include_total_contacts="true").body["stats"]
    assert (stats["member_count"], stats["unsubscribe_count"], stats["total_contacts"]) == (1, 1, 2)
    assert stats["last_sub_date"] == "2026-09-21T14:13:20+00:00"


def test_a_list_has_six_merge_fields_and_takes_more(sdk: Any, ask: Ask, audience: str, simulator: MailchimpSimulator):
    fields = sdk.lists.get_list_merge_fields(audience, count=100)["merge_fields"]
    assert [row["tag"] for row in fields] == ["FNAME", "LNAME", "ADDRESS", "PHONE", "BIRTHDAY", "COMPANY"]
    made = sdk.lists.add_list_merge_field(audience, {"name": "Visits", "type": "number"})
    assert (made["merge_id"], made["tag"]) == (7, "MMERGE7")
    member = ask("POST", f"/lists/{audience}/members", {"email_address": "a@hall.test", "status": "subscribed"}).body
    assert member["merge_fields"]["MMERGE7"] == ""
    path = f"/lists/{audience}/members/a@hall.test"
    assert ask("PATCH", path, {"merge_fields": {"MMERGE7": "12"}}).body["merge_fields"]["MMERGE7"] == 12
    sdk.lists.update_list_merge_field(audience, "7", {"tag": "visits"})
    assert ask("GET", path).body["merge_fields"]["VISITS"] == 12
    taken = ask("POST", f"/lists/{audience}/merge-fields", {"name": "V", "tag": "VISITS", "type": "text"})
    assert taken.body["detail"] == 'A Merge Field with the tag "VISITS" already exists for this list.'
    assert ask("DELETE", f"/lists/{audience}/merge-fields/7").status == 204
    assert "VISITS" not in ask("GET", path).body["merge_fields"]
    again = ask("POST", f"/lists/{audience}/merge-fields", {"name": "New", "type": "text"}).body
    assert again["merge_id"] == 8
    simulator.terms.most_merge_fields = 7
    full = ask("POST", f"/lists/{audience}/merge-fields", {"name": "One more", "type": "text"})
    assert full.body["title"] == "Merge Max Limit Exceeded"


@pytest.mark.parametrize(
    ("kind", "value", "bad"),
    [
        ("text", (5, "5"), {}),
        ("text", ("é" * 200, "é" * 127), []),
        ("number", ("1.5", 1.5), "many"),
        ("number", (3, 3), True),
        ("number", (-2.5, -2.5), "inf"),
        ("number", (0, 0), 1e300),
        ("date", ("02/29/2024", "2024-02-29"), "2024-13-01"),
        ("birthday", ("2/9", "02/09"), "13/01"),
        ("url", ("https://hall.test", "https://hall.test"), "hall.test"),
        ("zip", ("12345", "12345"), "1234"),
        ("radio", ("Stalls", "Stalls"), "Pit"),
        ("phone", ("+44 20 7946 0958", "+44 20 7946 0958"), {}),
        (
            "address",
            (
                {"addr1": "1 Main", "city": "X", "state": "Y", "zip": "1"},
                {"addr1": "1 Main", "addr2": "", "city": "X", "state": "Y", "zip": "1", "country": "US"},
            ),
            {"addr1": "1 Main"},
        ),
    ],
)
def test_a_value_must_fit_its_merge_field(ask: Ask, audience: str, kind: str, value: tuple[Any, Any], bad: Any):
    good, kept = value
    field = {"name": "F", "tag": "F", "type": kind, "options": {"choices": ["Stalls", "Circle"]}}
    assert ask("POST", f"/lists/{audience}/merge-fields", field).status == 200
    body = {"email_address": "a@hall.test", "status": "subscribed", "merge_fields": {"F": good, "NOSUCH": 1}}
    made = ask("POST", f"/lists/{audience}/members", body).body
    assert made["merge_fields"]["F"] == kept
    assert "NOSUCH" not in made["merge_fields"]
    path = f"/lists/{audience}/members/{made['id']}"
    refused = ask("PATCH", path, {"merge_fields": {"F": bad}})
    assert (refused.status, refused.body["detail"]) == (400, "Your merge fields were invalid.")
    assert [entry["field"] for entry in refused.body["errors"]] == ["F"]
    assert ask("PATCH", path, {"merge_fields": {"F": ""}}).body["merge_fields"]["F"] == ""


def test_an_incomplete_address_is_answered_as_recorded(ask: Ask, audience: str):
    body = {"email_address": "a@hall.test", "status": "subscribed", "merge_fields": {"ADDRESS": {"addr1": "1"}}}
    answer = ask("POST", f"/lists/{audience}/members", body)
    assert answer.body["errors"] == [{"field": "ADDRESS", "message": "Please enter a complete address"}]


def test_tags_come_and_go_with_204_and_can_be_searched(sdk: Any, audience: str, clock: HandClock):
    sdk.lists.add_list_member(audience, {"email_address": "a@hall.test", "status": "subscribed"})
    before = sdk.lists.get_list_member(audience, "a@hall.test")["last_changed"]
    clock.forward(5)
    tags = [{"name": "VIP", "status": "active"}, {"name": "Viola", "status": "active"}]
    assert sdk.lists.update_list_member_tags(audience, "a@hall.test", {"tags": tags}).status_code == 204
    sdk.lists.update_list_member_tags(
        audience,
        "a@hall.test",
        {"tags": [{"name": "vip", "status": "inactive"}, {"name": "Nobody", "status": "inactive"}]},
    )
    shown = sdk.lists.get_list_member_tags(audience, "a@hall.test")
    assert [(tag["name"], tag["date_added"]) for tag in shown["tags"]] == [("Viola", "2026-09-21T14:13:25+00:00")]
    assert [tag["name"] for tag in sdk.lists.tag_search(audience, name="vi")["tags"]] == ["VIP", "Viola"]
    assert sdk.lists.get_list_member(audience, "a@hall.test")["last_changed"] > before


def test_static_segments_hold_who_was_put_in(sdk: Any, ask: Ask, audience: str, simulator: MailchimpSimulator):
    simulator.seed(ACCOUNT, "members", [{"email_address": f"{name}@hall.test"} for name in "abc"])
    made = sdk.lists.create_segment(audience, {"name": "Gala", "static_segment": ["a@hall.test", "x@hall.test"]})
    assert (made["type"], made["member_count"]) == ("static", 1)
    moved = ask(
        "POST",
        f"/lists/{audience}/segments/{made['id']}",
        {"members_to_add": ["b@hall.test", "y@hall.test"], "members_to_remove": ["a@hall.test"]},
    ).body
    assert [row["email_address"] for row in moved["members_added"]] == ["b@hall.test"]
    assert [row["email_address"] for row in moved["members_removed"]] == ["a@hall.test"]
    assert (moved["total_added"], moved["total_removed"], moved["error_count"]) == (1, 1, 1)
    assert moved["errors"][0]["email_addresses"] == ["y@hall.test"]
    path = f"/lists/{audience}/segments/{made['id']}"
    renamed = ask("PATCH", path, {"name": "Ball", "static_segment": ["c@hall.test"]}).body
    assert (renamed["name"], renamed["member_count"]) == ("Ball", 1)
    inside = sdk.lists.get_segment_members_list(audience, str(made["id"]))
    assert [row["email_address"] for row in inside["members"]] == ["c@hall.test"]
    assert ask("GET", f"/lists/{audience}/members/c@hall.test").body["tags"] == [{"id": made["id"], "name": "Ball"}]
    too_many = {"members_to_add": ["a@hall.test"] * 501}
    assert ask("POST", path, too_many).body["errors"][0]["field"] == "members_to_add"
    assert ask("GET", f"/lists/{audience}/segments", type="static").body["total_items"] == 1
    assert ask("POST", f"/lists/{audience}/segments", {"name": "C", "options": {"match": "any"}}).status == 400
    assert ask("DELETE", path).status == 204
    assert ask("GET", f"/lists/{audience}/members/c@hall.test").body["tags"] == []


def test_events_are_kept_with_the_contact_the_latest_first(sdk: Any, ask: Ask, audience: str):
    sdk.lists.add_list_member(audience, {"email_address": "a@hall.test", "status": "subscribed"})
    for name, at in (("bought", "2026-01-02T00:00:00Z"), ("scanned", "2026-01-03T00:00:00Z")):
        body = {"name": name, "occurred_at": at, "properties": {"seat": "A1"}}
        assert sdk.lists.create_list_member_event(audience, "a@hall.test", body).status_code == 204
    ask("PATCH", f"/lists/{audience}/members/a@hall.test", {"email_address": "b@hall.test"})
    events = sdk.lists.get_list_member_events(audience, "b@hall.test")["events"]
    assert [event["name"] for event in events] == ["scanned", "bought"]
    assert events[0]["properties"] == {"seat": "A1"}
    assert ask("POST", f"/lists/{audience}/members/b@hall.test/events", {"name": "x"}).status == 400


def test_a_journey_starts_for_a_member_alone(sdk: Any, ask: Ask, simulator: MailchimpSimulator):
    simulator.seed(ACCOUNT, "journeys", [{"journey_id": 3, "step_id": 9}])
    simulator.seed(ACCOUNT, "members", [{"email_address": "a@hall.test"}])
    assert sdk.customerJourneys.trigger(3, 9, {"email_address": "a@hall.test"}).status_code == 204
    path = "/customer-journeys/journeys/3/steps/9/actions/trigger"
    assert ask("POST", path, {"email_address": "x@hall.test"}).status == 404
    assert ask("POST", path.replace("/9/", "/8/"), {"email_address": "a@hall.test"}).status == 404
    assert [row["email_address"] for row in simulator.objects(ACCOUNT, "journey_triggers")] == ["a@hall.test"]
