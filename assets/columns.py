"""Column schemas for Dagster's UI, made from the canonical models and the mapping templates."""

from collections.abc import Iterator

import dagster as dg

from sync_core.spec.template import Check, Column, Model, Template

COLUMN_SCHEMA = "dagster/column_schema"
ARROWS = {"push": "to", "pull": "from", "both": "to and from"}


def table_schema(model: Model) -> dg.TableSchema:
    """The columns of a venue table."""
    return dg.TableSchema([_column(name, column, column.description) for name, column in model.columns.items()])


def mapped_schema(model: Model, template: Template) -> dg.TableSchema:
    """The venue's columns that an entity syncs, each with the provider's path it is mapped to."""
    remotes = dict(_remotes(template))
    return dg.TableSchema(
        [
            _column(name, column, f"{column.description} ({remotes[name]})")
            for name, column in model.columns.items()
            if name in remotes
        ]
    )


def _remotes(template: Template) -> Iterator[tuple[str, str]]:
    for name, field in template.fields.items():
        yield name, f"{ARROWS[field.direction]} `{field.remote}`"
    for name, each in template.each.items():
        yield name, f"{ARROWS[each.direction]} `{each.remote}`, element by element"
    for joined in template.joined:
        for name in joined.columns:
            yield name, f"part of `{joined.remote}`"


def _column(name: str, column: Column, description: str) -> dg.TableColumn:
    return dg.TableColumn(
        name=name,
        type=column.type,
        description=description,
        constraints=dg.TableColumnConstraints(nullable=not column.required, other=list(_rules(column.check))),
        tags={"personal": ""} if column.personal else {},
    )


def _rules(check: Check) -> Iterator[str]:
    if check.max_length is not None:
        yield f"at most {check.max_length} characters"
    if check.min_length is not None:
        yield f"at least {check.min_length} characters"
    if check.matches is not None:
        yield check.says or f"matches {check.matches}"
    if check.one_of is not None:
        yield f"one of {', '.join(str(value) for value in check.one_of)}"
    if check.minimum is not None:
        yield f"at least {check.minimum}"
    if check.maximum is not None:
        yield f"at most {check.maximum}"
