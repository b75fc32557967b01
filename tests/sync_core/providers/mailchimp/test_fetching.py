"""What an event names is read as it is now: in order, in few calls, and what is gone is said to be gone."""

import pytest

from tests.sync_core.providers.mailchimp.conftest import MailchimpAccount
from tests.sync_core.providers.mailchimp.writes import create, product
from tests.sync_core.providers.outside import done, read_all, write_many, write_one

MEMBER = "GET /3.0/lists/{id}/members/{id}"
MEMBERS = "GET /3.0/lists/{id}/members"
PRODUCT = "GET /3.0/ecommerce/stores/{id}/products/{id}"
PRODUCTS = "GET /3.0/ecommerce/stores/{id}/products"


def since(mailchimp: MailchimpAccount, before: dict[str, int]) -> dict[str, int]:
    """Calls by endpoint since `before`."""
    now = mailchimp.outside.counted()
    return {name: count - before.get(name, 0) for name, count in now.items() if count > before.get(name, 0)}


@pytest.mark.parametrize(("count", "calls"), [(2, {MEMBER: 2}), (60, {MEMBERS: 1})])
def test_contacts_are_fetched_as_reading_shows_them(
    mailchimp: MailchimpAccount, count: int, calls: dict[str, int]
) -> None:
    for remote in write_many(mailchimp.provider, "members", "create", [create(f"L{n}") for n in range(60)]):
        done(remote)
    records, _ = read_all(mailchimp.provider, "members", None)
    wanted = records[:count][::-1]
    before = mailchimp.outside.counted()

    fetched = mailchimp.provider.fetch("members", [one.id for one in wanted])

    assert fetched == wanted
    assert since(mailchimp, before) == calls


def test_who_is_archived_is_there_and_who_was_deleted_for_good_is_gone(mailchimp: MailchimpAccount) -> None:
    remotes = [
        done(one) for one in write_many(mailchimp.provider, "members", "create", [create(f"L{n}") for n in range(40)])
    ]
    mailchimp.archive("l0@x.example")
    where = f"/lists/{mailchimp.list_id}/members/{remotes[1].state['hash']}/actions/delete-permanent"
    mailchimp.at_mailchimp("POST", where)
    for ids in ([remotes[0].id, remotes[1].id], [one.id for one in remotes]):
        archived, gone, *others = mailchimp.provider.fetch("members", ids)
        assert (archived.id, archived.deleted, archived.record["status"]) == (remotes[0].id, False, "archived")
        assert (gone.id, gone.deleted, gone.record) == (remotes[1].id, True, {})
        assert not any(one.deleted for one in others)


def test_products_are_fetched_one_by_one_or_a_page_at_a_time(mailchimp: MailchimpAccount) -> None:
    assert mailchimp.provider.fetch("store_products", ["p0"])[0].deleted
    for n in range(30):
        done(write_one(mailchimp.provider, "store_products", product(f"p{n}")))
    before = mailchimp.outside.counted()
    few = mailchimp.provider.fetch("store_products", ["p7", "p77", "p3"])
    assert since(mailchimp, before) == {PRODUCT: 3}
    assert [(one.id, one.deleted) for one in few] == [("p7", False), ("p77", True), ("p3", False)]
    before = mailchimp.outside.counted()
    many = mailchimp.provider.fetch("store_products", [f"p{n}" for n in range(30)])
    assert since(mailchimp, before) == {PRODUCTS: 1}
    assert [one.id for one in many] == [f"p{n}" for n in range(30)]


def test_nothing_asked_costs_nothing(mailchimp: MailchimpAccount) -> None:
    assert mailchimp.provider.fetch("members", []) == []
    assert mailchimp.outside.counted() == {}
