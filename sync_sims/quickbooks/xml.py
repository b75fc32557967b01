"""The form that QuickBooks answers in unless JSON is asked for: `<IntuitResponse>`, so that who forgets to ask notices."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NAMESPACE = "http://schema.intuit.com/finance/v3"
_ATTRIBUTES = frozenset(
    {"domain", "sparse", "status", "bId", "startPosition", "maxResults", "totalCount", "type", "code", "element"}
)


def as_xml(body: dict[str, Any]) -> bytes:
    """An answer as XML."""
    time = quoteattr(str(body.get("time", "")))
    inside = "".join(_element(name, value) for name, value in body.items() if name != "time")
    return f'{_HEAD}<IntuitResponse xmlns="{_NAMESPACE}" time={time}>{inside}</IntuitResponse>'.encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(_text(value))}</{name}>"
    if "value" in value:
        label = f" name={quoteattr(str(value['name']))}" if "name" in value else ""
        return f"<{name}{label}>{escape(_text(value['value']))}</{name}>"
    attributes = "".join(f" {key}={quoteattr(_text(entry))}" for key, entry in value.items() if key in _ATTRIBUTES)
    inside = "".join(_element(key, entry) for key, entry in value.items() if key not in _ATTRIBUTES)
    return f"<{name}{attributes}>{inside}</{name}>"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
