"""Signatures: the providers' own vectors, and whatever an attacker may change."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.webhooks import SignatureError, verify
from tests.sync_core.webhooks.signing import NOW, URL, signed

VECTORS = Path(__file__).parents[4] / "shared" / "vectors"
PROVIDERS = ("stripe", "square", "quickbooks", "mailchimp", "standard")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # pragma: allowlist secret - of the Standard Webhooks documentation
NAMES = {"intuit": "quickbooks", "standardwebhooks": "standard"}

# Stripe's SDKs take a time in the future; we refuse it beyond the same tolerance as one in the past.
STRICTER = {("stripe", "future_301s")}


def load(name: str) -> list[Any]:
    path = VECTORS / name
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{name} is not at hand: no ../shared/vectors here"))]
    return [pytest.param(v, id=f"{v.get('provider', '')}-{v['name']}") for v in json.loads(path.read_text())["vectors"]]


def accepted(
    provider: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[str] = (SECRET,),
    url: str | None = URL,
    now: float = NOW,
) -> bool:
    try:
        verify(provider, body=body, headers=headers, secrets=secrets, url=url, now=now)
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize("vector", load("webhook_vectors.json"))
def test_the_official_sdks_and_we_agree(vector: dict[str, Any]) -> None:
    name = str(vector["provider"])
    provider = NAMES.get(name, name)
    verdict = accepted(
        provider,
        vector["body"].encode(),
        vector["headers"],
        secrets=[vector["secret"]],
        url=vector.get("url"),
        now=vector.get("now", NOW),
    )

    expected = vector["valid"] and (provider, vector["name"]) not in STRICTER
    assert vector["valid"] is None or verdict == expected


@pytest.mark.parametrize("vector", load("standard_webhooks_vectors.json"))
def test_standard_webhooks_are_accepted_as_their_libraries_sign_them(vector: dict[str, Any]) -> None:
    headers = {
        "Webhook-Id": vector["webhook_id"],
        "Webhook-Timestamp": str(vector["webhook_timestamp"]),
        "Webhook-Signature": vector["webhook_signature"],
    }
    body, secret, at = vector["body"].encode(), vector["secret"], vector["webhook_timestamp"]
    good = vector["webhook_signature"]
    bad = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="  # pragma: allowlist secret - a signature of nothing

    def verdict(at_time: float = at, secrets: Sequence[str] = (secret,), **changed: str) -> bool:
        sent = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return accepted("standard", body, sent, secrets=secrets, now=at_time)

    assert verdict()
    assert verdict(secrets=[secret.removeprefix("whsec_")])
    assert verdict(Webhook_Signature=f"{bad} v2,{bad[3:]} {good} {bad}")
    for name in headers:
        fewer = {other: value for other, value in headers.items() if other != name}
        assert not accepted("standard", body, fewer, secrets=[secret], now=at)
    for wrong in (bad, "v1,", good[: len("v1,") + 8], good[3:]):
        assert not verdict(Webhook_Signature=wrong)
    assert not verdict(Webhook_Timestamp="hello")
    assert verdict(at + 300)
    assert verdict(at - 300)
    assert not verdict(at + 301)
    assert not verdict(at - 301)
    for empty in ("", "whsec_"):
        assert not verdict(secrets=[empty])


# Known answers from the providers' documentation and SDK tests (see docs/how-to/receive-webhooks.md for the addresses).
OWN = [
    (
        "square",
        "asdf1234",
        "https://example.com/webhook",
        b'{"hello":"world"}',
        {"X-Square-HmacSha256-Signature": "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="},
        NOW,
    ),
    (
        "quickbooks",
        "b5771f19b12ddb4bcdb9f08bdc50bc63878a",
        None,
        b'{"eventNotifications":[{"realmId":"1185883450","dataChangeEvent":{"entities":[{"name":"Customer","id":"1","operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"}]}}]}',
        {"Intuit-Signature": "JC2GUwciPmRBwEO7WvrRmKqu9tGOKL8FFallocTFi8Q="},
        NOW,
    ),
    (
        "mailchimp",
        "mc_secret",
        None,
        b"type=subscribe&fired_at=2009-03-26+21%3A35%3A57&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054",
        {"X-Mailchimp-Signature": "t=1767225600,v1=acc02847ccd6a925f6d3f2cbe7e89768b8a7dd788af1a012d40d2e6125144a9f"},
        1767225600,
    ),
    (
        "standard",
        SECRET,
        None,
        b'{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        1614265330,
    ),
]


@pytest.mark.parametrize("known", OWN, ids=[known[0] for known in OWN])
def test_known_answers_are_accepted(known: tuple[str, str, str | None, bytes, dict[str, str], float]) -> None:
    provider, secret, url, body, headers, now = known

    assert accepted(provider, body, headers, secrets=[secret], url=url, now=now)
    assert not accepted(provider, body + b" ", headers, secrets=[secret], url=url, now=now)
    assert not accepted(provider, body, headers, secrets=[secret + "x"], url=url, now=now)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_during_a_roll_either_secret_is_good_and_an_empty_one_never(provider: str) -> None:
    body = b'{"id":"evt_1"}'
    headers = signed(provider, body, secret=SECRET)
    unsigned = signed(provider, body, secret="whsec_" if provider == "standard" else "")
    other = "whsec_" + "QUJD" * 8

    assert accepted(provider, body, headers, secrets=[other, SECRET])
    assert accepted(provider, body, headers, secrets=["", SECRET, other])
    assert not accepted(provider, body, headers, secrets=[other])
    assert not accepted(provider, body, headers, secrets=[])
    assert not accepted(provider, body, unsigned, secrets=[""])


@pytest.mark.parametrize("provider", ["stripe", "mailchimp", "standard"])
def test_what_was_signed_long_ago_or_ahead_is_refused(provider: str) -> None:
    body = b"{}"
    headers = signed(provider, body, secret=SECRET)

    assert accepted(provider, body, headers, now=NOW + 300)
    assert accepted(provider, body, headers, now=NOW - 300)
    assert not accepted(provider, body, headers, now=NOW + 301)
    assert not accepted(provider, body, headers, now=NOW - 301)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_header_that_came_twice_with_different_values_is_refused(provider: str) -> None:
    body = b"{}"
    headers = signed(provider, body, secret=SECRET)
    twice = {**headers, **{name.swapcase(): "x" for name in headers}}

    assert accepted(provider, body, {name.upper(): value for name, value in headers.items()})
    assert not accepted(provider, body, twice)


def test_mailchimp_without_a_signature_is_known_by_the_secret_in_its_address() -> None:
    address = "https://sync.example/webhooks/mailchimp?secret="

    assert accepted("mailchimp", b"type=profile", {}, secrets=["s3cret"], url=address + "s3cret")
    assert not accepted("mailchimp", b"type=profile", {}, secrets=["s3cret"], url=address + "s3cre")
    assert not accepted("mailchimp", b"type=profile", {}, secrets=["s3cret"], url=address)
    assert not accepted("mailchimp", b"type=profile", {}, secrets=["s3cret"], url=None)
    wrong = {"X-Mailchimp-Signature": f"t={NOW},v1=00"}
    assert not accepted("mailchimp", b"type=profile", wrong, secrets=["s3cret"], url=address + "s3cret"), (
        "a signature that is there must fit"
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_holds_no_secret(provider: str) -> None:
    with pytest.raises(SignatureError) as refused:
        verify(provider, body=b"x", headers=signed(provider, b"y", secret=SECRET), secrets=[SECRET], url=URL, now=NOW)

    assert SECRET not in str(refused.value)
    assert SECRET.removeprefix("whsec_") not in str(refused.value)


def test_an_unknown_provider_and_square_without_an_address_are_refused() -> None:
    assert not accepted("paypal", b"{}", {})
    assert not accepted("square", b"{}", signed("square", b"{}", secret=SECRET), url=None)


@given(data=st.data(), provider=st.sampled_from(PROVIDERS), body=st.binary(min_size=1, max_size=200))
def test_any_flipped_bit_of_body_or_signature_is_refused(data: st.DataObject, provider: str, body: bytes) -> None:
    headers = signed(provider, body, secret=SECRET)
    assert accepted(provider, body, headers)

    place, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(body)
    changed[place] ^= 1 << bit
    assert not accepted(provider, bytes(changed), headers)

    name = data.draw(st.sampled_from(sorted(headers)))
    value = bytearray(headers[name], "latin-1")
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << bit
    assert not accepted(provider, body, {**headers, name: value.decode("latin-1")})


@given(provider=st.sampled_from((*PROVIDERS, "paypal")), header=st.text(), body=st.binary(max_size=50), url=st.text())
def test_whatever_is_sent_is_refused_without_a_stumble(provider: str, header: str, body: bytes, url: str) -> None:
    names = [*signed("stripe", b"", secret="s"), *signed("square", b"", secret="s"), "intuit-signature"]
    names += [*signed("mailchimp", b"", secret="s"), *signed("standard", b"", secret=SECRET)]

    assert not accepted(provider, body, dict.fromkeys(names, header), url=url)
