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

RULES: Final[Mapping[tuple[str, str], Rule]] = {
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
}
AREAS: Final = tuple(sorted({rule.area for rule in RULES.values() if rule.area is not None}))
SCOPES: Final = tuple(f"{area}:{verb}" for area in AREAS for verb in ("read", "write"))
