"""One partitioned asset per provider and entity, each a thin shell around `sync_core.sync.batch.sync_venues`.

A run takes many venues at once (a run per venue would cost seconds of process start each), tells Dagster of every
venue that went well as soon as it has, and fails at the end if any did not: good venues are materialised, failed ones
are missing, and Dagster's "retry" finds them. What must stay true: no synced asset depends on another one.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg

from assets.checks import check_specs
from assets.columns import COLUMN_SCHEMA, mapped_schema, table_schema
from assets.config import SyncConfig
from assets.descriptions import describe
from assets.keys import synced_key, table_key, venue_partitions
from assets.lineage import upstream
from assets.run import sync_partitions
from mappings import FOLDER
from sync_core.spec.load import load_model, load_template
from sync_core.spec.provider import ProviderSpec
from sync_core.spec.template import Model
from sync_core.sync.due import Round
from sync_core.sync.engine import Engine

VENUES_PER_RUN = 500


def provider_assets(spec: ProviderSpec, specs: Mapping[str, ProviderSpec]) -> list[dg.AssetsDefinition]:
    """The assets of one provider; `specs` are all providers, of which the lineage is made.

    Raises DeclarationError when a mapping or model file is missing or wrong.
    """
    sources = upstream(specs)
    order = spec.in_order()
    return [
        synced_asset(
            spec,
            name,
            upstream=sources.get(synced_key(spec.provider, name), frozenset()),
            priority=len(order) - position,
        )
        for position, name in enumerate(order)
    ]


def venue_tables(specs: Mapping[str, ProviderSpec]) -> list[dg.AssetSpec]:
    """The venue's own tables, which Dagster does not make: where every lineage starts or ends."""
    sources = upstream(specs)
    models = sorted({entity.model for spec in specs.values() for entity in spec.entities.values()})
    return [_venue_table(_model(name), sources.get(table_key(name), frozenset())) for name in models]


def synced_asset(
    spec: ProviderSpec, name: str, *, upstream: frozenset[dg.AssetKey], priority: int
) -> dg.AssetsDefinition:
    """The asset of one entity. Inside a run, assets with a higher `priority` are synced first."""
    entity = spec.entities[name]
    key = synced_key(spec.provider, name)
    template = load_template(FOLDER / f"{spec.mapping_of(name)}.yaml")

    @dg.asset(
        key=key,
        deps=sorted(upstream),
        group_name=spec.provider,
        kinds={spec.provider, "postgres"},
        owners=list(spec.owners),
        description=describe(spec, entity),
        tags={"venue_sync/direction": entity.direction, "venue_sync/kind": entity.kind},
        metadata={
            COLUMN_SCHEMA: mapped_schema(_model(entity.model), template),
            **({"provider documentation": dg.MetadataValue.url(spec.docs)} if spec.docs else {}),
        },
        partitions_def=venue_partitions(),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=VENUES_PER_RUN),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=entity.stale_after_hours)),
        check_specs=check_specs(spec.provider, name),
        op_tags={"dagster/priority": str(priority)},
        pool=spec.provider,
        output_required=False,
    )
    def sync(
        context: dg.AssetExecutionContext,
        config: SyncConfig,
        engine: dg.ResourceParam[Engine],
        whose_turn: dg.ResourceParam[Round],
    ) -> Iterator[dg.AssetCheckResult]:
        mode = config.to_mode(context.run.tags)
        yield from sync_partitions(context, engine, whose_turn, spec=spec, entity=name, mode=mode)

    return sync


def _venue_table(model: Model, upstream: frozenset[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        table_key(model.model),
        deps=sorted(upstream),
        group_name="venue",
        kinds={"postgres", "table"},
        description=model.description,
        metadata={COLUMN_SCHEMA: table_schema(model), "dagster/table_name": f"venue.{model.model}"},
    )


def _model(name: str) -> Model:
    return load_model(FOLDER / "models" / f"{name}.yaml")
