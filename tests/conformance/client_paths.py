"""The paths that a client's source names, so that a run can be shown to have used every one of them."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_PATH = re.compile(r"/[\w\-{}./]+")
_ROOT = re.compile(r"/v?\d+(?:\.\d+)?")
"""What all paths of an API begin with."""


def paths_in(folder: Path) -> set[str]:
    """Every text in a client's modules that is a path, `{}` for what is filled in: "/v1/prices/{}"."""
    return {path for module in sorted(folder.glob("*.py")) for path in _texts(ast.parse(module.read_text()))}


def _texts(tree: ast.AST) -> Iterator[str]:
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        # What comes before the path is the base address; what comes after it is the query.
        path = text.removeprefix("{}").partition("?")[0]
        if _PATH.fullmatch(path) and path.strip("/{}.") and not _ROOT.fullmatch(path):
            yield path


def unused(paths: Iterable[str], requested: Iterable[str]) -> set[str]:
    """Those of `paths` that no requested path is, or ends with."""
    asked = set(requested)
    return {path for path in paths if not any(_pattern(path).fullmatch(one) for one in asked)}


def _pattern(path: str) -> re.Pattern[str]:
    # A number stands for an id where the path is only given a name.
    parts = re.split(r"\{\}|(?<=/)\d+(?=/)", path)
    return re.compile("(?:/[^?]*)?" + "[^?]+".join(re.escape(part) for part in parts))
