"""Contacts: written in bulk, known by their own id, and nobody's wish about mail is overruled."""

from dataclasses import replace

import pytest
import requests

from sync_core.errors import BatchRefused, ProviderRefused
from sync_core.providers.mailchimp.contact import refused_contact
from sync_core.providers.protocol import Operation, Provider, Remote
from tests.sync_core.providers.mailchimp.conftest import KEY, MailchimpAccount
from tests.sync_core.providers.mailchimp.writes import create, delete, update
from tests.sync_core.providers.outside import done, read_all, sought_of, write_many, write_one

MEMBERS = "members"
BATCH = "POST /3.0/lists/{id}"
TOURIST = {"tags": [{"name": "Tourist", "status": "active"}]}
BARRED = {"email_address": "l1@x.example", "status": "subscribed"}
ONE = "PATCH /3.0/lists/{id}/members/{id}"


def made(provider: Provider, *local_ids: str) -> list[Remote]:
    return [done(one) for one in write_many(provider, MEMBERS, "create", [create(one) for one in local_ids])]


def test_five_hundred_contacts_are_one_request(mailchimp: MailchimpAccount) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(500)))
    counted = mailchimp.outside.counted()
    assert counted[BATCH] == 1
    assert [one.record["merge_fields"]["VENUEID"] for one in remotes] == [f"L{n}" for n in range(500)]
    assert {one.record["status"] for one in remotes} == {"transactional"}
    assert len({one.id for one in remotes}) == 500


def test_merge_fields_that_are_missing_are_made_once(mailchimp: MailchimpAccount) -> None:
    for n in range(3):
        made(mailchimp.provider, f"L{n}")
    made(mailchimp.bound(), "L9")
    assert mailchimp.outside.counted()["POST /3.0/lists/{id}/merge-fields"] == 6
    shown = mailchimp.at_mailchimp("GET", f"/lists/{mailchimp.list_id}/merge-fields", count=100)["merge_fields"]
    assert [(one["name"], one["type"], one["public"]) for one in shown if one["tag"] == "VENUEID"] == [
        ("Venue ID", "text", False)
    ]


def test_a_bad_entry_is_refused_and_its_neighbours_go_on(mailchimp: MailchimpAccount) -> None:
    writes = [create("L1"), create("L2", email="nowhere"), create("L3")]
    good, bad, other = write_many(mailchimp.provider, MEMBERS, "create", writes)
    assert (done(good).record["status"], done(other).record["status"]) == ("transactional", "transactional")
    assert (bad.remote, bad.refused_code) == (None, "ERROR_GENERIC")


@pytest.mark.parametrize("operation", ["create", "update"])
def test_a_batch_refused_as_a_whole_is_split_until_the_record_is_known(
    mailchimp: MailchimpAccount, operation: Operation
) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(40)))
    changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
    writes = changes if operation == "update" else [create(f"N{n}") for n in range(40)]
    mailchimp.outside.faults({"kind": "refuse", "path": f"/3.0/lists/{mailchimp.list_id}"})
    with pytest.raises(BatchRefused, match="None of the 40"):
        write_many(mailchimp.provider, MEMBERS, operation, writes)
    alone = write_one(mailchimp.provider, MEMBERS, create("N0"))
    assert (alone.remote, alone.refused_code) == (None, "INVALID_RESOURCE")


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "half_answer", "throttle", "error_before", "error_after"]
)
@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_write_disturbed_anywhere_ends_as_if_it_had_not_been(
    mailchimp: MailchimpAccount, kind: str, operation: str
) -> None:
    list_id = mailchimp.list_id
    fault = {"kind": kind, "status": 503, "times": 1}
    names = [f"L{n}" for n in range(30)]
    if operation == "create":
        mailchimp.outside.faults({**fault, "path": f"/3.0/lists/{list_id}"})
    remotes = made(mailchimp.provider, *names)
    if operation == "update":
        mailchimp.outside.faults({**fault, "path": f"/3.0/lists/{list_id}"})
        changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
        assert {done(one).id for one in write_many(mailchimp.provider, MEMBERS, "update", changes)} == {
            one.id for one in remotes
        }
        assert mailchimp.member("l7@x.example")["merge_fields"]["CITY"] == "Oslo"
    if operation == "delete":
        mailchimp.outside.faults({**fault, "path": f"/3.0/lists/{list_id}/members"})
        assert done(write_one(mailchimp.provider, MEMBERS, delete(remotes[0], local_id="L0"))).deleted
        assert mailchimp.member("l0@x.example")["status"] == "archived"
    assert len(mailchimp.outside.objects("members")) == 30


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "pending", "cleaned"])
@pytest.mark.parametrize("count", [1, 40])
def test_no_update_touches_anybodys_status(mailchimp: MailchimpAccount, status: str, count: int) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(count)))
    mailchimp.change("l0@x.example", status=status)
    fields = {"merge_fields.LNAME": "New", "merge_fields.FNAME": None, "email_address": "l0@x.example"}
    changes = [
        update(one, {**fields, "email_address": f"l{n}@x.example"}, local_id=f"L{n}") for n, one in enumerate(remotes)
    ]
    outcomes = write_many(mailchimp.provider, MEMBERS, "update", changes)
    after = mailchimp.member("l0@x.example")
    assert (after["status"], after["merge_fields"]["LNAME"], after["merge_fields"]["FNAME"]) == (status, "New", "")
    assert [done(one).id for one in outcomes] == [one.id for one in remotes]


def test_many_changes_are_one_request_and_few_are_one_each(mailchimp: MailchimpAccount) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(200)))
    changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
    write_many(mailchimp.provider, MEMBERS, "update", changes)
    assert mailchimp.outside.counted()[BATCH] == 2
    write_many(mailchimp.provider, MEMBERS, "update", changes[:3])
    counted = mailchimp.outside.counted()
    assert (counted[BATCH], counted[ONE]) == (2, 3)


@pytest.mark.parametrize("count", [1, 40])
def test_who_is_archived_stays_so_whatever_is_pushed(mailchimp: MailchimpAccount, count: int) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(count)))
    mailchimp.archive("l0@x.example")
    changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
    outcomes = write_many(mailchimp.bound(), MEMBERS, "update", changes)
    assert [done(one).id for one in outcomes] == [one.id for one in remotes]
    after = mailchimp.member("l0@x.example")
    assert (after["status"], after["merge_fields"]["CITY"]) == ("archived", "Oslo")


def test_who_was_archived_before_we_came_is_not_taken_out(mailchimp: MailchimpAccount) -> None:
    mailchimp.add("l1@x.example")
    mailchimp.archive("l1@x.example")
    refused, other = write_many(mailchimp.provider, MEMBERS, "create", [create("L1"), create("L2")])
    assert (refused.remote, refused.refused_code) == (None, "ARCHIVED")
    assert done(other).record["status"] == "transactional"
    assert mailchimp.member("l1@x.example")["status"] == "archived"


def test_who_was_deleted_for_good_is_not_made_again(mailchimp: MailchimpAccount) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(40)))
    where = f"/lists/{mailchimp.list_id}/members/{remotes[0].state['hash']}/actions/delete-permanent"
    mailchimp.at_mailchimp("POST", where)
    changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
    first, *others = write_many(mailchimp.provider, MEMBERS, "update", changes)
    assert (first.remote, first.refused_code) == (None, "NOT_FOUND")
    assert all(one.remote is not None for one in others)
    again = write_one(mailchimp.bound(), MEMBERS, create("L0"))
    moved = write_one(mailchimp.bound(), MEMBERS, update(remotes[1], {"email_address": "l0@x.example"}))
    for refusal in (again, moved):
        assert (refusal.remote, refusal.refused_code) == (None, "FORGOTTEN")
        assert "ask them to sign up" in (refusal.refused_reason or "")
        assert "l0@x.example" not in (refusal.refused_reason or "")


def test_who_unsubscribed_is_subscribed_by_nobody_else(mailchimp: MailchimpAccount) -> None:
    mailchimp.outside.seed("members", {"email_address": "l1@x.example", "status": "unsubscribed"})
    where = f"/lists/{mailchimp.list_id}"
    said = mailchimp.at_mailchimp("POST", where, {"members": [BARRED], "update_existing": True})["errors"][0]["error"]
    refusal = refused_contact(create("L1"), "ERROR_GENERIC", said=said, reason=said)
    assert (refusal.refused_code, "ask them" in (refusal.refused_reason or "")) == ("COMPLIANCE", True)


def test_an_address_changed_at_the_venue_moves_the_contact(mailchimp: MailchimpAccount) -> None:
    (before,) = made(mailchimp.provider, "L1")
    after = done(write_one(mailchimp.provider, MEMBERS, update(before, {"email_address": "new@x.example"})))
    assert after.id == before.id
    assert after.state["hash"] != before.state["hash"]
    again = done(write_one(mailchimp.provider, MEMBERS, update(after, {"merge_fields.CITY": "Oslo"})))
    assert (again.id, again.record["email_address"]) == (before.id, "new@x.example")


def test_an_address_changed_at_mailchimp_unseen_by_us_is_never_written_to_again(mailchimp: MailchimpAccount) -> None:
    remotes = made(mailchimp.provider, *(f"L{n}" for n in range(40)))
    mailchimp.change("l0@x.example", email_address="elsewhere@x.example")
    changes = [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n}") for n, one in enumerate(remotes)]
    outcomes = write_many(mailchimp.provider, MEMBERS, "update", changes)
    assert [done(one).id for one in outcomes] == [one.id for one in remotes]
    assert mailchimp.member("elsewhere@x.example")["merge_fields"]["CITY"] == "Oslo"
    assert mailchimp.at_mailchimp("GET", f"/lists/{mailchimp.list_id}/members")["total_items"] == 40


def test_an_address_that_is_somebody_elses_is_refused(mailchimp: MailchimpAccount) -> None:
    one, _ = made(mailchimp.provider, "L1", "L2")
    taken = write_one(mailchimp.provider, MEMBERS, update(one, {"email_address": "L2@x.example"}))
    assert taken.refused_code == "MEMBER_EXISTS"
    same, other = write_many(
        mailchimp.provider, MEMBERS, "create", [create("L3", email="l1@x.example"), create("L4", email="l4@x.example")]
    )
    assert (same.refused_code, other.refused_code) == ("EMAIL_TAKEN", None)
    first, second = write_many(
        mailchimp.provider,
        MEMBERS,
        "create",
        [create("L5", email="five@x.example"), create("L6", email="Five@x.example")],
    )
    assert (first.refused_code, second.refused_code) == (None, "EMAIL_TAKEN")
    assert mailchimp.member("l1@x.example")["merge_fields"]["VENUEID"] == "L1"


def test_a_customer_without_an_address_or_an_id_is_refused_without_asking(mailchimp: MailchimpAccount) -> None:
    assert write_one(mailchimp.provider, MEMBERS, create("L1", email=None)).refused_code == "NO_EMAIL"
    nowhere = Remote(id="", record={})
    write = update(nowhere, {})
    for operation in ("update", "delete"):
        lost = type(write)(operation=operation, local_id="L1", key="k", fields={})
        assert write_one(mailchimp.provider, MEMBERS, lost).refused_code == "NO_REMOTE_ID"


def test_a_contact_that_is_ours_already_is_known_again(mailchimp: MailchimpAccount) -> None:
    (before,) = made(mailchimp.provider, "L1")
    mailchimp.change("l1@x.example", status="unsubscribed")
    after = done(write_one(mailchimp.bound(), MEMBERS, create("L1", FNAME="Later")))
    assert (after.id, after.record["status"], after.record["merge_fields"]["FNAME"]) == (
        before.id,
        "unsubscribed",
        "Later",
    )


def test_a_deletion_archives_once_and_for_all(mailchimp: MailchimpAccount) -> None:
    (one,) = made(mailchimp.provider, "L1")
    for _ in range(2):
        gone = done(write_one(mailchimp.provider, MEMBERS, delete(one)))
        assert (gone.id, gone.deleted, gone.state) == (one.id, True, {})
    assert mailchimp.member("l1@x.example")["status"] == "archived"


def test_a_deletion_for_good_leaves_nothing(mailchimp: MailchimpAccount) -> None:
    provider = mailchimp.bound(on_delete="delete")
    (one,) = made(provider, "L1")
    mailchimp.change("l1@x.example", email_address="moved@x.example")
    for _ in range(2):
        assert done(write_one(provider, MEMBERS, delete(one))).deleted
    left = mailchimp.at_mailchimp("GET", f"/lists/{mailchimp.list_id}/members", status="archived")["members"]
    assert left == []


def test_the_first_reading_shows_everybody_and_later_ones_what_changed(mailchimp: MailchimpAccount) -> None:
    for status in ("subscribed", "unsubscribed", "transactional"):
        mailchimp.add(f"{status}@x.example", status, FNAME=status)
    mailchimp.add("archived@x.example")
    mailchimp.archive("archived@x.example")
    records, cursor = read_all(mailchimp.provider, MEMBERS, None)
    assert {one.record["merge_fields"]["FNAME"] for one in records} == {"subscribed", "unsubscribed", "transactional"}
    assert all(one.updated_at == mailchimp.clock.now() for one in records)
    mailchimp.clock.advance(3600)
    mailchimp.change("unsubscribed@x.example", merge_fields={"LNAME": "New"})
    changed, _ = read_all(mailchimp.provider, MEMBERS, cursor)
    assert "New" in {one.record["merge_fields"].get("LNAME") for one in changed}
    mailchimp.clock.advance(3600)
    mailchimp.change("subscribed@x.example", merge_fields={"LNAME": "Newer"})
    _, cursor = read_all(mailchimp.provider, MEMBERS, cursor)
    latest, _ = read_all(mailchimp.provider, MEMBERS, cursor)
    assert [one.record["merge_fields"].get("LNAME") for one in latest] == ["Newer"]


def test_a_field_without_a_value_is_absent_and_not_an_empty_text(mailchimp: MailchimpAccount) -> None:
    """An empty text where we knew of nothing would be taken for a change that somebody made there."""
    (one,) = made(mailchimp.provider, "L1")
    (read,), _ = read_all(mailchimp.provider, MEMBERS, None)
    assert one.record["merge_fields"] == read.record["merge_fields"] == {"VENUEID": "L1", "FNAME": "Guest L1"}
    cleared = done(write_one(mailchimp.provider, MEMBERS, update(one, {"merge_fields.FNAME": None})))
    assert cleared.record["merge_fields"] == {"VENUEID": "L1"}


def test_what_was_written_is_found_and_what_was_not_is_not(mailchimp: MailchimpAccount) -> None:
    mailchimp.add("l2@x.example")
    (one,) = made(mailchimp.provider, "L1")
    sought = [sought_of(create(name), mailchimp.clock) for name in ("L1", "L2", "L3")]
    assert {name: remote.id for name, remote in mailchimp.provider.find(MEMBERS, sought).items()} == {"L1": one.id}


def test_the_account_is_known_by_its_audience(mailchimp: MailchimpAccount) -> None:
    account = mailchimp.provider.account()
    assert account.id.endswith(f"/{mailchimp.list_id}")
    assert "Hall 7" in account.name


def test_with_several_audiences_one_must_be_chosen(mailchimp: MailchimpAccount) -> None:
    body = {
        "name": "Friends",
        "contact": {"company": "C", "address1": "A", "city": "C", "country": "US"},
        "permission_reminder": "You signed up.",
        "campaign_defaults": {"from_name": "C", "from_email": "c@x.example", "subject": "", "language": "en"},
        "email_type_option": False,
    }
    second = mailchimp.at_mailchimp("POST", "/lists", body)["id"]
    with pytest.raises(ProviderRefused, match=r"2 audiences.*list_id"):
        mailchimp.bound().account()
    assert mailchimp.bound(list_id=second).account().name.endswith("Friends")
    with pytest.raises(ProviderRefused, match="no audience nonsense"):
        mailchimp.bound(list_id="nonsense").account()


def test_no_call_is_made_that_the_session_does_not_know_of(mailchimp: MailchimpAccount) -> None:
    made(mailchimp.provider, "L1", "L2")
    there = requests.get(f"{mailchimp.outside.base}/_sim/calls", timeout=5).json()
    assert there["total"] == mailchimp.outside.calls.snapshot().total.calls
    assert KEY not in str(mailchimp.outside.counted())


TAG = "POST /3.0/lists/{id}/members/{id}/tags"


def tags_at(mailchimp: MailchimpAccount, address: str) -> list[str]:
    return sorted(tag["name"] for tag in mailchimp.member(address)["tags"])


def test_tags_travel_with_the_batch_and_cost_no_call_of_their_own(mailchimp: MailchimpAccount) -> None:
    writes = [create(f"L{n}") for n in range(60)]
    tagged = [replace(write, fields={**write.fields, "tags": ["Gold", "VIP"]}) for write in writes]
    remotes = [done(one) for one in write_many(mailchimp.provider, MEMBERS, "create", tagged)]
    assert {tuple(one.record["tags"]) for one in remotes} == {("Gold", "VIP")}
    mailchimp.at_mailchimp("POST", f"/lists/{mailchimp.list_id}/members/{remotes[0].state['hash']}/tags", TOURIST)
    changes = [update(one, {"tags": ["VIP"]}, local_id=f"L{n}") for n, one in enumerate(remotes[:40])]
    changes[1] = update(remotes[1], {"tags": None}, local_id="L1")
    changes += [update(one, {"merge_fields.CITY": "Oslo"}, local_id=f"L{n + 40}") for n, one in enumerate(remotes[40:])]
    after = [done(one).record["tags"] for one in write_many(mailchimp.provider, MEMBERS, "update", changes)]
    assert after == [["VIP"], None] + [["VIP"]] * 38 + [["Gold", "VIP"]] * 20
    assert [tags_at(mailchimp, f"l{n}@x.example") for n in (0, 1, 2, 40)] == [["VIP"], [], ["VIP"], ["Gold", "VIP"]]
    counted = mailchimp.outside.counted()
    assert (counted[BATCH], counted.get(TAG, 0), counted.get(ONE, 0)) == (3, 0, 0)


def test_few_changes_of_tags_name_each_one_and_no_more(mailchimp: MailchimpAccount) -> None:
    (remote,) = made(mailchimp.provider, "L1")
    before = mailchimp.outside.counted()
    first = done(write_one(mailchimp.provider, MEMBERS, update(remote, {"tags": ["Gold", "VIP"]})))
    second = done(
        write_one(mailchimp.provider, MEMBERS, update(remote, {"tags": ["vip"], "merge_fields.CITY": "Oslo"}))
    )
    same = done(write_one(mailchimp.provider, MEMBERS, update(remote, {"tags": ["VIP"]})))
    assert (first.record["tags"], second.record["tags"], same.record["tags"]) == (["Gold", "VIP"], ["VIP"], ["VIP"])
    assert tags_at(mailchimp, "l1@x.example") == ["VIP"]
    counted = mailchimp.outside.counted()
    assert (counted[TAG], counted[ONE], counted[BATCH]) == (2, 1, before[BATCH])


def test_more_tags_than_a_contact_shows_are_all_known(mailchimp: MailchimpAccount) -> None:
    names = [f"T{n:02}" for n in range(60)]
    mailchimp.outside.seed("members", {"email_address": "much@x.example", "status": "subscribed", "tags": names})
    (remote,), _ = read_all(mailchimp.provider, MEMBERS, None)
    assert remote.record["tags"] == names
    assert mailchimp.provider.fetch(MEMBERS, [remote.id]) == [remote]
    less = done(write_one(mailchimp.provider, MEMBERS, update(remote, {"tags": names[:55]})))
    assert less.record["tags"] == names[:55]
    assert read_all(mailchimp.provider, MEMBERS, None)[0][0].record["tags"] == names[:55]
