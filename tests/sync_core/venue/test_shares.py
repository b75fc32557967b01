"""Fixed shares: the same in every process and version, and fair."""

from collections import Counter

from sync_core.venue.shares import share


def test_a_share_is_the_same_in_every_run_and_version() -> None:
    assert [share(key, range(24)) for key in ("customer:13085", "article:85123A", "invoice:489434", "")] == [
        17,
        16,
        12,
        12,
    ]


def test_shares_are_fair() -> None:
    shares = Counter(share(f"customer:{number}", range(24)) for number in range(24_000))

    assert set(shares) == set(range(24))
    assert min(shares.values()) > 850
    assert max(shares.values()) < 1150
