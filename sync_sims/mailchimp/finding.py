"""The list, the member, the store that a request's path names, or a 404."""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import not_found
from sync_sims.mailchimp.identifiers import subscriber_hash
from sync_sims.mailchimp.shelf import Row


def living_list(call: Call) -> Row:
    """The list that the path names first.

    Raises:
        ApiError: 404.
    """
    row = call.books.lists.rows.get(call.ids[0])
    if row is None:
        raise not_found()
    return row


def member_on(call: Call, list_id: str, name: str) -> Row | None:
    """The member by hash, address or contact id; None when the list has no such member."""
    digest = subscriber_hash(name) if "@" in name else name.lower()
    row = call.books.members.rows.get(f"{list_id}/{digest}")
    if row is None:
        key = call.books.rosters.of_contact(list_id, digest)
        row = None if key is None else call.books.members.rows[key]
    return row


def living_member(call: Call) -> Row:
    """The member that the path names after the list.

    Raises:
        ApiError: 404: there is no such list, or no such member.
    """
    row = member_on(call, living_list(call)["id"], call.ids[1])
    if row is None:
        raise not_found()
    return row


def living_store(call: Call) -> Row:
    """The store that the path names first.

    Raises:
        ApiError: 404.
    """
    row = call.books.stores.rows.get(call.ids[0])
    if row is None:
        raise not_found()
    return row
