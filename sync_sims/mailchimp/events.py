"""What members did elsewhere, as the venue's own system tells Mailchimp; and journeys that the API starts.

Source: the specification's …/members/{subscriber_hash}/events and /customer-journeys/journeys/{journey_id}/steps/{step_id}.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import invalid, not_found
from sync_sims.mailchimp.finding import living_member
from sync_sims.mailchimp.identifiers import subscriber_hash
from sync_sims.mailchimp.shape import FLAG, MOMENT, OBJECT, TEXT, Shape
from sync_sims.mailchimp.shelf import Row

EVENT = Shape({"name": TEXT, "properties": OBJECT, "occurred_at": MOMENT, "is_syncing": FLAG}, required=("name",))
TRIGGER = Shape({"email_address": TEXT}, required=("email_address",))


def _contact(member: Row) -> str:
    return f"{member['list_id']}/{member['contact_id']}"


def create_event(call: Call) -> None:
    """POST /lists/{list_id}/members/{subscriber_hash}/events; a name has 2 to 30 characters."""
    member = living_member(call)
    given = call.given(EVENT)
    if not 2 <= len(given["name"]) <= 30:
        raise invalid(("name", "This value should have between 2 and 30 characters."))
    shelf = call.books.events
    contact = _contact(member)
    row = {
        "name": given["name"],
        "occurred_at": given.get("occurred_at") or call.stamp,
        "properties": given.get("properties", {}),
        "contact": contact,
    }
    call.books.put(shelf, f"{contact}/{len(shelf.family(contact))}", row)


def read_events(call: Call) -> Row:
    """GET /lists/{list_id}/members/{subscriber_hash}/events, the latest first."""
    member = living_member(call)
    rows = sorted(call.books.events.family(_contact(member)).values(), key=lambda row: row["occurred_at"], reverse=True)
    page = [{name: row[name] for name in ("name", "occurred_at", "properties")} for row in call.asking.page(rows)]
    path = f"/lists/{member['list_id']}/members/{member['id']}/events"
    return call.collection("events", page, total=len(rows), path=path)


def trigger_journey(call: Call) -> None:
    """POST /customer-journeys/journeys/{journey_id}/steps/{step_id}/actions/trigger for somebody on the journey's list."""
    journey = call.books.journeys.rows.get("/".join(call.ids))
    given = call.given(TRIGGER)
    if journey is None:
        raise not_found()
    key = f"{journey['list_id']}/{subscriber_hash(given['email_address'])}"
    if key not in call.books.members.rows:
        raise not_found()
    shelf = call.books.journey_triggers
    row = {**journey, "email_address": given["email_address"], "at": call.stamp}
    call.books.put(shelf, str(len(shelf.rows)), row)
