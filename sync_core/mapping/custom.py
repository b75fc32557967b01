"""A venue's own template in place of the declared one: the same language, the same model, and nothing lost that we need.

What a venue may choose is which fields travel, where to and how they are written. What stays as declared is what makes
a sync safe: how a record is known again, references to other records, money, what the provider or the venue's table
requires. A template is written by somebody outside, so nothing in it may cost the process much: no regular expression
of its own, no far list position.
"""

from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import Any

import orjson
from pydantic import ValidationError

from sync_core.errors import DeclarationError
from sync_core.mapping.compile import check_fit, compile_mapping
from sync_core.mapping.mapping import KEY, Mapping
from sync_core.mapping.paths import steps
from sync_core.mapping.transforms import Beside, transform
from sync_core.spec.load import parse
from sync_core.spec.provider import ProviderSpec
from sync_core.spec.template import Check, Constant, MappedField, Template

LONGEST_PATH = 200
LAST_POSITION = 20
MOST_TRANSFORMS = 10
MOST_CONSTANTS = 50

Fields = Map[str, MappedField]


def read_template(values: Any, *, where: str) -> Template:
    """`values` as a template. Raises DeclarationError at the first thing that is wrong."""
    try:
        text = orjson.dumps(values)
    except TypeError:
        raise DeclarationError(where, "", "must be what JSON can hold, with numbers of at most 64 bits") from None
    if rb"\u0000" in text:  # PostgreSQL keeps no such text
        raise DeclarationError(where, "", "must not hold the character NUL")
    return parse(Template, orjson.loads(text), where)


def written(template: Template) -> dict[str, Any]:
    """`template` as JSON values, without what is as by default: what is stored, and what a person edits."""
    return template.model_dump(mode="json", exclude_defaults=True)


def customise(declared: Mapping, template: Template, spec: ProviderSpec, entity: str, *, where: str) -> Mapping:
    """A venue's own `template` in place of the `declared` mapping of an entity, ready to map frames.

    Raises:
        DeclarationError: it does not compile, or gives up something that the entity needs; `where` names the template.
    """
    if template.model != declared.template.model:
        raise DeclarationError(where, "model", f"must stay {declared.template.model}")
    _check_cheap(template, declared.template, where)
    try:
        own = compile_mapping(template, declared.model, where=where, models=declared.models)
    except ValidationError as error:  # of the template of a list's elements
        raise DeclarationError(where, "each", error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    check_fit(own, spec, entity, where=where)
    _check_fields(template.fields, declared.template.fields, "fields", where)
    _check_lists(template, declared.template, where)
    _check_constants(template.constants, declared.template.constants, "constants", where)
    _check_required(own, declared, where)
    _check_any_of(template, declared.template, where)
    if spec.entities[entity].pulls:
        _check_row_complete(own, declared, where)
    return own


def _check_cheap(template: Template, declared: Template, where: str) -> None:
    """Refuse what could cost much time or memory, whatever it is good for."""
    known = {check.matches for _, check in _checks(declared)}
    for path, check in _checks(template):
        if check.matches is not None and check.matches not in known:
            raise DeclarationError(where, f"{path}.matches", "must be an expression of the declared template")
    for path, remote in _paths(template):
        if len(remote) > LONGEST_PATH or any(isinstance(s, int) and s > LAST_POSITION for s in steps(remote)):
            reason = f"must be at most {LONGEST_PATH} characters, and a position at most {LAST_POSITION}"
            raise DeclarationError(where, path, reason)
    for path, field in _fields(template):
        if len(field.transform) > MOST_TRANSFORMS:
            raise DeclarationError(where, f"{path}.transform", f"must be at most {MOST_TRANSFORMS} transforms")
    if len(template.constants) + sum(len(each.constants) for each in template.each.values()) > MOST_CONSTANTS:
        raise DeclarationError(where, "constants", f"must be at most {MOST_CONSTANTS}")


def _fields(template: Template) -> Iterator[tuple[str, MappedField]]:
    """Every field with its path, those of lists' elements too."""
    yield from ((f"fields.{name}", field) for name, field in template.fields.items())
    for name, each in template.each.items():
        yield from ((f"each.{name}.fields.{inner}", field) for inner, field in each.fields.items())


def _checks(template: Template) -> Iterator[tuple[str, Check]]:
    yield from ((f"{path}.check", field.check) for path, field in _fields(template))
    yield from ((f"joined.{place}.check", joined.check) for place, joined in enumerate(template.joined))


def _paths(template: Template) -> Iterator[tuple[str, str]]:
    yield from ((f"{path}.remote", field.remote) for path, field in _fields(template))
    for place, joined in enumerate(template.joined):
        yield from ((f"joined.{place}", path) for path in (joined.remote, *(joined.kept or ())))
    for name, each in template.each.items():
        yield f"each.{name}.remote", each.remote
        yield from ((f"each.{name}.constants.{i}", constant.remote) for i, constant in enumerate(each.constants))
    yield from ((f"constants.{i}.remote", constant.remote) for i, constant in enumerate(template.constants))


def _check_fields(own: Fields, declared: Fields, path: str, where: str) -> None:
    """What makes a record known again, leads to others or is money stays as it is declared."""
    beside = {step.column for field in declared.values() for step in _beside(field)}
    for name, field in declared.items():
        reason = _reason_to_stay(name, field, beside)
        if reason is not None and (name not in own or _meaning(own[name]) != _meaning(field)):
            told = orjson.dumps(_meaning(field)).decode()
            raise DeclarationError(where, f"{path}.{name}", f"must stay {told}: {reason}")


def _reason_to_stay(name: str, field: MappedField, beside: set[str]) -> str | None:
    if name == KEY:
        return "by it a record is known again"
    if field.reference is not None:
        return f"it leads to the record's {field.reference.entity}"
    if name in beside or _beside(field):
        return "an amount and its currency belong together"
    return None


def _beside(field: MappedField) -> list[Beside]:
    return [step for step in map(transform, field.transform) if isinstance(step, Beside)]


def _meaning(field: MappedField) -> dict[str, Any]:
    """What a field does, without what only describes or judges it."""
    return field.model_dump(mode="json", exclude_defaults=True, exclude={"description", "check"})


def _check_lists(own: Template, declared: Template, where: str) -> None:
    for name, each in declared.each.items():
        path = f"each.{name}"
        if name not in own.each:
            raise DeclarationError(where, path, "must stay: the provider's client works on this list")
        found = own.each[name]
        for setting in ("remote", "model", "direction", "required"):
            stays = getattr(each, setting)
            if getattr(found, setting) != stays:
                reason = f"must stay {stays}: the provider's client works on this list"
                raise DeclarationError(where, f"{path}.{setting}", reason)
        _check_fields(found.fields, each.fields, f"{path}.fields", where)
        _check_constants(found.constants, each.constants, f"{path}.constants", where)
        sent = {field.remote for field in found.fields.values() if field.required}
        for field in each.fields.values():
            if field.required and field.remote not in sent:
                raise DeclarationError(where, f"{path}.fields", f"{field.remote} is required by the provider")


def _check_constants(own: tuple[Constant, ...], declared: tuple[Constant, ...], path: str, where: str) -> None:
    for constant in declared:
        if constant not in own:
            told = orjson.dumps(constant.value).decode()
            raise DeclarationError(where, path, f"{constant.remote} must stay {told}, which the provider needs")


def _check_required(own: Mapping, declared: Mapping, where: str) -> None:
    """What the provider cannot do without is sent, and a row without it is not."""
    sent = _required_paths(own)
    for path in _required_paths(declared):
        if path not in sent:
            raise DeclarationError(
                where, "fields", f"{path} is required by the provider, and no required field is sent there"
            )


def _required_paths(mapping: Mapping) -> list[str]:
    return [ruled.name for part in mapping.pushed for ruled in part.ruled() if ruled.required]


def _check_any_of(own: Template, declared: Template, where: str) -> None:
    for group in declared.any_of:
        if not any(set(mine) <= set(group) for mine in own.any_of):
            reason = f"the provider needs at least one of {', '.join(group)}: name a group of some of them"
            raise DeclarationError(where, "any_of", reason)


def _check_row_complete(own: Mapping, declared: Mapping, where: str) -> None:
    """A row that begins at the provider has every column that the venue's table asks for."""
    filled = {*own.pull_columns, *own.new_row}
    for column in (*declared.pull_columns, *declared.new_row):
        if column not in filled and column in own.model.columns and own.model.columns[column].required:
            reason = f"the venue's table requires {column}: pull it, or give it in new_rows"
            raise DeclarationError(where, f"fields.{column}", reason)
