"""What the real providers were recorded to take and answer passes: a validator that cries wolf proves nothing either."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from sync_sims.wire import Response
from tests.conformance.recorder import Exchange
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.conformance.wires import json_exchange, said

FACTS = FOLDER.parent / "facts" / "providers.md"
pytestmark = pytest.mark.skipif(not FACTS.exists(), reason=ABSENT)

_RECORDED = re.compile(r"- .* \u2013 REC (GET|POST|PUT|PATCH|DELETE) (\S+)(?: request (\{.*\}))?")
LEAST = {"square": 7, "quickbooks": 9, "mailchimp": 1}


def _recorded(provider: str) -> Iterator[Exchange]:
    """The exchanges under the provider's heading whose answers are there in full."""
    section = FACTS.read_text(encoding="utf-8").lower().find(f"\n## {provider}")
    lines = FACTS.read_text(encoding="utf-8")[section + 1 :].split("\n## ")[0].splitlines()
    for line, below in itertools.pairwise(lines):
        match = _RECORDED.match(line)
        if match is None or "…(cut)" in below:
            continue
        asked: dict[str, Any] = json.loads(match[3] or "{}")
        address = f"{match[2]}?{urlencode(asked['params'])}" if "params" in asked else match[2]
        body = json.loads(below.strip().strip("`"))
        answer = Response(200, body) if body else Response(204)
        yield json_exchange(match[1], address, asked.get("data"), answer=answer)


@pytest.mark.parametrize("provider", LEAST)
def test_recorded_exchanges_pass(provider: str) -> None:
    specification = SPECIFICATIONS[provider]()
    exchanges = list(_recorded(provider))
    assert len(exchanges) >= LEAST[provider]
    assert [line for exchange in exchanges for line in said(specification, exchange)] == []
