"""What a verified webhook says. Types nobody knows are kept: they may matter to whoever reads them later."""

from collections.abc import Callable, Mapping

import orjson

from sync_core.errors import UnreadableWebhook
from sync_core.webhooks import mailchimp, quickbooks, square, stripe
from sync_core.webhooks.event import DEEPEST, Event, Json, deeper, without_nul

_JSON: Mapping[str, Callable[[Json], list[Event]]] = {
    "stripe": stripe.events,
    "square": square.events,
    "quickbooks": quickbooks.events,
}


def parse(provider: str, body: bytes, content_type: str) -> list[Event]:
    """The events in a webhook's body, in the order in which they stand there.

    Args:
        provider: "stripe", "square", "quickbooks" or "mailchimp".
        body: the body as received.
        content_type: as the request says; Mailchimp's is form data, the others' JSON.

    Raises:
        UnreadableWebhook: the body is in no form that the provider is known to send.
    """
    if provider == "mailchimp":
        return mailchimp.events(body, content_type)
    if provider not in _JSON:
        raise UnreadableWebhook(f"There is no way known to read a webhook of {provider!r}.")
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnreadableWebhook(f"A webhook of {provider} is not JSON, although its signature is good.") from None
    # Counting brackets costs nothing beside walking, which hardly any webhook needs.
    if body.count(b"[") + body.count(b"{") > DEEPEST and deeper(sent, DEEPEST):
        raise UnreadableWebhook(
            f"A webhook of {provider} is nested more than {DEEPEST} deep, although its signature is good."
        )
    return _JSON[provider](without_nul(sent) if b"\\u0000" in body else sent)
