"""What was granted survives a restart of the simulator."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync_sims.grants import Application, Granted
from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator

APPLICATION = Application("client", "secret", ("http://127.0.0.1:9/callback",))
Simulator = StripeSimulator | SquareSimulator | MailchimpSimulator | QuickBooksSimulator


@dataclass(frozen=True)
class Kind:
    build: Callable[[Path], Simulator]


KINDS = {
    "stripe": Kind(StripeSimulator),
    "square": Kind(lambda folder: SquareSimulator(journal_path=folder / "square.jsonl")),
    "mailchimp": Kind(MailchimpSimulator),
    "quickbooks": Kind(QuickBooksSimulator),
}


def _granted(simulator: Simulator) -> Granted:
    grants = simulator.oauth.grants
    code = grants.authorize(APPLICATION, "1001", redirect_uri=APPLICATION.redirect_uris[0], scope="", challenge=None)
    return grants.exchange(APPLICATION, code, redirect_uri=None)


@pytest.mark.parametrize("provider", sorted(KINDS))
def test_tokens_applications_and_what_was_taken_back_are_there_after_a_restart(tmp_path: Path, provider: str) -> None:
    first = KINDS[provider].build(tmp_path)
    for account in ("1001", "1002"):
        first.register(f"key-of-{account}-us19", account_id=account, name=account)
    first.oauth.grants.register(APPLICATION)
    gone, good = _granted(first), _granted(first)
    first.oauth.grants.take_back("1001")
    good = _granted(first)
    first.close()

    again = KINDS[provider].build(tmp_path)
    assert again.oauth.grants.known("client", "secret") == APPLICATION
    assert again.oauth.grants.access(good.access.text) is not None
    assert again.oauth.grants.access(gone.access.text) is None
    if good.refresh is not None:
        fresh = again.oauth.grants.refresh(APPLICATION, good.refresh.text)
        assert again.oauth.grants.access(fresh.access.text) is not None
    again.close()
