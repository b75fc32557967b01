"""docs/capabilities.md, made of the declarations: what is synced how, and what each provider cannot do.

`make capabilities` writes the page; tests/docs/test_capabilities.py holds it to the declarations.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sync_core.spec.load import load_providers
from sync_core.spec.provider import EntitySpec, ProviderSpec

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "capabilities.md"
DECLARATIONS = ROOT / "sync_defs" / "defs"
DIRECTIONS = {"push": "venue to provider", "pull": "provider to venue", "both": "both ways"}
CONFLICTS = {"newest_wins": "newer change wins", "venue_wins": "venue wins", "provider_wins": "provider wins"}
DELETIONS = {"delete": "deleted there", "archive": "archived there", "ignore": "stays there"}
HEAD = """\
# What each provider can and cannot do

`make capabilities` writes this page from `sync_defs/defs/`; change the declarations, not the page.

## What is synced

A record is known by the ledger, then by the venue's id inside the object, where the provider has room for it, and then by what this table names.
"""
COLUMNS = (
    "provider",
    "entity",
    "the venue's table",
    "direction",
    "both changed a field",
    "else known by",
    "the venue deleted a row",
    "records in a request to create, update, delete",
)
FOOT = """\
## What cannot be had

What a provider does not offer, and what the sync does instead.
"""


def page(specs: Mapping[str, ProviderSpec]) -> str:
    """The whole page, by provider's name."""
    known = [specs[name] for name in sorted(specs)]
    synced = _table(COLUMNS, (row for spec in known for row in _synced(spec)))
    missing = [f"### {spec.title}\n\n{_table(('what', 'where', 'why'), _missing(spec))}" for spec in known]
    return "\n".join([HEAD, synced, FOOT, "\n".join(missing)])


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(load_providers(DECLARATIONS)), encoding="utf-8")


def _synced(spec: ProviderSpec) -> Iterator[Sequence[str]]:
    for name, entity in spec.entities.items():
        pushed = entity.pushes
        yield (
            spec.title,
            name,
            entity.model,
            DIRECTIONS[entity.direction],
            _conflicts(entity) if entity.direction == "both" else "",
            ", or ".join(" and ".join(f"`{column}`" for column in group) for group in entity.match_on),
            DELETIONS[entity.on_delete] if pushed else "",
            _sizes(entity) if pushed else "",
        )


def _conflicts(entity: EntitySpec) -> str:
    own = [f"`{column}`: {CONFLICTS[policy]}" for column, policy in entity.conflict_of.items()]
    return "; ".join([CONFLICTS[entity.conflict], *own])


def _sizes(entity: EntitySpec) -> str:
    never = {"delete"} if entity.on_delete == "ignore" else set[str]()
    return ", ".join(
        str(getattr(entity.batch, operation)) if operation in entity.may and operation not in never else "none"
        for operation in ("create", "update", "delete")
    )


def _missing(spec: ProviderSpec) -> Iterator[Sequence[str]]:
    for capability, reason in spec.cannot.items():
        yield capability.replace("_", " "), "everywhere", reason
    for name, entity in spec.entities.items():
        for capability, reason in entity.cannot.items():
            yield capability.replace("_", " "), name, reason


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("|".join(["", *(f" {cell} ".replace("  ", " ") for cell in line), ""]) + "\n" for line in lines)


if __name__ == "__main__":
    main()
