"""Every object shown has the properties that Mailchimp's published specification names, of the types it names."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.mailchimp.routes import ROUTES
from sync_sims.wire import Response
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask
from tests.sync_sims.mailchimp.test_stores import order

SPEC = Path(__file__).parents[3].parent / "shared" / "specs" / "mailchimp" / "marketing-3.0.85.trim.json"
KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float)}
# Recorded answers leave these out where the account does not use them.
UNUSED = {
    "account": set[str](),
    "list": {"total_contacts"},
    "member": {"last_note", "marketing_permissions", "unsubscribe_reason"},
    "segment": {"options"},
    "field": {"choices", "date_format", "default_country", "phone_format"},
    "store": {"connected_site"},
    "order": {"outreach", "tracking_code"},
    "campaign": {
        "ab_split_opts",
        "delivery_status",
        "parent_campaign_id",
        "report_summary",
        "resend_shortcut_eligibility",
        "resend_shortcut_usage",
        "rss_opts",
        "social_card",
        "variate_settings",
        "segment_opts",
        "capsule",
        "salesforce",
        "auto_fb_post",
    },
    "report": {"ab_split", "industry_stats", "rss_last_send", "share_report", "timewarp"},
    "automation": {"report_summary", "runtime", "segment_opts", "tracking"},
    "batch": set[str](),
}
# Recorded with fewer properties than the specification has, or with those alone that a kind of merge field has.
PARTIAL = {"delivery_status", "abandoned_cart", "abandoned_browse", "options"}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """The specification."""
    if not SPEC.exists():
        pytest.skip("the published specification is not here")
    return orjson.loads(SPEC.read_bytes())


def resolved(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, behind references and `allOf`."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    merged = dict(schema)
    for part in schema.get("allOf", ()):
        inner = resolved(part, spec)
        properties = {**merged.get("properties", {}), **inner.get("properties", {})}
        merged = {**inner, **merged, **({"properties": properties} if properties else {})}
    return merged


def complaints(value: Any, schema: dict[str, Any], at: str, spec: dict[str, Any], unused: set[str]) -> list[str]:
    """What is wrong with a value, by the schema."""
    schema = resolved(schema, spec)
    kind = schema.get("type")
    if kind is not None and not (isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))):
        return [f"{at}: {value!r} is no {kind}"]
    if "enum" in schema and value not in {*schema["enum"], ""}:
        return [f"{at}: {value!r} is not in the enumeration"]
    if isinstance(value, list):
        return [wrong for entry in value for wrong in complaints(entry, schema["items"], f"{at}[]", spec, unused)]
    if not isinstance(value, dict) or not schema.get("properties"):
        return []
    properties = schema["properties"]
    partial = at.rsplit(".", 1)[-1] in PARTIAL
    missing = [] if partial else [name for name in properties if name not in value and name not in unused]
    found = [f"{at}.{name} is missing" for name in missing]
    found += [f"{at}.{name} is not in the specification" for name in value if name not in {*properties, "_links"}]
    for name, entry in value.items():
        if name in properties:
            found += complaints(entry, properties[name], f"{at}.{name}", spec, unused)
    return found


def answers_of(ask: Ask, audience: str, simulator: MailchimpSimulator) -> list[tuple[str, str, str, Response]]:
    """Kind of thing, method and path of the specification, answer."""
    member = {"email_address": "ada@hall.test", "status": "subscribed", "tags": ["VIP"], "merge_fields": {"FNAME": "A"}}
    made = ask("POST", f"/lists/{audience}/members", member)
    tagged = ask("GET", f"/lists/{audience}/segments").body["segments"][0]["id"]
    simulator.seed(ACCOUNT, "orders", [order(shipping_address={"name": "Ada"})])
    simulator.seed(ACCOUNT, "carts", [order("cart")])
    variants = [{"subject_line": name, "emails_sent": 2, "unique_opens": 1} for name in "ab"]
    kinds = ("regular", "absplit", "variate")
    rows = [{"type": kind, "subject_line": kind, "variants": [] if kind == "regular" else variants} for kind in kinds]
    sent = simulator.seed(ACCOUNT, "campaigns", rows)
    simulator.seed(ACCOUNT, "automations", [{"title": "Welcome"}])
    batch = ask("POST", "/batches", {"operations": [{"method": "GET", "path": "/ping"}]})
    one = f"/lists/{audience}/members/ada@hall.test"
    store = "/ecommerce/stores/hall"
    body = {"email_address": "ada@hall.test", "status_if_new": "subscribed"}
    refused = {"email_address": "nobody", "status": "subscribed"}
    return [
        ("account", "get", "/", ask("GET", "/")),
        ("account", "get", "/ping", ask("GET", "/ping")),
        ("list", "get", "/lists", ask("GET", "/lists")),
        ("list", "get", "/lists/{listId}", ask("GET", f"/lists/{audience}")),
        ("member", "post", "/lists/{listId}/members", made),
        ("member", "get", "/lists/{listId}/members", ask("GET", f"/lists/{audience}/members")),
        ("member", "put", "/lists/{listId}/members/{subscriberHash}", ask("PUT", one, body)),
        ("member", "get", "/lists/{listId}/members/{subscriberHash}/tags", ask("GET", f"{one}/tags")),
        ("member", "get", "/lists/{listId}/members/{subscriberHash}/events", ask("GET", f"{one}/events")),
        ("batch", "post", "/lists/{listId}", ask("POST", f"/lists/{audience}", {"members": [refused]})),
        ("segment", "get", "/lists/{listId}/segments", ask("GET", f"/lists/{audience}/segments")),
        ("segment", "get", "/lists/{listId}/tag-search", ask("GET", f"/lists/{audience}/tag-search")),
        (
            "segment",
            "post",
            "/lists/{listId}/segments/{segmentId}",
            ask("POST", f"/lists/{audience}/segments/{tagged}", {"members_to_add": ["x@hall.test"]}),
        ),
        ("field", "get", "/lists/{listId}/merge-fields", ask("GET", f"/lists/{audience}/merge-fields")),
        ("store", "get", "/ecommerce/stores", ask("GET", "/ecommerce/stores")),
        ("store", "get", "/ecommerce/stores/{storeId}/products", ask("GET", f"{store}/products")),
        (
            "store",
            "get",
            "/ecommerce/stores/{storeId}/products/{productId}/variants/{variantId}",
            ask("GET", f"{store}/products/stalls/variants/adult"),
        ),
        ("store", "get", "/ecommerce/stores/{storeId}/customers", ask("GET", f"{store}/customers")),
        ("order", "get", "/ecommerce/stores/{storeId}/orders", ask("GET", f"{store}/orders")),
        ("order", "get", "/ecommerce/orders", ask("GET", "/ecommerce/orders")),
        ("order", "get", "/ecommerce/stores/{storeId}/carts", ask("GET", f"{store}/carts")),
        ("campaign", "get", "/campaigns", ask("GET", "/campaigns")),
        ("report", "get", "/reports", ask("GET", "/reports")),
        ("report", "get", "/reports/{campaignId}", ask("GET", f"/reports/{sent[2]['id']}")),
        (
            "report",
            "get",
            "/reports/{campaignId}/sub-reports",
            ask("GET", f"/reports/{sent[2]['id']}/sub-reports"),
        ),
        ("automation", "get", "/automations", ask("GET", "/automations")),
        ("batch", "post", "/batches", batch),
        ("batch", "get", "/batches", ask("GET", "/batches")),
    ]


def test_every_answer_follows_the_specification(
    ask: Ask, audience: str, store: str, simulator: MailchimpSimulator, spec: dict[str, Any]
):
    found: list[str] = []
    for kind, method, path, answer in answers_of(ask, audience, simulator):
        assert answer.status == 200, (path, answer.body)
        schema = spec["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        found += complaints(answer.body, schema, path, spec, UNUSED[kind])
    assert not found, "\n".join(sorted(set(found)))


def test_every_error_is_a_problem_document(ask: Ask, audience: str, spec: dict[str, Any]):
    schema = spec["components"]["schemas"]["ProblemDetailDocument"]
    for answer in (ask("GET", "/lists/none"), ask("GET", "/lists", key="none"), ask("POST", "/lists", b"{")):
        assert complaints(answer.body, schema, "problem", spec, set()) == []


def test_only_paths_and_methods_of_the_specification_are_simulated(spec: dict[str, Any]):
    def plain(path: str) -> str:
        return "/".join("{id}" if part.startswith("{") else part for part in path.split("/"))

    published = {(method.upper(), plain(path)) for path, entry in spec["paths"].items() for method in entry}
    assert {(route.method, route.template) for route in ROUTES} <= published
