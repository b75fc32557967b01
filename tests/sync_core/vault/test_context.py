"""One context, one encoding; two contexts, two encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import ConfigurationError
from sync_core.vault.context import canonical, credential_context

contexts = st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5)


@given(contexts)
def test_order_of_the_parts_does_not_matter(context: dict[str, str]) -> None:
    assert canonical(dict(reversed(context.items()))) == canonical(context)


@given(contexts, contexts)
def test_two_contexts_never_share_an_encoding(one: dict[str, str], other: dict[str, str]) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_a_value_cannot_imitate_its_neighbour() -> None:
    assert canonical({"a": "bc", "d": "e"}) != canonical({"a": "b", "cd": "e"})


def test_a_credential_names_product_venue_provider_and_kind() -> None:
    assert credential_context(venue="v1", provider="stripe", kind="api_key") == {
        "product": "venue-sync",
        "venue": "v1",
        "provider": "stripe",
        "kind": "api_key",
    }


@pytest.mark.parametrize("missing", ["venue", "provider", "kind"])
def test_an_empty_part_is_refused(missing: str) -> None:
    parts = {"venue": "v1", "provider": "stripe", "kind": "api_key", missing: ""}
    with pytest.raises(ConfigurationError, match=missing):
        credential_context(**parts)


def test_text_that_has_no_encoding_or_is_too_long_is_refused() -> None:
    for value in ("\ud800", "x" * 65_536):
        with pytest.raises(ConfigurationError):
            canonical({"venue": value})
