"""Typed reading of what a client sent; a wrong type is refused with the code Square's schema names for it.

Null counts as absent everywhere, as Square treats it outside sparse updates. Paths in errors are dotted, with array
positions: "batches[0].objects[2].item_data.name".
"""

from collections.abc import Collection, Mapping
from typing import Any

from sync_sims.square.refusal import Refused, invalid, missing
from sync_sims.square.timestamps import parsed, stamp


class Fields:
    """One JSON object of a request and where it stands in the body."""

    __slots__ = ("at", "values")

    def __init__(self, values: Mapping[str, Any], at: str = "") -> None:
        self.values = values
        self.at = at

    def path(self, name: str) -> str:
        """The field's full path in the body."""
        return f"{self.at}.{name}" if self.at else name

    def wrong(self, code: str, detail: str, name: str) -> Refused:
        """A refusal that names the field."""
        return invalid(code, detail, field=self.path(name))

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        """A string of at most `longest` characters."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong("EXPECTED_STRING", "Expected a string value.", name)
        if longest is not None and len(value) > longest:
            raise self.wrong("VALUE_TOO_LONG", f"Field must not be greater than {longest} length", name)
        return value

    def needed_text(self, name: str, *, longest: int | None = None) -> str:
        """A string that must be there and not be blank."""
        value = self.text(name, longest=longest)
        if value is None:
            raise missing(self.path(name))
        if not value:
            raise self.wrong("VALUE_EMPTY", "Field must not be blank", name)
        return value

    def whole(self, name: str) -> int | None:
        """An integer."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong("EXPECTED_INTEGER", "Expected an integer value.", name)
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong("EXPECTED_BOOLEAN", "Expected a boolean value.", name)
        return value

    def inner(self, name: str) -> "Fields | None":
        """An object."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong("EXPECTED_OBJECT", "Expected an object value.", name)
        return Fields(value, self.path(name))

    def needed_inner(self, name: str) -> "Fields":
        """An object that must be there."""
        value = self.inner(name)
        if value is None:
            raise missing(self.path(name))
        return value

    def array(self, name: str, *, most: int | None = None) -> list[Any] | None:
        """An array of at most `most` entries."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.wrong("EXPECTED_ARRAY", "Expected an array.", name)
        if most is not None and len(value) > most:
            raise self.wrong("ARRAY_LENGTH_TOO_LONG", f"Array must not contain more than {most} values.", name)
        return value

    def needed_array(self, name: str, *, most: int | None = None) -> list[Any]:
        """An array that must be there and not be empty."""
        value = self.array(name, most=most)
        if value is None:
            raise missing(self.path(name))
        if not value:
            raise self.wrong("ARRAY_EMPTY", "Array must not be empty.", name)
        return value

    def texts(self, name: str, *, most: int | None = None) -> list[str] | None:
        """An array of strings."""
        values = self.array(name, most=most)
        for position, value in enumerate(values or ()):
            if not isinstance(value, str):
                raise self.wrong("EXPECTED_STRING", "Expected a string value.", f"{name}[{position}]")
        return values

    def objects(self, name: str, *, most: int | None = None) -> list["Fields"]:
        """An array of objects; absent is empty."""
        found: list[Fields] = []
        for position, value in enumerate(self.array(name, most=most) or ()):
            place = f"{name}[{position}]"
            if not isinstance(value, dict):
                raise self.wrong("EXPECTED_OBJECT", "Expected an object value.", place)
            found.append(Fields(value, self.path(place)))
        return found

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """One of an enumeration's values."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise self.wrong(
                "INVALID_ENUM_VALUE", f"`{value}` is not a valid enum value for `{self.path(name)}`.", name
            )
        return value

    def moment(self, name: str) -> str | None:
        """A time, as a stamp in UTC to the millisecond."""
        value = self.text(name)
        if value is None:
            return None
        moment = parsed(value)
        if moment is None:
            raise self.wrong("INVALID_TIME", "Expected an RFC 3339 timestamp with an offset.", name)
        return stamp(moment)


class Parameters(Fields):
    """Query parameters: the same reading, from text."""

    __slots__ = ()

    def whole(self, name: str) -> int | None:
        """An integer."""
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            raise self.wrong("EXPECTED_INTEGER", "Expected an integer value.", name) from None

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.values.get(name)
        if value is None:
            return None
        if value.lower() not in {"true", "false"}:
            raise self.wrong("EXPECTED_BOOLEAN", "Expected a boolean value.", name)
        return value.lower() == "true"
