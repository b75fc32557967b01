"""Whatever is sent, Mailchimp answers; and the pages of a list that nobody changes hold every member once."""

import random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.mailchimp.member_write import PROFILE
from sync_sims.mailchimp.orders import ORDER
from sync_sims.mailchimp.products import PRODUCT
from sync_sims.mailchimp.routes import ROUTES
from sync_sims.wire import Request, Response

KEY = "k-us1"
NAMES = sorted(
    {
        *PROFILE,
        *ORDER.fields,
        *PRODUCT.fields,
        *("members", "tags", "status_if_new", "update_existing", "members_to_add", "static_segment", "opt_in_status"),
        *("operations", "method", "path", "contact", "type", "options", "choices", "list_id", "name", "addr1"),
    }
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "ada@hall.test", "subscribed", "hall", "stalls", "adult", "active", "2026-01-01", "text", "\0"]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
QUERIES = st.dictionaries(
    st.sampled_from(
        ["count", "offset", "fields", "exclude_fields", "status", "since_last_changed", "sort_field", "type"]
    ),
    st.sampled_from(["", "5", "-1", "1001", "id", "a.b,c", ".", ",", "subscribed", "²", "2026-01-01T00:00:00Z"])
    | st.text(max_size=4),
    max_size=3,
)


def furnished() -> tuple[MailchimpSimulator, str]:
    simulator = MailchimpSimulator(chance=random.Random(3), clock=lambda: 1_790_000_000)
    simulator.register(KEY, account_id="a", name="Hall")
    audience = simulator.objects("a", "lists")[0]["id"]
    simulator.seed("a", "members", [{"email_address": "ada@hall.test", "tags": ["VIP"]}])
    simulator.seed("a", "stores", [{"id": "hall", "name": "Hall"}])
    variants = [{"id": "adult", "title": "Adult"}]
    simulator.seed("a", "products", [{"id": "stalls", "title": "Stalls", "variants": variants}])
    return simulator, audience


def send(simulator: MailchimpSimulator, method: str, path: str, query: dict[str, str], body: Any) -> Response:
    headers = {"authorization": f"Bearer {KEY}"}
    payload = orjson.dumps(body) if isinstance(body, dict) and _fits(body) else b"{}"
    return simulator.handle(Request(method, path, tuple(query.items()), headers, payload))


def _fits(body: Any) -> bool:
    """Whether the numbers fit into JSON as orjson writes it."""
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(route=st.sampled_from(ROUTES), body=BODIES, query=QUERIES, data=st.data())
def test_no_request_breaks_the_simulator(route: Any, body: dict[str, Any], query: dict[str, str], data: st.DataObject):
    simulator, audience = furnished()
    ids = st.sampled_from([audience, "hall", "ada@hall.test", "stalls", "adult", "1", "nobody", "3730000"])
    path = "/3.0" + route.template
    while "{id}" in path:
        path = path.replace("{id}", data.draw(ids), 1)
    if route.template.startswith("/lists/"):
        path = path.replace(path.split("/")[3], audience, 1)
    if route.template.startswith("/ecommerce/stores/"):
        path = path.replace(path.split("/")[4], "hall", 1)
    answer = send(simulator, route.method, path, query, body)
    assert answer.status in {200, 204, 400, 403, 404, 405, 422, 429}
    assert orjson.dumps(answer.body)
    for name in ("members", "products", "orders", "customers", "segments", "merge_fields"):
        simulator.objects("a", name)
    assert send(simulator, "GET", f"/3.0/lists/{audience}/members", {"count": "1000"}, {}).status in {200, 404}
    assert send(simulator, "GET", "/3.0/ecommerce/orders", {"count": "1000"}, {}).status == 200


@settings(max_examples=50, deadline=None)
@given(
    number=st.integers(0, 60), count=st.integers(1, 25), order=st.sampled_from(["", "last_changed", "timestamp_opt"])
)
def test_pages_hold_every_member_once(number: int, count: int, order: str):
    simulator = MailchimpSimulator()
    simulator.register(KEY, account_id="a", name="Hall")
    audience = simulator.objects("a", "lists")[0]["id"]
    simulator.seed("a", "members", [{"email_address": f"m{one}@hall.test"} for one in range(number)])
    seen: list[str] = []
    for offset in range(0, number + count, count):
        query = {"count": str(count), "offset": str(offset), "sort_field": order}
        answer = send(simulator, "GET", f"/3.0/lists/{audience}/members", query, {})
        assert answer.body["total_items"] == number
        seen += [row["id"] for row in answer.body["members"]]
    assert len(seen) == len(set(seen)) == number
