"""The page on which a seller lets an application in: alike at every provider."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sync_sims.oauth.conftest import CALLBACK, CLIENT, PAGES, Form

each_provider = pytest.mark.parametrize("provider", sorted(PAGES))


@each_provider
def test_the_page_offers_the_accounts_and_brings_a_code_and_the_state_back(
    server: Callable[..., Any], provider: str
) -> None:
    sim = server(provider)
    page = sim.page()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert Form(page.text).accounts == ["acct1"]
    assert 'value="allow"' in page.text
    assert 'value="deny"' in page.text
    came = sim.decide()
    assert came["state"] == "s1"
    assert came["code"]
    assert came.get("realmId") == ("acct1" if provider == "quickbooks" else None)


@each_provider
def test_a_seller_who_denies_brings_back_an_error_and_no_code(server: Callable[..., Any], provider: str) -> None:
    came = server(provider).decide("deny")
    assert (came["error"], came["state"]) == ("access_denied", "s1")
    assert "code" not in came


@each_provider
def test_nobody_is_sent_to_an_address_that_the_application_did_not_register(
    server: Callable[..., Any], provider: str
) -> None:
    sim = server(provider)
    for wrong in ({"redirect_uri": "http://127.0.0.1:9/elsewhere"}, {"client_id": "nobody"}):
        answer = sim.page(**wrong)
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_what_is_asked_with_is_shown_as_text_and_never_as_markup(server: Callable[..., Any]) -> None:
    page = server("square").page(scope='<script>alert("x")</script>', state='"><script>')
    assert "<script>" not in page.text
    assert Form(page.text).hidden["state"] == '"><script>'
    assert (Form(page.text).hidden["client_id"], Form(page.text).hidden["redirect_uri"]) == (CLIENT, CALLBACK)


def test_an_account_that_is_not_there_cannot_be_chosen(server: Callable[..., Any]) -> None:
    sim = server("stripe")
    fields = {**Form(sim.page().text).hidden, "decision": "allow", "account": "acct_other"}
    assert (
        requests.post(f"{sim.base}{PAGES['stripe']}", data=fields, allow_redirects=False, timeout=10).status_code == 400
    )
