"""Who may do what: one table with a line for every route, and nothing is reachable that has no line.

`need` is what a caller must be: `read` (user and above), `manage` (venue_admin and above) or `admin`; `public` asks
for no credential at all. `area` names the scope that an API key must have: "<area>:read" for `read`, otherwise
"<area>:write"; administrators' routes want "admin:read" or "admin:write" by method. An area of None is for people only.
`venue` is where the request says which venue it is about; the gate refuses another one than the caller's.
Where it says none, the handler looks only among the caller's venues, and what is not there is answered as not found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sync_api.tokens import Role

Need = Literal["public", "read", "manage", "admin"]
Place = Literal["nowhere", "query", "query_maybe", "body", "body_maybe"]
Answer = Literal["plain", "shown_once", "made_anew"]
"""Whether a good answer holds a secret, so that it may not be stored as it is: one that is `shown_once`, or one that
asking again makes anew without harm, such as an OAuth state."""

MEETS: Final[Mapping[Role, frozenset[Need]]] = {
    "user": frozenset({"read"}),
    "venue_admin": frozenset({"read", "manage"}),
    "admin": frozenset({"read", "manage", "admin"}),
}
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
V1: Final = "/api/v1/integrations"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one route asks of its caller."""

    need: Need
    area: str | None = None
    venue: Place = "nowhere"
    answer: Answer = "plain"

    def scope(self, method: str) -> str | None:
        """The scope that a key needs; None: no key opens it."""
        if self.area is None:
            return None
        reads = self.need == "read" or method == "GET"
        return f"{self.area}:{'read' if reads else 'write'}"


PUBLIC: Final = Rule("public")

_CONNECTIONS: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", V1): Rule("read", "connections", "query"),
    ("GET", f"{V1}/{{provider}}"): Rule("read", "connections", "query"),
    ("GET", f"{V1}/{{provider}}/settings"): Rule("read", "connections", "query"),
    ("PUT", f"{V1}/{{provider}}/settings"): Rule("manage", "connections", "body"),
    ("POST", f"{V1}/connect/{{provider}}"): Rule("manage", "connections", "body", "made_anew"),
    ("POST", f"{V1}/{{provider}}/disconnect"): Rule("manage", "connections", "body"),
    ("POST", f"{V1}/{{provider}}/reconnect"): Rule("manage", "connections", "body"),
    ("POST", f"{V1}/{{provider}}/suspend"): Rule("manage", "connections", "body"),
    ("POST", f"{V1}/{{provider}}/resume"): Rule("manage", "connections", "body"),
    ("POST", f"{V1}/{{provider}}/api-key"): Rule("manage", "connections"),
    ("GET", f"{V1}/oauth/callback/{{provider}}"): PUBLIC,
    ("GET", "/integrations/success"): PUBLIC,
    ("GET", "/integrations/error"): PUBLIC,
    ("POST", f"{V1}/oauth/refresh/{{provider}}"): Rule("manage", "connections", "body"),
    ("GET", f"{V1}/health/{{provider}}"): Rule("read", "health", "query"),
    ("GET", f"{V1}/health/{{provider}}/metrics"): Rule("read", "health", "query"),
    ("POST", f"{V1}/health/{{provider}}/test"): Rule("manage", "health", "body"),
}
_SYNCS: Final[Mapping[tuple[str, str], Rule]] = {
    ("POST", f"{V1}/sync/{{provider}}/sync"): Rule("manage", "syncs", "body"),
    ("POST", f"{V1}/sync/{{provider}}/sync/stop"): Rule("manage", "syncs", "body"),
    ("GET", f"{V1}/sync/{{provider}}/sync/status"): Rule("read", "syncs", "query"),
    ("GET", f"{V1}/sync/{{provider}}/sync/history"): Rule("read", "syncs", "query"),
    ("POST", f"{V1}/sync/{{provider}}/sync/retry"): Rule("manage", "syncs", "body"),
    ("GET", f"{V1}/sync/requests/{{item_id}}"): Rule("read", "syncs"),
    ("GET", f"{V1}/sync/progress"): Rule("read", "syncs", "query"),
    ("WEBSOCKET", f"{V1}/sync/progress/ws"): Rule("read", "syncs", "query"),
    ("GET", f"{V1}/dead-letters"): Rule("read", "letters", "query_maybe"),
    ("GET", f"{V1}/dead-letters/{{letter_id}}"): Rule("read", "letters"),
    ("POST", f"{V1}/dead-letters/{{letter_id}}/retry"): Rule("manage", "letters"),
    ("POST", f"{V1}/dead-letters/retry"): Rule("manage", "letters", "body"),
    ("POST", f"{V1}/dead-letters/discard"): Rule("manage", "letters", "body"),
    ("DELETE", f"{V1}/dead-letters/{{letter_id}}"): Rule("manage", "letters"),
}
_MAPPINGS: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", f"{V1}/mappings/{{provider}}/fields"): Rule("read", "mappings"),
    ("GET", f"{V1}/mappings/{{provider}}/mappings"): Rule("read", "mappings", "query"),
    ("PUT", f"{V1}/mappings/{{provider}}/mappings"): Rule("manage", "mappings", "body"),
    ("GET", f"{V1}/mappings/{{provider}}/mappings/history"): Rule("read", "mappings", "query"),
    ("POST", f"{V1}/mappings/{{provider}}/mappings/test"): Rule("read", "mappings"),
    ("POST", f"{V1}/mappings/{{provider}}/mappings/preview"): Rule("manage", "mappings", "body"),
    ("POST", f"{V1}/mappings/{{provider}}/mappings/apply-template"): Rule("manage", "mappings", "body"),
    ("POST", f"{V1}/mappings/{{provider}}/mappings/reset"): Rule("manage", "mappings", "body"),
    ("POST", f"{V1}/mappings/{{provider}}/mappings/heal"): Rule("manage", "mappings", "body"),
}
_ADMIN: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", f"{V1}/admin/all-venues"): Rule("admin", "admin"),
    ("GET", f"{V1}/admin/health-summary"): Rule("admin", "admin"),
    ("GET", f"{V1}/admin/alerts"): Rule("admin", "admin"),
    ("GET", f"{V1}/admin/costs"): Rule("admin", "admin"),
    ("POST", f"{V1}/admin/force-sync"): Rule("admin", "admin", "body"),
    ("POST", f"{V1}/admin/clear-queue"): Rule("admin", "admin", "body_maybe"),
    ("POST", f"{V1}/admin/process-dead-letter"): Rule("admin", "admin"),
    ("POST", f"{V1}/admin/recover-stale"): Rule("admin", "admin"),
    ("GET", f"{V1}/admin/queue-metrics"): Rule("admin", "admin"),
    ("GET", f"{V1}/admin/audit"): Rule("admin", "admin", "query_maybe"),
}
_KEYS: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", f"{V1}/api-keys"): Rule("manage", None, "query_maybe"),
    ("POST", f"{V1}/api-keys"): Rule("manage", None, "body_maybe", "shown_once"),
    ("POST", f"{V1}/api-keys/{{key_id}}/rotate"): Rule("manage", None, "nowhere", "shown_once"),
    ("DELETE", f"{V1}/api-keys/{{key_id}}"): Rule("manage"),
}
_WEBHOOKS: Final[Mapping[tuple[str, str], Rule]] = {
    # Whoever calls these proves it by a signature on the body.
    ("POST", "/webhooks/{provider}"): PUBLIC,
    ("GET", "/webhooks/{provider}"): PUBLIC,
    ("POST", "/webhooks/{provider}/{token}"): PUBLIC,
    ("GET", "/webhooks/{provider}/{token}"): PUBLIC,
    ("POST", f"{V1}/webhooks/{{provider}}"): PUBLIC,
    ("GET", f"{V1}/webhooks/{{provider}}"): PUBLIC,
    ("GET", f"{V1}/webhooks/{{provider}}/events"): Rule("read", "webhooks", "query"),
    ("POST", f"{V1}/webhooks/retry"): Rule("manage", "webhooks", "body"),
}
_HEALTH: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/health/deep"): Rule("admin", "admin"),
    ("GET", "/metrics"): Rule("admin", "admin"),
}
RULES: Final[Mapping[tuple[str, str], Rule]] = {
    **_CONNECTIONS,
    **_SYNCS,
    **_MAPPINGS,
    **_ADMIN,
    **_KEYS,
    **_WEBHOOKS,
    **_HEALTH,
}
AREAS: Final = tuple(sorted({rule.area for rule in RULES.values() if rule.area is not None}))
SCOPES: Final = tuple(f"{area}:{verb}" for area in AREAS for verb in ("read", "write"))
