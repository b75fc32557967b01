r"""Secrets and personal data leave a text before it becomes an error: error texts reach logs and Dagster's storage.

Stays true: what is hidden is hidden however the text was wrapped on its way here: in an address (%3Dsk_live_...), or
quoted once more as a string (a backslash and an n in front of it).
"""

import re
from typing import Final

ESCAPED: Final = r"(?<=\\[nrt])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2})"
"""What stands in front of a word where its line's end or its quotation mark was escaped: no end of a word to \\b."""
START: Final = rf"(?:\b|{ESCAPED})"
QUOTE: Final = r"""(?:\\*["'])"""
"""A quotation mark, escaped or not."""
IS: Final = rf"(?:{QUOTE}|%22)?\s*(?:[:=]|%3[AaDd])\s*"
"""Between a field's name and its value."""

# Fields that hold a secret whatever it looks like: Mailchimp's tokens are 32 digits and have no mark of their own.
_HIDING: Final = (
    r"(?:access|refresh|(?<![a-z])id|auth|bearer|session|security|verifier|csrf)[_-]?token|client[_-]?secret|code[_-]?verifier|"
    r"(?:webhook|app|application|signing|shared)[_-]?secret|api[_-]?key|(?:private|secret)[_-]?(?:access[_-]?)?key|"
    r"passphrase|password|passwd"
)
_BARE: Final = r"""[^\s"'\\&,;<>(){}\[\]]"""
_VALUE: Final = rf"""(?:({QUOTE}|%22).+?(?=(?<!\\)\2|\n|\Z)|{_BARE}{{5,}}(?![.]){_BARE})"""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[secret]",
    ),
    # "Authorization: Bearer ..." and "Basic ...", whatever the token looks like.
    (re.compile(rf"{START}(Bearer|Basic|Client)(\s+|%20|\+)[A-Za-z0-9._~+/=:-]{{6,}}", re.IGNORECASE), r"\1\2[secret]"),
    (
        re.compile(rf"(Authorization{IS}{QUOTE}?)(?!Bearer\b|Basic\b|Client\b)[^\s\"'\\,]{{6,}}", re.IGNORECASE),
        r"\1[secret]",
    ),
    (re.compile(rf"({START}(?:Set-)?Cookie{IS}{QUOTE}?)[^\n\"'\\]+", re.IGNORECASE), r"\1[secret]"),
    (re.compile(rf"((?:{_HIDING}){IS}){_VALUE}", re.IGNORECASE), r"\1\2[secret]"),
    # An authorization code, and whatever else an address carries under such a name.
    (re.compile(r"([?&](?:code|state|token|key|secret|sig|signature)=)[^&\s\"'\\<>]+", re.IGNORECASE), r"\1[secret]"),
    # A password in an address: postgresql://user:password@host.
    (re.compile(r"(://[^\s:/@\"']*:)[^\s/\"']+@"), r"\1[secret]@"),
    # Stripe's keys and secrets (docs.stripe.com/keys); the provider's own "sk_test_****abcd" form too.
    (re.compile(rf"{START}(?:sk|rk|pk|rt|ac|ek)_[A-Za-z0-9_*]{{4,}}"), "[secret]"),
    (re.compile(rf"(?:(?<![A-Za-z0-9])|{ESCAPED})(?:[srp]k_(?:live|test)_|whsec_)[A-Za-z0-9_*+/=-]{{4,}}"), "[secret]"),
    # Square's access and refresh tokens, application secrets and authorization codes.
    (re.compile(rf"{START}(?:EAA|EQAA)[A-Za-z0-9_-]{{8,}}"), "[secret]"),
    (re.compile(rf"{START}sq0[a-z]{{3}}-[A-Za-z0-9_-]{{8,}}"), "[secret]"),
    # Mailchimp's keys, which end in the account's data centre.
    (re.compile(rf"{START}[0-9a-f]{{32}}-[a-z]{{2,4}}\d{{1,4}}\b"), "[secret]"),
    # Intuit's access tokens (signed or encrypted JSON in base64, RFC 7516) and refresh tokens.
    (re.compile(rf"{START}eyJ[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]*)*"), "[secret]"),
    (re.compile(rf"{START}AB11[A-Za-z0-9]{{16,}}"), "[secret]"),
    # Our own API keys; their id, which is no secret, goes with them.
    (re.compile(rf"{START}vsk_[0-9a-f]{{12}}_[A-Za-z0-9_-]{{43}}"), "[secret]"),
    # Telephone numbers as they are written: international, and three-three-four.
    (re.compile(rf"(?:(?:(?<![\w+])|{ESCAPED})\+|%2B)\d(?:[\d ().-]|%20|%28|%29){{5,18}}\d(?!\w)"), "[phone]"),
    (re.compile(rf"(?:(?<![\w.-])|{ESCAPED})\(?\d{{3}}\)?[ .-]\d{{3}}[ .-]\d{{4}}(?![\w-])"), "[phone]"),
    # In any script, and as addresses carry them. The bound keeps long texts without one from being read over and over.
    (re.compile(r"[\w.%+'-]{1,128}(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
)


def redact(text: str) -> str:
    """The text without API keys, tokens, passwords, e-mail addresses and telephone numbers: "[secret]", "[e-mail]", "[phone]"."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
