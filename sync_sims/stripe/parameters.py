"""Kinds of parameters and how Stripe checks them: every value arrives as text, a hash or an array.

A kind's `read` returns the typed value; None means "clear this field", which only clearable kinds allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal as Number
from decimal import InvalidOperation
from typing import Any, Protocol

from sync_sims.stripe.currencies import CURRENCIES
from sync_sims.stripe.errors import ApiError, empty_parameter, missing_parameter, unknown_parameters


class Kind(Protocol):
    """What a parameter accepts."""

    def read(self, value: Any, param: str) -> Any:
        """Check and convert one value; `param` is its full name ("address[city]").

        Raises:
            ApiError: The value is not acceptable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    longest: int = 5000
    clearable: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """Check the length, and that it is text at all."""
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {value}", param=param)
        if not value:
            if self.clearable:
                return None
            raise empty_parameter(param)
        if len(value) > self.longest:
            raise ApiError(f"Invalid string: {value[:12]}...; must be at most {self.longest} characters", param=param)
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, of minor units or seconds."""

    least: int | None = None
    most: int | None = None
    clearable: bool = False

    def read(self, value: Any, param: str) -> int | None:
        """Check that it is a whole number within the bounds."""
        if value == "":
            if self.clearable:
                return None
            raise empty_parameter(param)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=param) from None
        if self.least is not None and number < self.least:
            message = f"This value must be greater than or equal to {self.least}."
            raise ApiError(message, code="parameter_invalid_integer", param=param)
        if self.most is not None and number > self.most:
            message = f"This value must be less than or equal to {self.most}."
            raise ApiError(message, code="parameter_invalid_integer", param=param)
        return number


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal number kept as text, at most twelve places."""

    def read(self, value: Any, param: str) -> str:
        """Check that it is a decimal number."""
        try:
            number = Number(value)
        except (InvalidOperation, TypeError, ValueError):
            raise ApiError(f"Invalid decimal: {value}", param=param) from None
        return format(number.normalize(), "f")


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    def read(self, value: Any, param: str) -> bool:
        """Check that it is one of the two words."""
        if value not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=param)
        return value == "true"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]
    clearable: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """Check that it is one of the words."""
        if value == "" and self.clearable:
            return None
        if value not in self.words:
            listed = " or ".join([", ".join(self.words[:-1]), self.words[-1]] if len(self.words) > 1 else self.words)
            raise ApiError(f"Invalid {param}: must be one of {listed}", param=param)
        return value


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that Stripe supports, in either case; stored in lower case."""

    def read(self, value: Any, param: str) -> str:
        """Check that Stripe supports it."""
        code = value.lower() if isinstance(value, str) else ""
        if code not in CURRENCIES:
            raise ApiError(
                f"Invalid currency: {value}. Stripe currently supports these currencies: {', '.join(CURRENCIES)}",
                param=param,
            )
        return code


@dataclass(frozen=True, slots=True)
class Array:
    """A list of one kind, written `a[]=` or `a[0]=`."""

    item: Kind
    most: int | None = None
    clearable: bool = False

    def read(self, value: Any, param: str) -> list[Any]:
        """Check each element."""
        if value == "" and self.clearable:
            return []
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list):
            raise ApiError("Invalid array", param=param)
        if self.most is not None and len(value) > self.most:
            raise ApiError(f"Array {param} exceeded maximum {self.most} allowed elements.", param=param)
        return [self.item.read(element, f"{param}[{position}]") for position, element in enumerate(value)]


@dataclass(frozen=True, slots=True)
class Hash:
    """Named parameters, at the top of a request or nested in it."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    clearable: bool = False

    def read(self, value: Any, param: str) -> dict[str, Any] | None:
        """Check each field: unknown ones first, then missing ones, then values."""
        if value == "" and self.clearable:
            return None
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=param or None)
        unknown = [_within(param, name) for name in value if name not in self.fields]
        if unknown:
            raise unknown_parameters(unknown)
        for name in self.required:
            if name not in value:
                raise missing_parameter(_within(param, name))
        return {name: self.fields[name].read(given, _within(param, name)) for name, given in value.items()}

    def extended(self, fields: Mapping[str, Kind], *, required: tuple[str, ...] = ()) -> "Hash":
        """The same parameters and some more."""
        return Hash({**self.fields, **fields}, required=self.required + required, clearable=self.clearable)


@dataclass(frozen=True, slots=True)
class Metadata:
    """Up to 50 keys of 40 characters with values of 500 (docs.stripe.com/metadata).

    An empty value removes its key; None for the whole clears all.
    """

    def read(self, value: Any, param: str) -> dict[str, str | None] | None:
        """Check keys and values."""
        if value == "":
            return None
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=param)
        if len(value) > 50:
            raise ApiError("Metadata can have up to 50 keys.", param=param)
        return {key: self._value(key, given, param) for key, given in value.items()}

    @staticmethod
    def _value(key: str, given: Any, param: str) -> str | None:
        if not isinstance(given, str):
            raise ApiError("Metadata values must be strings, but for key '" + key + "' you passed a hash.", param=param)
        if len(key) > 40:
            message = (
                f"Metadata keys can have up to 40 characters, but you passed in a key that is {len(key)} characters."
            )
            raise ApiError(f"{message} Invalid key: {key}", param=param)
        if len(given) > 500:
            message = f"Metadata values can have up to 500 characters, but you passed in a value that is {len(given)}"
            raise ApiError(f"{message} characters. Invalid value: {given}", param=param)
        return given or None


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds in unix seconds, both inclusive."""

    least: int | None = None
    most: int | None = None

    def holds(self, moment: int) -> bool:
        """Whether the moment lies within the bounds."""
        return (self.least is None or moment >= self.least) and (self.most is None or moment <= self.most)


_BOUNDS = Hash({name: Integer() for name in ("gt", "gte", "lt", "lte")})


@dataclass(frozen=True, slots=True)
class Moment:
    """An exact time in unix seconds, or bounds `gt`, `gte`, `lt`, `lte`."""

    bounds: Hash = field(default=_BOUNDS)

    def read(self, value: Any, param: str) -> Between:
        """Turn either form into inclusive bounds."""
        if not isinstance(value, dict):
            exact = Integer().read(value, param)
            return Between(least=exact, most=exact)
        given = self.bounds.read(value, param) or {}
        least = [given[name] + extra for name, extra in (("gt", 1), ("gte", 0)) if name in given]
        most = [given[name] - extra for name, extra in (("lt", 1), ("lte", 0)) if name in given]
        return Between(least=max(least, default=None), most=min(most, default=None))


def merged_metadata(current: dict[str, str], given: dict[str, str | None] | None) -> dict[str, str]:
    """Metadata after an update: keys are merged, empty ones removed, None clears all.

    Raises:
        ApiError: The result would hold more than 50 keys.
    """
    if given is None:
        return {}
    kept = {key: value for key, value in {**current, **given}.items() if value is not None}
    if len(kept) > 50:
        raise ApiError("Metadata can have up to 50 keys.", param="metadata")
    return kept


def _within(param: str, name: str) -> str:
    return f"{param}[{name}]" if param else name
