"""Up to 500 members in one request, each on its own."""

from typing import Any

from sync_sims.mailchimp import MailchimpSimulator
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask


def emails(rows: list[dict[str, Any]]) -> list[str]:
    return [row["email_address"] for row in rows]


def test_some_are_created_some_changed_and_some_refused(sdk: Any, audience: str, simulator: MailchimpSimulator):
    simulator.seed(
        ACCOUNT,
        "members",
        [{"email_address": "here@hall.test"}, {"email_address": "left@hall.test", "status": "unsubscribed"}],
    )
    simulator.seed(ACCOUNT, "members", [{"email_address": "gone@hall.test"}])
    simulator.seed(ACCOUNT, "members", [{"email_address": "gone@hall.test", "is_deleted": True}])
    answer = sdk.lists.batch_list_members(
        audience,
        {
            "members": [
                {"email_address": "new@hall.test", "status": "subscribed"},
                {"email_address": "here@hall.test", "status": "subscribed", "merge_fields": {"FNAME": "H"}},
                {"email_address": "left@hall.test", "status": "subscribed"},
                {"email_address": "gone@hall.test", "status": "subscribed"},
                {"email_address": "nobody", "status": "subscribed"},
                {"email_address": "born@hall.test", "status": "subscribed", "merge_fields": {"BIRTHDAY": "40/40"}},
            ],
            "update_existing": True,
        },
    )
    assert emails(answer["new_members"]) == ["new@hall.test"]
    assert emails(answer["updated_members"]) == ["here@hall.test"]
    assert (answer["total_created"], answer["total_updated"], answer["error_count"]) == (1, 1, 4)
    errors = {entry["email_address"]: entry for entry in answer["errors"]}
    assert {entry["error_code"] for entry in errors.values()} == {"ERROR_GENERIC"}
    assert "compliance state" in errors["left@hall.test"]["error"]
    assert "permanently deleted" in errors["gone@hall.test"]["error"]
    assert errors["nobody"]["error"] == "Please provide a valid email address."
    assert errors["born@hall.test"]["field"] == "BIRTHDAY"
    assert errors["born@hall.test"]["field_message"] == "Please enter a valid birthday (MM/DD)"


def test_who_is_there_is_an_error_unless_existing_members_are_to_be_updated(ask: Ask, audience: str):
    body = {"members": [{"email_address": "ada@hall.test", "status": "subscribed"}]}
    ask("POST", f"/lists/{audience}", body)
    again = ask("POST", f"/lists/{audience}", body).body
    assert again["errors"] == [
        {
            "email_address": "ada@hall.test",
            "error": "ada@hall.test is already a list member, do you want to update? please provide"
            " update_existing:true in the request body",
            "error_code": "ERROR_CONTACT_EXISTS",
            "field": "",
            "field_message": "",
        }
    ]


def test_tags_are_added_or_replaced(ask: Ask, audience: str):
    def send(*tags: str, sync: bool) -> list[str]:
        members = [{"email_address": "ada@hall.test", "status": "subscribed", "tags": tags}]
        body = {"members": members, "update_existing": True, "sync_tags": sync}
        answer = ask("POST", f"/lists/{audience}", body).body
        return [tag["name"] for tag in (answer["new_members"] + answer["updated_members"])[0]["tags"]]

    assert send("Season", sync=False) == ["Season"]
    assert send("VIP", sync=False) == ["Season", "VIP"]
    assert send("Press", sync=True) == ["Press"]


def test_more_than_500_members_are_refused_as_a_whole(ask: Ask, audience: str, simulator: MailchimpSimulator):
    members = [{"email_address": f"m{number}@hall.test", "status": "subscribed"} for number in range(501)]
    answer = ask("POST", f"/lists/{audience}", {"members": members})
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "members")
    assert simulator.objects(ACCOUNT, "members") == []
    assert ask("POST", f"/lists/{audience}", {"members": members[:500]}).body["total_created"] == 500


def test_an_item_of_the_wrong_kind_refuses_the_whole_request(ask: Ask, audience: str, simulator: MailchimpSimulator):
    members = [
        {"email_address": "a@hall.test", "status": "subscribed"},
        {"email_address": "b@hall.test", "status": "x"},
    ]
    answer = ask("POST", f"/lists/{audience}", {"members": members})
    assert answer.body["errors"][0]["field"] == "members.item:1.status"
    assert simulator.objects(ACCOUNT, "members") == []


def test_an_address_twice_counts_once(ask: Ask, audience: str):
    members = [
        {"email_address": "ada@hall.test", "status": "subscribed"},
        {"email_address": "ADA@hall.test", "status": "unsubscribed"},
    ]
    answer = ask("POST", f"/lists/{audience}", {"members": members, "update_existing": True}).body
    assert (answer["total_created"], answer["error_count"]) == (1, 1)
    path = f"/lists/{audience}"
    quiet = ask("POST", path, {"members": members, "update_existing": True}, skip_duplicate_check="true").body
    assert (quiet["total_updated"], quiet["error_count"]) == (1, 0)
    assert quiet["updated_members"][0]["status"] == "subscribed"


def test_required_merge_fields_can_be_left_out_where_validation_is_skipped(ask: Ask, audience: str):
    ask("POST", f"/lists/{audience}/merge-fields", {"name": "Seat", "tag": "SEAT", "type": "text", "required": True})
    body = {"members": [{"email_address": "ada@hall.test", "status": "subscribed"}]}
    refused = ask("POST", f"/lists/{audience}", body).body["errors"][0]
    assert (refused["error"], refused["field"], refused["field_message"]) == (
        "Your merge fields were invalid.",
        "SEAT",
        "Please enter a value",
    )
    assert ask("POST", f"/lists/{audience}", body, skip_merge_validation="true").body["total_created"] == 1
