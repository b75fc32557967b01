import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.providers.quickbooks.names import LONGEST, display_name, follows, with_suffix

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
CUSTOMERS = st.fixed_dictionaries(
    {
        "GivenName": TEXTS,
        "FamilyName": TEXTS,
        "CompanyName": TEXTS,
        "PrimaryEmailAddr": st.fixed_dictionaries({"Address": TEXTS}),
    }
)


@pytest.mark.parametrize(
    ("customer", "shown"),
    [
        ({"GivenName": "Ada", "FamilyName": "Lovelace"}, "Ada Lovelace"),
        ({"GivenName": "Ada", "CompanyName": "Acme: Tickets"}, "Ada, Acme Tickets"),
        ({"CompanyName": "Acme"}, "Acme"),
        ({"FamilyName": " ", "PrimaryEmailAddr": {"Address": "a@b.example"}}, "a@b.example"),
        ({"PrimaryPhone": {"FreeFormNumber": "555"}}, "555"),
        ({}, ""),
    ],
)
def test_a_customer_is_shown_by_names_else_by_how_they_are_reached(customer: dict[str, object], shown: str):
    assert display_name(customer) == shown


@given(CUSTOMERS, st.text(max_size=40))
def test_a_name_is_never_too_long_and_holds_nothing_that_quickbooks_forbids(customer: dict[str, object], local_id: str):
    plain = display_name(customer)
    own = with_suffix(plain, local_id)
    assert max(len(plain), len(own)) <= LONGEST
    assert not set(plain) & set(":\t\r\n")
    assert with_suffix(plain, local_id) == own
    if plain:
        assert follows(plain, plain)
        assert follows(own, plain)


def test_a_long_local_id_becomes_a_short_one_that_is_its_own():
    first, second = with_suffix("Ada", "customer-0000000000001"), with_suffix("Ada", "customer-0000000000002")
    assert first != second
    assert with_suffix("Ada", "c-7") == "Ada (c-7)"
    assert len(first) == len("Ada (12345678)")


def test_a_name_that_somebody_chose_does_not_follow_from_the_parts():
    assert not follows("The Countess", "Ada Lovelace")
    assert not follows("Ada (c1)", "Ada Lovelace")
    assert not follows(None, "Ada")
    assert not follows("Ada", "")
