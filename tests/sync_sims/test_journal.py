"""The journal of a simulator that must survive being killed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_sims.journal import Journal


def test_entries_come_back_in_order(tmp_path: Path):
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    journal.append({"n": 1})
    journal.close()
    journal.append({"n": 2})
    journal.close()
    assert list(Journal(tmp_path / "deep" / "journal.jsonl").replay()) == [{"n": 1}, {"n": 2}]


def test_no_file_is_an_empty_journal(tmp_path: Path):
    assert list(Journal(tmp_path / "journal.jsonl").replay()) == []


@given(cut=st.integers(0, 20))
def test_a_torn_last_line_is_cut_off_and_writing_goes_on(tmp_path_factory: pytest.TempPathFactory, cut: int):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    journal = Journal(path)
    journal.append({"n": 1})
    journal.append({"name": "a longer last entry"})
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 1 - cut])
    assert list(journal.replay()) == [{"n": 1}]
    journal.append({"n": 3})
    journal.close()
    assert list(journal.replay()) == [{"n": 1}, {"n": 3}]


def test_an_erased_journal_is_empty(tmp_path: Path):
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append({"n": 1})
    journal.erase()
    assert list(journal.replay()) == []
