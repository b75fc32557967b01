"""The table: provider, HTTP status and provider's code, and what they mean.

A row without a provider holds for all, without a code for every code of the status, without a status wherever the code
is met: entries of bulk answers have none. `code` is the provider's code of the error, or its family of codes (Stripe's
`type`, Square's `category`, the `type` of QuickBooks' faults), or for what never reached a provider one of our own.

Sources: docs.stripe.com/error-codes and /api/errors; developer.squareup.com/docs/build-basics/handling-errors and the
ErrorCode list of its specification; mailchimp.com/developer/marketing/docs/errors;
developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sync_core.trouble.kinds import Category, Retry, Severity, Trouble

Status = int | Literal["4xx", "5xx"]
Key = tuple[str | None, Status | None, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    provider: str | None
    status: Status | None
    code: str | None
    category: Category
    retry: Retry
    severity: Severity
    sentence: str

    @property
    def key(self) -> Key:
        """What it is found by."""
        return self.provider, self.status, self.code

    @property
    def trouble(self) -> Trouble:
        """What it says."""
        return Trouble(self.category, self.severity, self.retry, self.sentence)


# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    # Any provider, by status alone.
    Row(None, 401, None, "authentication", "never", "error", "The provider does not accept the key or token any more: the venue connects the account again."),
    Row(None, 403, None, "authorization", "never", "error", "The account does not let us do this: the venue grants the permission there, then connects again."),
    Row(None, 404, None, "data", "never", "warning", "The provider has no such object any more: look at both sides, then save the record again or discard the letter."),
    Row(None, 408, None, "network", "normal", "warning", "The request did not reach the provider in time: the same call is made again."),
    Row(None, 429, None, "rate_limit", "high", "info", "The provider asks us to slow down: we wait and go on by ourselves."),
    Row(None, "4xx", None, "validation", "never", "warning", "The provider refuses the record for what is in it: correct the record."),
    Row(None, "5xx", None, "provider", "high", "warning", "The provider fails for the moment: the same call is made again."),
    # No answer at all.
    Row(None, None, "timeout", "network", "high", "warning", "The provider did not answer in time: the same call is made again."),
    Row(None, None, "connection_failed", "network", "high", "warning", "The connection to the provider broke: the same call is made again."),
    Row(None, None, "tls_refused", "network", "never", "error", "No secure connection to the provider comes about: an operator checks address, certificates and proxies."),
    Row(None, None, "unreadable", "provider", "never", "warning", "The provider's answer cannot be read: the next sync asks again."),
    Row(None, None, "breaker_open", "provider", "never", "warning", "The provider has failed repeatedly and is left alone for a minute: the next sync goes on."),
    Row(None, None, "provider_fails", "provider", "never", "warning", "The provider fails on this record and not on others: it is tried again by itself, more and more rarely."),
    Row(None, None, "keeps_failing", "provider", "never", "warning", "The provider keeps failing on the same records: the next sync looks them up again."),
    # Stripe.
    Row("stripe", 401, None, "authentication", "never", "error", "Stripe does not accept the key: the venue connects its account with a key that is good."),
    Row("stripe", 401, "api_key_expired", "authentication", "never", "error", "The Stripe key was rolled or has expired: the venue connects its account with the new one."),
    Row("stripe", 401, "platform_api_key_expired", "authentication", "never", "error", "The platform's Stripe key has expired: connect with the new one."),
    Row("stripe", 403, None, "authorization", "never", "error", "The Stripe key may not do this: the venue connects with a key that has the permission."),
    Row("stripe", 403, "account_invalid", "authorization", "never", "error", "The Stripe account is not open to us any more: the venue connects it again."),
    Row("stripe", 400, "testmode_charges_only", "authorization", "never", "warning", "The Stripe account is not activated for live payments: the venue completes its activation at Stripe."),
    Row("stripe", 400, "livemode_mismatch", "configuration", "never", "error", "A live key meets test data, or the other way round: connect the venue with the key of the right environment."),
    Row("stripe", 400, "rate_limit", "rate_limit", "high", "info", "Stripe asks us to slow down: we wait and go on by ourselves."),
    Row("stripe", 429, "lock_timeout", "rate_limit", "normal", "info", "Another request holds the Stripe object: the call is made again when it is free."),
    Row("stripe", 409, None, "provider", "normal", "warning", "Stripe is still working on an earlier request about the same: the call is made again."),
    Row("stripe", 409, "idempotency_key_in_use", "provider", "normal", "info", "Stripe is still working on the first attempt of the same call: it is made again."),
    Row("stripe", 424, None, "provider", "low", "warning", "Something that Stripe itself depends on fails: the call is made again."),
    Row("stripe", 402, None, "validation", "never", "warning", "Stripe took the request and declined it: look at the record at Stripe."),
    Row("stripe", None, "resource_missing", "data", "never", "warning", "Stripe has no such object any more: look at both sides, then save the record again or discard the letter."),
    Row("stripe", None, "resource_already_exists", "data", "never", "warning", "Stripe has another object under this id: look at both sides."),
    Row("stripe", None, "charge_already_refunded", "data", "never", "warning", "The charge is refunded already: look at it at Stripe, then discard the letter."),
    Row("stripe", None, "charge_disputed", "data", "never", "warning", "The charge is in dispute and cannot be refunded: answer the dispute, or discard the letter."),
    Row("stripe", None, "balance_insufficient", "authorization", "never", "warning", "The Stripe account's balance does not cover the amount: the venue adds money, and the record is tried again."),
    Row("stripe", None, "idempotency_error", "data", "never", "warning", "Stripe saw another request under the same key: the record is looked up there before it is sent again."),
    Row("stripe", 400, "parameter_unknown", "configuration", "never", "error", "The mapping sends Stripe a field that it does not know: correct the mapping."),
    Row("stripe", 400, "parameter_missing", "validation", "never", "warning", "The record lacks a value that Stripe demands: add it."),
    Row("stripe", 400, "email_invalid", "validation", "never", "warning", "Stripe does not take the e-mail address: correct it in the record."),
    Row("stripe", None, "no_remote_id", "data", "never", "warning", "The record is not at Stripe yet: it is created first."),
    Row("stripe", None, "status_not_settable", "validation", "never", "warning", "Stripe sets this status itself: take it out of the record's change."),
    Row("stripe", None, "evidence_submitted", "data", "never", "warning", "The evidence went to the bank already and cannot be changed: look at the dispute at Stripe."),
    Row("stripe", None, "no_evidence", "validation", "never", "warning", "There is no evidence to submit: write it first."),
    # Square.
    Row("square", 401, None, "authentication", "never", "error", "Square does not accept the token: the venue connects its account again."),
    Row("square", None, "ACCESS_TOKEN_EXPIRED", "authentication", "never", "error", "The Square token has ended and was not renewed: the venue connects its account again."),
    Row("square", None, "ACCESS_TOKEN_REVOKED", "authentication", "never", "error", "The venue took the access back at Square: it connects its account again if it wants to."),
    Row("square", None, "AUTHENTICATION_ERROR", "authentication", "never", "error", "Square does not accept the token: the venue connects its account again."),
    Row("square", 403, None, "authorization", "never", "error", "The Square account does not let us do this: the venue grants the permission, then connects again."),
    Row("square", 403, "INSUFFICIENT_SCOPES", "authorization", "never", "error", "The Square token lacks a permission: the venue connects again and grants all that is asked for."),
    Row("square", 403, "CLIENT_DISABLED", "configuration", "never", "critical", "Square has disabled our application: an operator looks at Square's developer console."),
    Row("square", 403, "APPLICATION_DISABLED", "configuration", "never", "critical", "Square has disabled our application: an operator looks at Square's developer console."),
    Row("square", None, "MERCHANT_SUBSCRIPTION_NOT_FOUND", "authorization", "never", "warning", "The Square account has no plan for this: the venue books it, and the record is tried again."),
    Row("square", None, "UNAUTHORIZED", "authentication", "never", "error", "Square does not accept the token: the venue connects its account again."),
    Row("square", None, "FORBIDDEN", "authorization", "never", "error", "The Square account does not let us do this: the venue grants the permission, then connects again."),
    Row("square", None, "INSUFFICIENT_PERMISSIONS", "authorization", "never", "warning", "The Square account may not do this: the venue settles it with Square, and the record is tried again."),
    Row("square", None, "INSUFFICIENT_PERMISSIONS_FOR_REFUND", "authorization", "never", "warning", "The Square account may not make this refund: the venue settles it with Square, and the record is tried again."),
    Row("square", None, "RATE_LIMITED", "rate_limit", "high", "info", "Square asks us to slow down: we wait and go on by ourselves."),
    Row("square", None, "RATE_LIMIT_ERROR", "rate_limit", "high", "info", "Square asks us to slow down: we wait and go on by ourselves."),
    Row("square", None, "REQUEST_TIMEOUT", "network", "normal", "warning", "The request did not reach Square in time: the same call is made again."),
    Row("square", None, "TEMPORARY_ERROR", "provider", "high", "warning", "Square fails for the moment: the same call is made again."),
    Row("square", None, "API_ERROR", "provider", "high", "warning", "Square fails for the moment: the same call is made again."),
    Row("square", None, "NOT_FOUND", "data", "never", "warning", "Square has no such object any more: look at both sides, then save the record again or discard the letter."),
    Row("square", None, "GONE", "data", "never", "warning", "The Square object was deleted for good: save the record again or discard the letter."),
    Row("square", None, "CUSTOMER_NOT_FOUND", "data", "never", "warning", "Square has no such customer any more: save the customer again, then the record."),
    Row("square", None, "PAYMENT_NOT_REFUNDABLE", "data", "never", "warning", "Square does not refund this payment, because of its state or its age: look at it at Square, then discard the letter."),
    Row("square", None, "PAYMENT_NOT_REFUNDABLE_DUE_TO_DISPUTE", "data", "never", "warning", "The payment is in dispute and cannot be refunded: answer the dispute, or discard the letter."),
    Row("square", None, "REFUND_ALREADY_PENDING", "data", "never", "warning", "The payment has a refund under way: look at it at Square, then save the record again or discard the letter."),
    Row("square", None, "REFUND_ERROR_PAYMENT_NEEDS_COMPLETION", "data", "never", "warning", "The payment is not completed at Square yet: complete it, then save the record again."),
    Row("square", None, "REFUND_DECLINED", "data", "never", "warning", "The customer's bank declined the refund: give the money back in another way, then discard the letter."),
    Row("square", None, "REFUND_AMOUNT_INVALID", "validation", "never", "warning", "The refund is of more than is left of the payment, or of nothing: correct the amount."),
    Row("square", None, "CONFLICT", "data", "never", "warning", "Somebody changed the Square object at the same moment: the change is read and decided, then it is tried again."),
    Row("square", None, "VERSION_MISMATCH", "data", "never", "warning", "Somebody changed the Square object at the same moment: the change is read and decided, then it is tried again."),
    Row("square", None, "IDEMPOTENCY_KEY_REUSED", "data", "never", "warning", "Square saw another request under the same key: the records are looked up there before they are sent again."),
    Row("square", None, "UNKNOWN_BODY_PARAMETER", "configuration", "never", "error", "The mapping sends Square a field that it does not know: correct the mapping."),
    Row("square", None, "UNKNOWN_QUERY_PARAMETER", "configuration", "never", "error", "We ask Square for something that it does not know: report it."),
    Row("square", None, "INVALID_SQUARE_VERSION_FORMAT", "configuration", "never", "error", "The version in Square's declaration is not one of Square's: correct it."),
    Row("square", None, "API_VERSION_INCOMPATIBLE", "configuration", "never", "error", "Square does not do this under the version in its declaration: choose another one."),
    Row("square", None, "SANDBOX_NOT_SUPPORTED", "configuration", "never", "error", "Square's sandbox offers no such operation: connect a production account."),
    Row("square", None, "METHOD_NOT_ALLOWED", "configuration", "never", "error", "Square offers no such operation: correct the declaration."),
    Row("square", None, "UNSUPPORTED", "configuration", "never", "error", "Square offers no such operation: declare the entity without it."),
    Row("square", None, "INVALID_LOCATION", "configuration", "never", "error", "The Square account cannot sell at this location or in its region: choose another location."),
    Row("square", None, "INVALID_EMAIL_ADDRESS", "validation", "never", "warning", "Square does not take the e-mail address: correct it in the record."),
    Row("square", None, "INVALID_PHONE_NUMBER", "validation", "never", "warning", "Square does not take the telephone number: correct it in the record."),
    Row("square", None, "MISSING_REQUIRED_PARAMETER", "validation", "never", "warning", "The record lacks a value that Square demands: add it."),
    Row("square", None, "VALUE_TOO_LONG", "validation", "never", "warning", "A text of the record is longer than Square takes: shorten it."),
    Row("square", None, "INVALID_REQUEST_ERROR", "validation", "never", "warning", "Square refuses the record for what is in it: correct the record."),
    Row("square", None, "NO_REMOTE_ID", "data", "never", "warning", "The record is not at Square yet: it is created first."),
    Row("square", None, "NOT_OURS", "data", "never", "warning", "The order was made at Square's till: it is changed there."),
    Row("square", None, "NOT_PAID", "data", "never", "warning", "The order is not paid at Square: take the payment there."),
    Row("square", None, "PAID", "data", "never", "warning", "The order is paid at Square: refund its payment instead of calling it off."),
    Row("square", None, "NEGATIVE_LINE", "validation", "never", "warning", "A line of the order costs less than nothing: correct the order."),
    Row("square", None, "LINES_EXCEED_TOTAL", "validation", "never", "warning", "The order's lines cost more than the order: correct the order."),
    # Mailchimp: the words of an error's title in capitals are its code.
    Row("mailchimp", 401, None, "authentication", "never", "error", "Mailchimp does not accept the key: the venue connects its account again."),
    Row("mailchimp", 403, None, "authorization", "never", "error", "The Mailchimp account does not let us do this: the venue connects with an account that may."),
    Row("mailchimp", 403, "WRONG_DATACENTER", "authentication", "never", "error", "The Mailchimp key belongs to another data centre: the venue copies the whole key, its ending too."),
    Row("mailchimp", 403, "USER_DISABLED", "authorization", "never", "error", "Mailchimp has disabled the account: the venue settles it with Mailchimp, then connects again."),
    Row("mailchimp", 403, "NO_BODY", "rate_limit", "high", "info", "Mailchimp's edge holds us off: we wait and go on by ourselves."),
    Row("mailchimp", 429, "TOO_MANY_REQUESTS", "rate_limit", "high", "info", "Too many connections to Mailchimp at once: we wait and go on by ourselves."),
    Row("mailchimp", 503, "COMPLIANCE_RELATED", "authorization", "never", "warning", "Mailchimp has switched this off for the account: the venue settles it with Mailchimp."),
    Row("mailchimp", 404, "RESOURCE_NOT_FOUND", "data", "never", "warning", "Mailchimp has no such thing any more: look at both sides, then save the record again or discard the letter."),
    Row("mailchimp", 405, None, "configuration", "never", "error", "Mailchimp offers no such operation: correct the declaration."),
    Row("mailchimp", 400, "JSON_PARSE_EXCEPTION", "configuration", "never", "error", "Mailchimp cannot read what we send: correct the mapping."),
    Row("mailchimp", 400, "INVALID_RESOURCE", "validation", "never", "warning", "Mailchimp refuses the record for what is in it: correct the record."),
    Row("mailchimp", None, "MEMBER_EXISTS", "data", "never", "warning", "The address is in the audience already, as somebody else: look at both contacts."),
    Row("mailchimp", None, "FORGOTTEN_EMAIL_NOT_SUBSCRIBED", "data", "never", "info", "The person was deleted for good and comes back only by subscribing: discard the letter."),
    Row("mailchimp", None, "MEMBER_IN_COMPLIANCE_STATE", "data", "never", "info", "The person unsubscribed or bounced and comes back only by subscribing: discard the letter."),
    Row("mailchimp", None, "ERROR_CONTACT_EXISTS", "data", "never", "warning", "The address is in the audience already, as somebody else: look at both contacts."),
    Row("mailchimp", None, "EMAIL_TAKEN", "data", "never", "warning", "Two customers share one address, which Mailchimp knows as one person: merge them or correct one."),
    Row("mailchimp", None, "NO_EMAIL", "validation", "never", "warning", "Mailchimp knows people by e-mail address: add one."),
    Row("mailchimp", None, "ERROR_GENERIC", "validation", "never", "warning", "Mailchimp refuses the contact for what is in it: correct the record."),
    Row("mailchimp", None, "NOT_FOUND", "data", "never", "warning", "Mailchimp has no such contact any more: save the record again or discard the letter."),
    Row("mailchimp", None, "NO_REMOTE_ID", "data", "never", "warning", "The record is not at Mailchimp yet: it is created first."),
    Row("mailchimp", None, "UNANSWERED", "provider", "never", "warning", "Mailchimp did not say what became of the contact: it is tried again."),
    # QuickBooks: a fault may come with any status, 200 too.
    Row("quickbooks", 401, None, "authentication", "never", "error", "QuickBooks does not accept the token: the venue connects the company again."),
    Row("quickbooks", None, "3200", "authentication", "never", "error", "The QuickBooks token has ended and was not renewed: the venue connects the company again."),
    Row("quickbooks", None, "AuthenticationFault", "authentication", "never", "error", "QuickBooks does not accept the token: the venue connects the company again."),
    Row("quickbooks", None, "AUTHENTICATION", "authentication", "never", "error", "QuickBooks does not accept the token: the venue connects the company again."),
    Row("quickbooks", 403, None, "authorization", "never", "error", "QuickBooks does not let us into the company: the venue connects it again."),
    Row("quickbooks", None, "120", "authorization", "never", "error", "QuickBooks does not let us into the company: the venue connects it again."),
    Row("quickbooks", None, "3100", "authorization", "never", "error", "The token is for another company or scope: the venue connects the company again."),
    Row("quickbooks", None, "5020", "authorization", "never", "warning", "The QuickBooks user may not do this: the venue gives the user the right, and the record is tried again."),
    Row("quickbooks", None, "AuthorizationFault", "authorization", "never", "warning", "The QuickBooks user may not do this: the venue gives the user the right, and the record is tried again."),
    Row("quickbooks", None, "AuthorizatonFault", "authorization", "never", "warning", "The QuickBooks user may not do this: the venue gives the user the right, and the record is tried again."),  # so its schema spells it
    Row("quickbooks", None, "6190", "authorization", "never", "error", "QuickBooks has closed the company: the venue renews its subscription, and we go on by ourselves."),
    Row("quickbooks", None, "3001", "rate_limit", "high", "info", "QuickBooks asks us to slow down: we wait a minute and go on by ourselves."),
    Row("quickbooks", None, "10000", "provider", "high", "warning", "QuickBooks fails for the moment: the same call is made again."),
    Row("quickbooks", None, "SystemFault", "provider", "high", "warning", "QuickBooks fails for the moment: the same call is made again."),
    Row("quickbooks", None, "610", "data", "never", "warning", "The QuickBooks object is gone or inactive: look at both sides, then save the record again or discard the letter."),
    Row("quickbooks", None, "2500", "data", "never", "warning", "The record refers to something that QuickBooks does not have: bring that first."),
    Row("quickbooks", None, "5010", "data", "never", "warning", "Somebody changed the QuickBooks object at the same moment: the change is read and decided, then it is tried again."),
    Row("quickbooks", None, "6140", "data", "never", "warning", "Another QuickBooks document has the number: change one of them."),
    Row("quickbooks", None, "6240", "data", "never", "warning", "Another customer, vendor, employee or item has the name: change one of them."),
    Row("quickbooks", None, "6200", "data", "never", "warning", "The books are closed for that day: the accountant opens them, or the letter is discarded."),
    Row("quickbooks", None, "500", "configuration", "never", "error", "QuickBooks offers no such operation: correct the declaration."),
    Row("quickbooks", None, "2010", "configuration", "never", "error", "The mapping sends QuickBooks a field that it does not know: correct the mapping."),
    Row("quickbooks", None, "4000", "configuration", "never", "error", "QuickBooks cannot read our query: report it."),
    Row("quickbooks", None, "4001", "configuration", "never", "error", "QuickBooks does not accept our query: report it."),
    Row("quickbooks", None, "6430", "configuration", "never", "error", "An account named in the settings is of the wrong type: choose another one."),
    Row("quickbooks", None, "2020", "validation", "never", "warning", "The record lacks a value that QuickBooks demands: add it."),
    Row("quickbooks", None, "2050", "validation", "never", "warning", "A text of the record is longer than QuickBooks takes: shorten it."),
    Row("quickbooks", None, "2170", "validation", "never", "warning", "A value of the record is not among those that QuickBooks knows: correct it."),
    Row("quickbooks", None, "6000", "validation", "never", "warning", "QuickBooks refuses the record by a rule of its books: correct the record."),
    Row("quickbooks", None, "ValidationFault", "validation", "never", "warning", "QuickBooks refuses the record for what is in it: correct the record."),
    Row("quickbooks", None, "NOT_FOUND", "data", "never", "warning", "The QuickBooks object was deleted: save the record again or discard the letter."),
    Row("quickbooks", None, "NO_REMOTE_ID", "data", "never", "warning", "The record is not in QuickBooks yet: it is created first."),
    Row("quickbooks", None, "NOT_OURS", "data", "never", "warning", "QuickBooks made something of another kind of it: look at it there."),
    Row("quickbooks", None, "APPLIED", "data", "never", "warning", "The payment is applied to several documents: change it in QuickBooks."),
    Row("quickbooks", None, "VOID", "data", "never", "warning", "The document is void, which cannot be undone: make a new one."),
    Row("quickbooks", None, "STATUS", "data", "never", "warning", "The invoice's payments say otherwise than its status: enter or delete payments."),
    Row("quickbooks", None, "NOT_SOLD", "data", "never", "info", "The order is not completed yet: it is booked when it is."),
    Row("quickbooks", None, "NO_NAME", "validation", "never", "warning", "QuickBooks needs a name, a company, an e-mail address or a telephone number: add one."),
    Row("quickbooks", None, "CURRENCY", "validation", "never", "warning", "The books take no amount in this currency: book it where they do, or discard the letter."),
    Row("quickbooks", None, "DECIMALS", "validation", "never", "warning", "QuickBooks keeps two decimals and would round the amount: correct the amount."),
    Row("quickbooks", None, "TOTAL", "validation", "never", "warning", "The lines do not come to the total: correct the record."),
    # Our own: what never reached a provider, or was refused on this side.
    Row(None, None, "too_many_bad_rows", "configuration", "never", "error", "So many records fail the checks that the mapping itself must be wrong: correct the mapping."),
    Row(None, None, "unknown_record", "data", "never", "warning", "The object refers to one that we do not know: sync that entity first."),
    Row(None, None, "not_storable", "data", "never", "warning", "The database refuses the record: look at what the provider has in it."),
    Row(None, None, "in_doubt", "data", "never", "error", "Nobody knows whether it was done: look at the provider, then add a new record or discard the letter."),
    Row(None, None, "database_gone", "network", "high", "error", "The database does not answer: what was under way is finished by the next sync."),
    Row(None, None, "database_deadlock", "network", "high", "warning", "Two transactions stood in each other's way: the next sync goes on."),
    Row(None, None, "database_slow", "network", "high", "warning", "The database took too long: the next sync goes on."),
    Row(None, None, "database_full", "configuration", "never", "critical", "The database's disk is full: an operator makes room, and everything goes on."),
    Row(None, None, "database_read_only", "configuration", "never", "critical", "The database takes no writes: an operator looks at it, and everything goes on."),
    Row(None, None, "database_crowded", "configuration", "never", "error", "No database connection was free: allow more of them, or fewer workers."),
    Row(None, None, "refused", "validation", "never", "warning", "The provider refuses the record and gives no code: its sentence says what is wrong."),
)
# fmt: on

_BY_KEY: Final[Mapping[Key, Trouble]] = {row.key: row.trouble for row in ROWS}
_BY_CODE: Final[Mapping[tuple[str | None, str], Trouble]] = {
    (row.provider, row.code): row.trouble for row in reversed(ROWS) if row.code is not None
}


def look_up(provider: str | None, status: int | None, code: str | None, *, family: str | None = None) -> Trouble | None:
    """What an answer means; None when no row is about it.

    A code tells more than a status, a status more than a family of codes, and a provider's own row goes before one for
    all.

    Args:
        provider: as declared, such as "stripe"; None when it is not known.
        status: HTTP's; None where there is none, or where it is not known any more.
        code: the provider's code, or one of our own.
        family: what the provider sorts its codes by.
    """
    if status is None and code:
        found = _BY_CODE.get((provider, code)) or _BY_CODE.get((None, code))
        if found is not None:
            return found
    in_general: Status | None = None if status is None or status < 400 else "4xx" if status < 500 else "5xx"  # noqa: PLR2004 - HTTP
    asked: list[Key] = []
    if code:
        asked.extend([(provider, status, code), (provider, None, code), (None, status, code), (None, None, code)])
    if status is not None:
        asked.extend([(provider, status, None), (None, status, None)])
    if family:
        asked.append((provider, None, family))
    if in_general is not None:
        asked.extend([(provider, in_general, None), (None, in_general, None)])
    return next((_BY_KEY[key] for key in asked if key in _BY_KEY), None)
