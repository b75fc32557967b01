"""Customer profiles, one at a time: create, retrieve, sparse update, delete.

Sources: CreateCustomer, UpdateCustomer and DeleteCustomer in Square's specification, and recorded answers.
"""

from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.profiles import changes, check_named, merged
from sync_sims.square.refusal import Refused, error, not_found
from sync_sims.square.replay import Answer, once_if_keyed
from sync_sims.square.shelf import Row
from sync_sims.square.timestamps import whole_seconds

KEYS = "CreateCustomer"
LONGEST_KEY = 128


def shown(row: Row) -> Row:
    """A profile as the API shows it: `updated_at` to the second, while `created_at` has milliseconds."""
    return {**row, "updated_at": whole_seconds(row["updated_at"])}


def living(call: Call, customer_id: str) -> Row:
    """The profile.

    Raises:
        Refused: 404: there is none, or it was deleted.
    """
    row = call.books.customers.rows.get(customer_id)
    if row is None or "is_deleted" in row:
        raise not_found(f"Customer with ID `{customer_id}` not found.", field="customer_id")
    return row


def write_new(call: Call, given: Fields, *, created_at: str | None = None, source: str = "THIRD_PARTY") -> Row:
    """Create a profile from the fields sent; `created_at` is the time of the call unless given."""
    profile = merged({}, changes(given))
    check_named(profile)
    when = created_at or call.stamp
    row: Row = {
        "id": call.identifiers.customer(call.books.customers.rows),
        "created_at": when,
        "updated_at": when,
        **profile,
        "preferences": {"email_unsubscribed": False},
        "creation_source": source,
        "version": 0,
    }
    call.books.put(call.books.customers, row["id"], row)
    return row


def write_update(call: Call, customer_id: str, given: Fields) -> Row:
    """Change the fields sent; a `version` that is sent must be the profile's."""
    row = living(call, customer_id)
    version = given.whole("version")
    sent = changes(given)
    _check_version(row, version)
    profile = merged(row, sent)
    check_named(profile)
    profile |= {"updated_at": call.stamp, "version": row["version"] + 1}
    call.books.put(call.books.customers, customer_id, profile)
    return profile


def write_deletion(call: Call, customer_id: str, *, version: int | None = None) -> None:
    """Delete the profile; its row stays for judges."""
    row = living(call, customer_id)
    _check_version(row, version)
    call.books.put(call.books.customers, customer_id, {**row, "updated_at": call.stamp, "is_deleted": True})


def _check_version(row: Row, version: int | None) -> None:
    if version is not None and version != row["version"]:
        detail = f"Version {version} does not match the current version {row['version']}."
        raise Refused(409, error("CONFLICT", detail, field="version"))


def create_customer(call: Call) -> Answer:
    """POST /v2/customers; the idempotency key is optional."""

    def work() -> Answer:
        return {"customer": shown(write_new(call, call.body))}

    return once_if_keyed(call, work, scope=KEYS, longest=LONGEST_KEY)


def retrieve_customer(call: Call) -> dict[str, Any]:
    """GET /v2/customers/{id}."""
    return {"customer": shown(living(call, call.ids[0]))}


def update_customer(call: Call) -> dict[str, Any]:
    """PUT /v2/customers/{id}."""
    return {"customer": shown(write_update(call, call.ids[0], call.body))}


def delete_customer(call: Call) -> dict[str, Any]:
    """DELETE /v2/customers/{id}?version=."""
    write_deletion(call, call.ids[0], version=call.query.whole("version"))
    return {}
