"""A provider's declaration: authentication, limits and the entities that are kept in step."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sync_core.spec.declared import Declared, Name
from sync_core.spec.oauth import OAuthSpec

Direction = Literal["push", "pull", "both"]
Conflict = Literal["newest_wins", "venue_wins", "provider_wins"]
Operation = Literal["create", "update", "delete"]
Kind = Literal["products", "customers", "inventory", "transactions", "mailings"]
EventType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*\*?$")]
Sentence = Annotated[str, Field(pattern=r"\S.*\.$")]
Cannot = Annotated[
    dict[Name, Sentence],
    Field(description="What the provider cannot do: the capability, and a sentence that says why, with its source."),
]


class ApiSpec(Declared):
    """Where the provider's API lives."""

    base: str = Field(description="Base address of the production API, without a trailing slash.")
    sandbox_base: str | None = Field(default=None, description="Base address for sandbox accounts, if it differs.")
    base_env: str = Field(description="Environment variable that overrides both, e.g. for simulators.")
    version: str = Field(description="The API version every request is pinned to.")
    timeout_seconds: float = Field(default=60, gt=0)


class AuthSpec(Declared):
    """What a venue gives us to act for it."""

    kind: Literal["api_key"] = "api_key"
    fields: tuple[Name, ...] = Field(min_length=1, description="Names of the credential's parts; all are secret.")
    optional: tuple[Name, ...] = Field(default=(), description="Parts that a venue may add, such as an audience's id.")
    help: str = Field(description="One sentence for the person who connects: where to find the key.")
    oauth: OAuthSpec | None = Field(
        default=None, description="Connecting by the provider's own page, where it has one."
    )

    @model_validator(mode="after")
    def _oauth_fills_the_fields(self) -> "AuthSpec":
        missing = [] if self.oauth is None else [name for name in self.fields if name not in self.oauth.secret]
        if missing:
            raise ValueError(f"oauth.secret: says nothing of {missing[0]!r}, which the client needs")
        return self


class RateSpec(Declared):
    """What the provider allows an account, however many processes call for it. We stay at 90 % of it."""

    per_second: float | None = Field(default=None, gt=0)
    per_endpoint_per_second: float | None = Field(default=None, gt=0)
    per_minute: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict[str, float],
        description="Endpoints with an allowance of their own, as they are counted: 'POST /v1/things/{id}'.",
    )
    all_per_minute: float | None = Field(default=None, gt=0, description="Calls to all endpoints in any minute.")


class MeteredSpec(Declared):
    """Calls that the provider counts by the calendar month, for our application with all venues together.

    What sandbox accounts are called for does not count.
    """

    name: str = Field(description="What the provider calls them.")
    per_month: int = Field(gt=0, description="So many are ours; beyond, the provider stops them or sends a bill.")
    endpoints: tuple[str, ...] = Field(
        min_length=1, description="Which they are, as they are counted; a * at the end stands for anything."
    )


class LimitSpec(Declared):
    """How hard a connection may work the provider."""

    production: RateSpec
    sandbox: RateSpec
    concurrency: int = Field(default=4, ge=1, le=64, description="Simultaneous requests per connection.")
    simultaneous: int | None = Field(
        default=None, ge=1, description="Simultaneous requests that the provider allows one of its accounts, in all."
    )
    alone: tuple[str, ...] = Field(
        default=(),
        description="Endpoints of which the provider takes one request of an account at a time: 'POST /v1/things'.",
    )
    idempotency_hours: float = Field(gt=0, description="How long the provider remembers an idempotency key.")
    metered: MeteredSpec | None = None

    def meters(self, endpoint: str, environment: str) -> bool:
        """Whether calls to this endpoint count against the month's allowance."""
        if self.metered is None or environment != "production":
            return False
        return any(
            endpoint.startswith(declared[:-1]) if declared.endswith("*") else endpoint == declared
            for declared in self.metered.endpoints
        )


class BatchSpec(Declared):
    """How many records travel in one request, per operation; 1 where the provider has no batch."""

    create: int = Field(default=1, ge=1)
    update: int = Field(default=1, ge=1)
    delete: int = Field(default=1, ge=1)
    concurrency: int | None = Field(default=None, ge=1, description="Lower than the provider's where it serialises.")


class EntitySpec(Declared):
    """One kind of object at the provider, kept in step with one of the venue's tables."""

    kind: Kind
    model: Name = Field(description="The canonical model (mappings/models/<model>.yaml): the venue's table.")
    direction: Direction
    description: str
    mapping: str | None = Field(
        default=None,
        description="Mapping file without its suffix, beside the declaration or else below mappings/; if unset, "
        "<entity> beside the declaration or else <provider>/<entity> below mappings/.",
    )
    batch: BatchSpec = BatchSpec()
    conflict: Conflict = "newest_wins"
    conflict_of: dict[Name, Conflict] = Field(
        default_factory=dict[str, Conflict], description="Columns whose conflicts are decided by another policy."
    )
    match_on: tuple[tuple[Name, ...], ...] = Field(
        default=(),
        description="Groups of columns by whose equal values an object that the provider already has is known to be a "
        "row that was never synced; the first group that finds one counts. Text is compared without regard to case.",
    )
    on_delete: Literal["delete", "archive", "ignore"] = "ignore"
    on_removal: Literal["delete", "keep"] = Field(
        default="delete", description="What becomes of the venue's row when its object is deleted there."
    )
    may: tuple[Operation, ...] = Field(
        default=("create", "update", "delete"),
        description="What a push does there; a row that would need anything else is no concern of it.",
    )
    once: bool = Field(
        default=False,
        description="A record is an order to act that leaves nothing behind to look up: it is sent at most once, and "
        "one whose sending is in doubt waits for a person.",
    )
    where: dict[str, str] = Field(
        default_factory=dict, description="Only rows with these column values; pulled rows are stamped with them."
    )
    only_with: tuple[Name, ...] = Field(
        default=(), description="Only rows with a value in each of these columns are pushed; the others are no concern."
    )
    only_if: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict[str, tuple[str, ...]],
        description="Only rows with one of these values in each of these columns are pushed; the others are no concern.",
    )
    begin_if: dict[Name, tuple[str, ...]] = Field(
        default_factory=dict[str, tuple[str, ...]],
        description="Only rows with one of these values in each of these columns are created there; one that is there "
        "is kept in step whatever it holds.",
    )
    needs: tuple[Name, ...] = Field(default=(), description="Entities of this provider that are synced first.")
    events: tuple[EventType, ...] = Field(
        default=(),
        description="The provider's event types that concern this entity, as sync_core.webhooks.parse names them; "
        "a * at the end stands for anything.",
    )
    named_by: Name | None = Field(
        default=None, description="Key of the client's remote state by which events name an object, if not by its id."
    )
    cannot: Cannot = Field(default_factory=dict[str, str])
    max_bad_share: float = Field(default=0.2, ge=0, le=1, description="A larger share of bad rows blocks the push.")
    alert_at_letters: int = Field(default=25, ge=1, description="So many open dead letters of a venue raise an alert.")
    stale_after_hours: float = Field(default=24, gt=0, description="Freshness that the asset promises.")
    poll_minutes: float = Field(
        default=0,
        ge=0,
        description="The schedule asks the provider only so often where nothing is to be pushed; 0: at every turn. "
        "An entity with events is asked at every turn as long as the connection's webhooks do not come.",
    )

    @model_validator(mode="after")
    def _orders_to_act_are_only_sent(self) -> "EntitySpec":
        if self.once and (self.direction != "push" or self.may != ("create",) or self.batch.create != 1):
            raise ValueError("once: only for direction push with may: [create] and one record in a request")
        return self

    def concerned_by(self, event_type: str) -> bool:
        """Whether an event of this type says that objects of this entity changed."""
        return any(
            event_type.startswith(declared[:-1]) if declared.endswith("*") else event_type == declared
            for declared in self.events
        )

    @property
    def pushes(self) -> bool:
        """Whether the venue's changes go to the provider."""
        return self.direction in ("push", "both")

    @property
    def pulls(self) -> bool:
        """Whether the provider's changes come to the venue."""
        return self.direction in ("pull", "both")


class ProviderSpec(Declared):
    """Everything about a provider that is policy rather than behaviour."""

    provider: Name
    title: str
    client: str = Field(
        pattern=r"^[\w.]+:\w+$", description="module:callable of the client (see providers/protocol.py)."
    )
    owners: tuple[str, ...] = ()
    docs: str = ""
    api: ApiSpec
    auth: AuthSpec
    limits: LimitSpec
    cannot: Cannot = Field(default_factory=dict[str, str])
    cadence: str = Field(default="*/15 * * * *", description="Cron line of the incremental sync.")
    webhooks: Literal["application", "account"] = Field(
        default="account",
        description="application: those of every account that connected by OAuth come to the application's address; "
        "account: each account is set up by itself, so that they come is known once one has come.",
    )
    entities: dict[Name, EntitySpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _needs_exist(self) -> "ProviderSpec":
        for name, entity in self.entities.items():
            for needed in entity.needs:
                if needed not in self.entities:
                    raise ValueError(f"entities.{name}.needs: there is no entity {needed!r} in this declaration")
            if entity.events and not entity.pulls:
                raise ValueError(f"entities.{name}.events: nothing is read of {name}, so no event can change anything")
        self.in_order()
        return self

    def in_order(self) -> tuple[str, ...]:
        """Entity names such that each comes after those it needs. Raises ValueError on a circle."""
        done: list[str] = []
        while len(done) < len(self.entities):
            ready = [n for n, e in self.entities.items() if n not in done and all(x in done for x in e.needs)]
            if not ready:
                circle = ", ".join(sorted(set(self.entities) - set(done)))
                raise ValueError(f"entities: {circle} need each other in a circle")
            done.extend(ready)
        return tuple(done)

    def mapping_of(self, entity: str) -> str:
        """The mapping file of an entity without its suffix, below mappings/ or as a whole path."""
        return self.entities[entity].mapping or f"{self.provider}/{entity}"
