"""docs/http-api.md says of every route and every error code what the code says."""

import re
from pathlib import Path

from sync_api.access import RULES
from sync_api.errors import STATUS

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")


def test_the_page_lists_exactly_the_routes_with_their_needs_and_scopes() -> None:
    rows = re.findall(
        r"^\| *\d* *\| ([A-Z]+) \| `([^`]+)` \| (\w+) \| (?:`([\w:]+)`)? *\| \S.* \|$", PAGE, re.MULTILINE
    )
    expected = {(method, path, rule.need, rule.scope(method) or "") for (method, path), rule in RULES.items()}
    assert set(rows) == expected


def test_the_page_lists_exactly_the_error_codes_with_their_status() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|$", PAGE, re.MULTILINE)
    assert {code: int(status) for code, status in rows} == STATUS
