"""Lineage runs through the venue's tables, never from one synced asset to another, and never in a circle."""

from pathlib import Path

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from assets.keys import synced_key, table_key
from assets.lineage import upstream
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ApiSpec, AuthSpec, EntitySpec, LimitSpec, ProviderSpec, RateSpec

DECLARATIONS = Path(__file__).parents[2] / "sync_defs" / "defs"
MODELS = ("products", "customers", "payments")
NAMES = ("one", "two", "three", "four")


def _spec(provider: str, entities: dict[str, EntitySpec]) -> ProviderSpec:
    return ProviderSpec(
        provider=provider,
        title=provider,
        client="some.module:connect",
        api=ApiSpec(base="https://api.example", base_env="SOME_API_BASE", version="1"),
        auth=AuthSpec(fields=("api_key",), help="Ask."),
        limits=LimitSpec(production=RateSpec(per_second=1), sandbox=RateSpec(per_second=1), idempotency_hours=24),
        entities=entities,
    )


def _entity(model: str, direction: str, *needs: str) -> EntitySpec:
    return EntitySpec.model_validate(
        {"kind": "products", "model": model, "direction": direction, "description": "x", "needs": needs}
    )


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, ProviderSpec]:
    """Two providers with entities of any direction, each needing any of those before it."""
    specs: dict[str, ProviderSpec] = {}
    for provider in ("left", "right"):
        entities: dict[str, EntitySpec] = {}
        for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
            needs = draw(st.lists(st.sampled_from(list(entities)), unique=True)) if entities else []
            entities[name] = _entity(
                draw(st.sampled_from(MODELS)), draw(st.sampled_from(["push", "pull", "both"])), *needs
            )
        specs[provider] = _spec(provider, entities)
    return specs


def test_a_pushed_entity_comes_from_its_table_and_a_pulled_one_feeds_it() -> None:
    edges = upstream({"p": _spec("p", {"out": _entity("products", "push"), "back": _entity("payments", "pull")})})

    assert edges == {
        synced_key("p", "out"): {table_key("products")},
        table_key("payments"): {synced_key("p", "back")},
    }


def test_what_an_entity_needs_reaches_it_through_the_table_in_between() -> None:
    edges = upstream(
        {"p": _spec("p", {"back": _entity("payments", "pull"), "refunds": _entity("refunds", "both", "back")})}
    )

    assert edges[synced_key("p", "refunds")] == {table_key("payments"), table_key("refunds")}


def test_a_need_that_would_close_a_circle_is_left_out() -> None:
    edges = upstream(
        {"p": _spec("p", {"first": _entity("payments", "pull"), "second": _entity("payments", "pull", "first")})}
    )

    assert edges == {table_key("payments"): {synced_key("p", "first"), synced_key("p", "second")}}


@given(declarations())
def test_no_declaration_makes_a_circle_or_a_direct_dependency(specs: dict[str, ProviderSpec]) -> None:
    edges = upstream(specs)
    done: set[dg.AssetKey] = set()
    left = {synced_key(p, e) for p, spec in specs.items() for e in spec.entities} | {table_key(m) for m in MODELS}

    while ready := {key for key in left if edges.get(key, frozenset()) <= done}:
        done |= ready
        left -= ready

    assert left == set()
    assert all((key.path[0] == "venue") != (source.path[0] == "venue") for key in edges for source in edges[key])


def test_the_declared_providers_depend_on_venue_tables_alone() -> None:
    edges = upstream(load_providers(DECLARATIONS))

    assert edges[synced_key("stripe", "refunds")] == {table_key("payments"), table_key("refunds")}
