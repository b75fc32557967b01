"""`venue-sync vault` and `venue-sync tokens`: what people see of keys and tokens, which is never a secret."""

from pathlib import Path

import pytest

from tests.sync_core.vault.test_legacy import encrypted
from tests.sync_defs.conftest import STRIPE_KEY, Call


@pytest.fixture
def connected(at_work: Call) -> Call:
    assert at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY").code == 0
    return at_work


def test_the_vault_says_which_keys_sealed_how_much_and_seals_anew(connected: Call) -> None:
    before = connected("vault", "status", "--json").json
    assert [key["envelopes"] for key in before["keys"]] == [1]
    assert before["rotation"] is None
    said = connected("vault", "rotate")
    assert said.code == 0
    assert "1 credentials are sealed anew" in said.err
    after = connected("vault", "status")
    assert "is finished" in after.err
    assert "local:" in after.out
    assert STRIPE_KEY not in said.out + said.err + after.out + after.err


def test_a_changed_master_key_file_needs_the_former_one_named(
    connected: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "home" / "local-master.key"
    former = key.rename(tmp_path / "former.key")
    said = connected("vault", "rotate")
    assert said.code == 1
    assert "lantern-hall/stripe" in said.err
    monkeypatch.setenv("VENUE_SYNC_FORMER_KEY_FILES", str(former))
    assert connected("vault", "rotate").code == 0
    monkeypatch.delenv("VENUE_SYNC_FORMER_KEY_FILES")
    assert connected("sync", "--venue", "lantern-hall", "--entity", "customers", "--plan").code == 0


def test_legacy_secrets_are_imported_and_taken_back(
    at_work: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OLD_PASSPHRASE", "open sesame")
    sealed = encrypted(STRIPE_KEY, "open sesame", b"saltsalt")
    file = tmp_path / "secrets.jsonl"
    file.write_text(f'{{"venue": "lantern-hall", "provider": "stripe", "secret": {{"api_key": "{sealed}"}}}}\n')
    arguments = ("vault", "import", str(file), "--name", "first", "--passphrase-env")
    assert at_work(*arguments, "NOT_SET_ANYWHERE").code == 2
    said = at_work(*arguments, "OLD_PASSPHRASE")
    assert said.code == 0
    assert "1 stored" in said.err
    assert STRIPE_KEY not in said.out + said.err
    assert at_work("vault", "undo", "first").code == 0
    assert at_work("connections", "--json").json == []
    assert at_work("vault", "undo", "first").code == 2


def test_tokens_are_listed_and_a_key_has_none_to_refresh(connected: Call) -> None:
    assert connected("tokens", "list", "--json").json == []
    assert connected("tokens", "refresh").code == 0
    assert connected("tokens", "refresh", "lantern-hall", "stripe").code == 3
