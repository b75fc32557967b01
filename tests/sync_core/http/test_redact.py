import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.http.redact import redact


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Invalid API Key provided: sk_test_abc123def", "Invalid API Key provided: [secret]"),
        ("Invalid API Key provided: sk_live_****************4242.", "Invalid API Key provided: [secret]."),
        ("key rk_live_51Habc and whsec_a1B2c3D4", "key [secret] and [secret]"),
        ("header was 'Authorization: Bearer abc.def-123'", "header was 'Authorization: Bearer [secret]'"),
        ("token EAAAEOuLQObrVwJvCvoio3H13b8Ssqz1ighmTBKZ expired", "token [secret] expired"),
        (f"X-API-Key: vsk_0123456789ab_{'aB-_' * 10}xyz.", "X-API-Key: [secret]."),
        ("No such customer: jane.o'neil+x@example.co.uk", "No such customer: [e-mail]"),
        ("token eyJlbmMiOiJBMTI4Q0JDLUhTMjU2.a_b-c..d expired", "token [secret] expired"),
        ("refresh AB11732012345abcdefghijkl", "refresh [secret]"),
        ("secret sq0csp-1234567890abcdef_x", "secret [secret]"),
        ("the key 0123456789abcdef0123456789abcdef-us19.", "the key [secret]."),
    ],
)
def test_secrets_and_addresses_are_removed(text: str, clean: str):
    assert redact(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /v1/x?api_key%3Dsk_live_51Habcdef", "GET /v1/x?api_key%3D[secret]"),
        (r"'first line\nsk_live_51Habcdef'", r"'first line\n[secret]'"),
        (r"b'\x0aEAAAEOuLQObrVwJv'", r"b'\x0a[secret]'"),
        ("STRIPE_sk_live_51Habcdef", "STRIPE_[secret]"),
        ("secret whsec_MfKQ9r8GKYqr+TwjU/PD8ILPZIo2LaLaSw==", "secret [secret]"),
        ("Bearer%20abc.def-123", "Bearer%20[secret]"),
        ("{'Authorization': 'abcdef123'}", "{'Authorization': '[secret]'}"),
        ("Cookie: session=abcdef; b=1\nHost: x", "Cookie: [secret]\nHost: x"),
        ('{"access_token":"5c6ccc561059aa386da9d112215bae55"}', '{"access_token":"[secret]"}'),
        (r'"{\"refresh_token\": \"5c6ccc561059aa38\"}"', r'"{\"refresh_token\": \"[secret]\"}"'),
        ("client_secret=abcDEF456&grant_type=x", "client_secret=[secret]&grant_type=x"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MD", "aws_secret_access_key = [secret]"),
        ("{'password': 'a 100% \"good\" one'}", "{'password': '[secret]'}"),
        ("GET /callback?code=0a1b2c&state=x1 HTTP/1.1", "GET /callback?code=[secret]&state=[secret] HTTP/1.1"),
        ("postgresql://app:p@ss@localhost:5432/x", "postgresql://app:[secret]@localhost:5432/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "[secret]"),
        ("search?query=email%3A%22ada%40example.com%22", "search?query=[e-mail]%22"),
        ("józef@exämple.de is taken", "[e-mail] is taken"),
        ("The phone number +1 (555) 555-1234 is invalid", "The phone number [phone] is invalid"),
        ("Not a number: 555-123-4567", "Not a number: [phone]"),
    ],
)
def test_they_are_removed_however_they_were_wrapped_and_whatever_they_look_like(text: str, clean: str):
    assert redact(text) == clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "No such product: 'prod_Uae6ZKq4YfmcYb'",
        "EACH item needs a name",
        "task_list is long",
        "the password is wrong: try again",
        "http://127.0.0.1:3007/v2/orders?cursor=abc",
        "invalid_token: expired_access",
        "2026-11-20T10:00:00+0000 run 7f3c2d1e-0a4b-4c8d-9e6f-112233445566",
    ],
)
def test_ordinary_words_and_ids_stay(text: str):
    assert redact(text) == text


@given(
    st.text(alphabet=st.characters(whitelist_categories=["Ll", "Nd"], max_codepoint=127), min_size=8, max_size=40),
    st.text(),
)
def test_no_key_survives_in_any_surrounding(key: str, around: str):
    assert f"sk_live_{key}" not in redact(f"{around} sk_live_{key} {around}")
