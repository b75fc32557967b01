"""What a body must look like, and the words in which Mailchimp says that it does not.

Fields that a shape does not name are ignored, as Mailchimp ignores them. Null is no value of any type: "Schema describes
string, NULL found instead".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_sims.mailchimp.errors import invalid
from sync_sims.mailchimp.moments import parsed

_BLANK = "This value should not be blank."


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of value: its name in messages, who belongs, and for enumerations, objects and arrays what is inside."""

    name: str
    accepts: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    inner: "Shape | None" = None
    each: "Kind | None" = None
    most: int | None = None
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An object's fields by name, and those that must be there."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()


TEXT = Kind("string", lambda value: isinstance(value, str))
WHOLE = Kind("integer", lambda value: isinstance(value, int) and not isinstance(value, bool))
NUMBER = Kind("number", lambda value: isinstance(value, (int, float)) and not isinstance(value, bool))
FLAG = Kind("boolean", lambda value: isinstance(value, bool))
OBJECT = Kind("object", lambda value: isinstance(value, dict))
MOMENT = Kind("string", TEXT.accepts, moment=True)


def choice(*values: str) -> Kind:
    """One of the values given."""
    return Kind("string", TEXT.accepts, choices=values)


def within(shape: Shape) -> Kind:
    """An object of this shape."""
    return Kind("object", OBJECT.accepts, inner=shape)


def several(kind: Kind, *, most: int | None = None) -> Kind:
    """An array of at most `most` values of this kind."""
    return Kind("array", lambda value: isinstance(value, list), each=kind, most=most)


def read(given: Mapping[str, Any], shape: Shape, *, partial: bool = False) -> dict[str, Any]:
    """The fields that the shape names, times in Mailchimp's own form; `partial` asks for none of the required ones.

    Raises:
        ApiError: 400 Invalid Resource, naming every field that is wrong.
    """
    wrong: list[tuple[str, str]] = []
    taken = _object(given, shape, "", wrong, partial=partial)
    if wrong:
        raise invalid(*wrong)
    return taken


def _object(
    given: Mapping[str, Any], shape: Shape, at: str, wrong: list[tuple[str, str]], *, partial: bool = False
) -> dict[str, Any]:
    missing = [name for name in shape.required if name not in given]
    if missing and not partial:
        wrong.append((at, f"Required fields were not provided: {', '.join(missing)}"))
    blank = [name for name in shape.required if given.get(name) == ""]
    wrong.extend((f"{at}.{name}" if at else name, _BLANK) for name in blank)
    return {
        name: _value(value, shape.fields[name], f"{at}.{name}" if at else name, wrong)
        for name, value in given.items()
        if name in shape.fields and name not in blank
    }


def _value(value: Any, kind: Kind, at: str, wrong: list[tuple[str, str]]) -> Any:
    if not kind.accepts(value):
        wrong.append((at, f"Schema describes {kind.name}, {_named(value)} found instead"))
        return value
    if kind.choices and value not in kind.choices:
        wrong.append((at, f"Data presented is not one of the accepted values: {', '.join(kind.choices)}."))
    if kind.moment and value:
        moment = parsed(value)
        if moment is None:
            wrong.append((at, "This value is not a valid datetime."))
        return moment
    if kind.most is not None and len(value) > kind.most:
        wrong.append((at, f"This collection should contain {kind.most} elements or less."))
    if kind.inner is not None:
        return _object(value, kind.inner, at, wrong)
    if kind.each is not None:
        return [_value(entry, kind.each, f"{at}.item:{number}", wrong) for number, entry in enumerate(value)]
    return value


def _named(value: Any) -> str:
    if value is None:
        return "NULL"
    for kind in (FLAG, WHOLE, NUMBER, TEXT, OBJECT):
        if kind.accepts(value):
            return kind.name
    return "array"
