"""Secrets and personal data leave a text before it becomes an error: error texts reach logs and Dagster's storage."""

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # "Authorization: Bearer ..." and "Basic ...", whatever the token looks like.
    (re.compile(r"\b(Bearer|Basic|Client)\s+[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE), r"\1 [secret]"),
    # Stripe's keys and secrets (docs.stripe.com/keys); the provider's own "sk_test_****abcd" form too.
    (re.compile(r"\b(?:sk|rk|pk|whsec|rt|ac|ek)_[A-Za-z0-9_*]{4,}"), "[secret]"),
    # Square's access and refresh tokens, application secrets and authorization codes.
    (re.compile(r"\b(?:EAA|EQAA)[A-Za-z0-9_-]{8,}"), "[secret]"),
    (re.compile(r"\bsq0[a-z]{3}-[A-Za-z0-9_-]{8,}"), "[secret]"),
    # Mailchimp's keys, which end in the account's data centre.
    (re.compile(r"\b[0-9a-f]{32}-[a-z]{2,4}\d{1,4}\b"), "[secret]"),
    # Intuit's access tokens (signed or encrypted JSON in base64, RFC 7516) and refresh tokens.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"), "[secret]"),
    (re.compile(r"\bAB11[A-Za-z0-9]{16,}"), "[secret]"),
    # Our own API keys; their id, which is no secret, goes with them.
    (re.compile(r"\bvsk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}"), "[secret]"),
    (re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "[e-mail]"),
)


def redact(text: str) -> str:
    """The text without API keys, tokens and e-mail addresses; each becomes "[secret]" or "[e-mail]"."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
