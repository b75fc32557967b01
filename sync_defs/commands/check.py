"""`venue-sync check`: whether the declarations, the mappings and Dagster's definitions load, before anything runs."""

import warnings
from collections.abc import Iterable, Iterator

from mappings import FOLDER
from sync_core.errors import ConfigurationError, SyncError
from sync_core.mapping.compile import load_mappings
from sync_core.spec.provider import ProviderSpec
from sync_core.sync.accounts import client_of
from sync_defs.commands.opening import declared
from sync_defs.commands.output import Json, print_json, print_table


def check(*, json: Json = False) -> None:
    """Load every declaration, mapping, client and Dagster's definitions; say what is declared or what is wrong."""
    specs = declared()
    for spec in specs.values():
        client_of(spec)
    load_mappings(specs, FOLDER)
    try:
        _load_definitions()
    except Exception as error:
        for cause in _causes(error):
            if isinstance(cause, SyncError):
                raise cause from None  # Dagster wraps what our component says in pages of its own
        raise ConfigurationError(f"Dagster cannot load the definitions: {_last_words(error)}") from error
    lines = [
        {"provider": name, "entity": entity, "direction": found.direction, "kind": found.kind, "model": found.model}
        for name, spec in specs.items()
        for entity, found in spec.entities.items()
    ]
    if json:
        print_json([{**line, "cannot": _cannot(specs[line["provider"]], line["entity"])} for line in lines])
        return
    print_table([tuple(line.values()) for line in lines], columns=tuple(lines[0]))
    columns = ("provider", "where", "what", "why")
    print_table(list(_missing(specs.values())), columns=columns, title="What cannot be had")


def _cannot(spec: ProviderSpec, entity: str) -> dict[str, str]:
    return {**spec.cannot, **spec.entities[entity].cannot}


def _missing(specs: Iterable[ProviderSpec]) -> Iterator[tuple[str, str, str, str]]:
    for spec in specs:
        places = {"everywhere": spec.cannot, **{name: entity.cannot for name, entity in spec.entities.items()}}
        for place, cannot in places.items():
            yield from ((spec.provider, place, capability, reason) for capability, reason in cannot.items())


def _load_definitions() -> None:
    # Dagster takes two seconds to import, which every other command would pay for.
    import dagster as dg  # noqa: PLC0415 - see above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        from sync_defs.definitions import defs  # noqa: PLC0415

        dg.Definitions.validate_loadable(defs())


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _last_words(error: BaseException) -> str:
    deepest = list(_causes(error))[-1]
    return f"{type(deepest).__name__}: {str(deepest).strip().splitlines()[0] if str(deepest).strip() else 'no reason given'}"
