"""A mapping as pairs of a column and a path, the short form in which callers of the API read and write it.

Pairs say where a field goes and nothing else: how it is written stays as in the template that they are applied to.
"""

from collections.abc import Iterable
from collections.abc import Mapping as Map

from sync_core.errors import DeclarationError
from sync_core.mapping.custom import read_template, written
from sync_core.mapping.mapping import Mapping
from sync_core.spec.load import parse
from sync_core.spec.template import Joined, MappedField, Template

Pairs = Map[str, str]


def pairs_of(mapping: Mapping) -> dict[str, str]:
    """Column -> main path of every field of `mapping`."""
    return {c: part.paths[0] for part in (*mapping.pulled, *mapping.pushed) for c in part.columns}


def with_pairs(template: Template, pairs: Pairs, *, where: str) -> Template:
    """`template` with the fields that `pairs` name at the paths that they give, and without all others.

    A column that the template has not is sent and taken back as it is. Raises DeclarationError where the two columns
    of a joined field are parted, or a path is none or taken.
    """
    left = dict(pairs)
    joined = tuple(_joined(one, left, where) for one in template.joined if left.keys() & set(one.columns))
    each = {name: e.model_copy(update={"remote": left.pop(name)}) for name, e in template.each.items() if name in left}
    fields = {
        name: template.fields[name].model_copy(update={"remote": path})
        if name in template.fields
        else MappedField(remote=path)
        for name, path in left.items()
    }
    values = template.model_dump(exclude={"fields", "joined", "each", "any_of"}, exclude_defaults=True)
    values |= {"fields": fields, "joined": joined, "each": each, "any_of": _any_of(template.any_of, pairs)}
    # Copies are not judged as they are made: what somebody gave as a path is, here.
    return read_template(written(parse(Template, values, where)), where=where)


def _joined(one: Joined, left: dict[str, str], where: str) -> Joined:
    paths = {left.pop(column, None) for column in one.columns}
    path = paths.pop()
    if paths or path is None:
        raise DeclarationError(where, f"fields.{one.columns[0]}", f"{' and '.join(one.columns)} are one text")
    return one.model_copy(update={"remote": path})


def _any_of(groups: Iterable[tuple[str, ...]], pairs: Pairs) -> tuple[tuple[str, ...], ...]:
    kept = (tuple(column for column in group if column in pairs) for group in groups)
    return tuple(group for group in kept if group)
