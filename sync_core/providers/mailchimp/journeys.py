"""Sending contacts into journeys: a step of an automation that waits for the API is told to begin with somebody.

Mailchimp answers with nothing, gives it no id and shows nobody what was asked of it, so it can neither be repeated nor
looked up (mailchimp.com/developer/marketing/api/customer-journeys-journeys): what is in doubt is said to be so.
Whoever takes no mail is not sent into one.
"""

from collections.abc import Iterator, Mapping, Sequence

from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment
from sync_core.providers.mailchimp.contact import address_in, hash_of, refused
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write

MAILED_NO_MORE = frozenset({"archived", "unsubscribed", "cleaned"})


class Journeys:
    """The journeys of an account, entered by contacts of one audience."""

    def __init__(self, calls: MailchimpCalls, audience: Audience) -> None:
        self._calls = calls
        self._audience = audience

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Nothing: Mailchimp shows nobody who was sent into a journey."""
        del cursor
        yield Page(records=[], cursor={}, last=True)

    def write(self, batch: Batch) -> list[Outcome]:
        """Send contacts in, one after the other. Raises OutcomeUnknown when nobody can say whether the last one was."""
        return [self._send(write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Nothing; which does not say that it was not done."""
        del sought
        return {}

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """What was sent, as far as it can be seen: not at all, and that is no deletion."""
        return [Remote(one, {}) for one in ids]

    def _send(self, write: Write) -> Outcome:
        address = address_in(write.fields)
        if write.operation != "create" or address is None:
            return refused(write, "NOT_A_TRIGGER", "A journey is entered once, by an e-mail address.")
        # Asked for first: a refusal has a reason then, and an API that is down is noticed before anything is in doubt.
        contact = self._calls.find(f"{self._audience.path}/members/{hash_of(address)}", fields="status")
        if contact is None:
            return refused(write, "NO_CONTACT", "The audience has no contact with this address; sync members first.")
        if contact["status"] in MAILED_NO_MORE:
            return refused(write, "NO_MAIL", f"The contact is {contact['status']}, so no journey may mail them.")
        journey, step = (segment(str(write.fields.get(name) or "")) for name in ("journey_id", "step_id"))
        try:
            self._calls.act_once(
                f"/customer-journeys/journeys/{journey}/steps/{step}/actions/trigger", {"email_address": address}
            )
        except Refused as exc:
            if exc.status == 404:  # noqa: PLR2004 - HTTP
                return refused(
                    write,
                    "NO_STEP",
                    "Mailchimp has no such step that waits for the API; look at the URL it shows there.",
                )
            return refused(write, exc.code, str(exc))
        return Outcome(local_id=write.local_id, remote=Remote(write.local_id, {}))
