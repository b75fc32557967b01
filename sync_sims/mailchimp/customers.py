"""Customers of a store. Whoever has an address is a member of the store's list as well.

Source: the specification's /ecommerce/stores/{store_id}/customers: `opt_in_status` subscribes a new member or makes it
transactional, and never changes the status of somebody who is on the list already.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError, bad_request, not_found
from sync_sims.mailchimp.finding import living_store, member_on
from sync_sims.mailchimp.member_write import checked_email, write_member
from sync_sims.mailchimp.shape import FLAG, TEXT, Shape, within
from sync_sims.mailchimp.shelf import Row

_PLACE = ("address1", "address2", "city", "province", "province_code", "postal_code", "country", "country_code")
_TEXTS = ("email_address", "sms_phone_number", "company", "first_name", "last_name")
_FIELDS = {
    "id": TEXT,
    **dict.fromkeys(_TEXTS, TEXT),
    "opt_in_status": FLAG,
    "address": within(Shape(dict.fromkeys(_PLACE, TEXT))),
}
CUSTOMER = Shape(_FIELDS, required=("id", "opt_in_status"))
# In orders and carts, which may speak of a customer who is known already.
INLINE = Shape(_FIELDS, required=("id",))
LONGEST_ID = 50


def write_customer(call: Call, store: Row, customer_id: str, given: Row) -> Row:
    """Create the customer or change the one that is there; unchanged, it is not written."""
    if len(customer_id) > LONGEST_ID:
        raise bad_request(f"A customer's ID has at most {LONGEST_ID} characters.")
    key = f"{store['id']}/{customer_id}"
    before = call.books.customers.rows.get(key)
    if before is None and not given.get("email_address") and not given.get("sms_phone_number"):
        raise bad_request("A new customer needs an e-mail address or a phone number.")
    if given.get("email_address"):
        checked_email(call, given["email_address"])
    base = before or {
        **dict.fromkeys(_TEXTS, ""),
        "opt_in_status": False,
        "address": dict.fromkeys(_PLACE, ""),
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "store_id": store["id"],
    }
    row = {**base, **given, "id": customer_id, "address": {**base["address"], **given.get("address", {})}}
    if row != before:
        row["updated_at"] = call.stamp
        call.books.put(call.books.customers, key, row)
        _join(call, store, row)
    return row


def _join(call: Call, store: Row, row: Row) -> None:
    """Put somebody who is not on the list there; who may not come back stays away, and is a customer all the same."""
    email = row["email_address"]
    if not email or store["list_id"] not in call.books.lists.rows:
        return
    if member_on(call, store["list_id"], email) is not None:
        return
    status = "subscribed" if row["opt_in_status"] else "transactional"
    names = {"FNAME": row["first_name"], "LNAME": row["last_name"]}
    given = {"email_address": email, "merge_fields": {tag: name for tag, name in names.items() if name}}
    try:
        write_member(call, store["list_id"], None, given=given, status=status, skip_merge_validation=True)
    except ApiError:
        return


def shown(call: Call, row: Row) -> Row:
    """A customer as the API shows it."""
    key = f"{row['store_id']}/{row['id']}"
    answer = {name: value for name, value in row.items() if name != "store_id"}
    answer |= {"orders_count": call.books.ledger.number(key), "total_spent": call.books.ledger.spent(key)}
    return call.linked(answer, f"/ecommerce/stores/{row['store_id']}/customers/{row['id']}", "Ecommerce/Customers")


def _living(call: Call) -> Row:
    row = call.books.customers.rows.get(f"{living_store(call)['id']}/{call.ids[1]}")
    if row is None:
        raise not_found()
    return row


def read_customers(call: Call) -> Row:
    """GET …/customers, all or those with `email_address`."""
    store_id = living_store(call)["id"]
    email = call.asking.text("email_address")
    rows = [
        row
        for row in call.books.customers.family(store_id).values()
        if email is None or row["email_address"].lower() == email.lower()
    ]
    page = [shown(call, row) for row in call.asking.page(rows)]
    path = f"/ecommerce/stores/{store_id}/customers"
    return call.collection("customers", page, total=len(rows), path=path, store_id=store_id)


def create_customer(call: Call) -> Row:
    """POST …/customers."""
    store = living_store(call)
    given = call.given(CUSTOMER)
    if f"{store['id']}/{given['id']}" in call.books.customers.rows:
        raise bad_request("A customer with the provided ID already exists in the account for this list.")
    return shown(call, write_customer(call, store, given["id"], given))


def read_customer(call: Call) -> Row:
    """GET …/customers/{customer_id}."""
    return shown(call, _living(call))


def upsert_customer(call: Call) -> Row:
    """PUT …/customers/{customer_id}."""
    store = living_store(call)
    return shown(call, write_customer(call, store, call.ids[1], call.given(CUSTOMER)))


def update_customer(call: Call) -> Row:
    """PATCH …/customers/{customer_id}."""
    store = living_store(call)
    _living(call)
    return shown(call, write_customer(call, store, call.ids[1], call.changes(CUSTOMER)))


def delete_customer(call: Call) -> None:
    """DELETE …/customers/{customer_id}; the member of the list stays."""
    row = _living(call)
    call.books.remove(call.books.customers, f"{row['store_id']}/{row['id']}")
