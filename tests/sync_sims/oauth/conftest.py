"""Simulated authorisation servers behind real HTTP, and a seller who answers their pages."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED

CALLBACK = "http://127.0.0.1:9/callback"
CLIENT, SECRET = "client-of-tests", "sk_test_secret_of_tests"
PAGES = {
    "stripe": "/oauth/authorize",
    "square": "/oauth2/authorize",
    "mailchimp": "/oauth2/authorize",
    "quickbooks": "/connect/oauth2",
}
MAKERS = {
    "stripe": lambda: StripeSimulator(limits=UNLIMITED, chance=random.Random(1)),
    "square": lambda: SquareSimulator(chance=random.Random(1)),
    "mailchimp": lambda: MailchimpSimulator(limits=UNLIMITED, chance=random.Random(1)),
    "quickbooks": lambda: QuickBooksSimulator(limits=UNLIMITED, chance=random.Random(1)),
}


class Form(HTMLParser):
    """The hidden fields of a page's form, and the accounts that it offers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.accounts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given["name"] or ""] = given.get("value") or ""
        if tag == "option":
            self.accounts.append(given.get("value") or "")


@dataclass(frozen=True)
class Server:
    """One running simulator with an account "acct1" and an application."""

    provider: str
    base: str

    def page(self, **parameters: str) -> requests.Response:
        asked = {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code", "state": "s1"} | parameters
        return requests.get(f"{self.base}{PAGES[self.provider]}?{urlencode(asked)}", timeout=10)

    def decide(self, decision: str = "allow", account: str = "acct1", **parameters: str) -> Mapping[str, str]:
        """What the browser brings back after the seller has decided."""
        fields = {**Form(self.page(**parameters).text).hidden, "decision": decision, "account": account}
        answer = requests.post(f"{self.base}{PAGES[self.provider]}", data=fields, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].startswith(CALLBACK)
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def control(self, method: str, path: str, **body: Any) -> requests.Response:
        answer = requests.request(method, f"{self.base}/_sim/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    """Provider -> its running simulator; `secret` is the application's, None for one that proves itself by PKCE."""
    with ExitStack() as stack:

        def make(provider: str, secret: str | None = SECRET) -> Server:
            made = Server(provider, stack.enter_context(running(MAKERS[provider]())))
            key = "key-us19" if provider == "mailchimp" else "key"
            made.control("PUT", "accounts", credential=key, account_id="acct1", name="Blue Note")
            made.control("PUT", "applications", client_id=CLIENT, secret=secret, redirect_uris=[CALLBACK])
            return made

        yield make
