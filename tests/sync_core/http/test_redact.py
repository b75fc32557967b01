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
    "text", ["No such product: 'prod_Uae6ZKq4YfmcYb'", "EACH item needs a name", "task_list is long"]
)
def test_ordinary_words_and_ids_stay(text: str):
    assert redact(text) == text


@given(
    st.text(alphabet=st.characters(whitelist_categories=["Ll", "Nd"], max_codepoint=127), min_size=8, max_size=40),
    st.text(),
)
def test_no_key_survives_in_any_surrounding(key: str, around: str):
    assert f"sk_live_{key}" not in redact(f"{around} sk_live_{key} {around}")
