"""The file that a batch's results come in: a gzipped tar of a folder with several JSON files."""

import gzip
import io
import tarfile
from collections.abc import Sequence
from typing import Any

import orjson

PER_FILE = 500


def archive(name: str, results: Sequence[Any]) -> bytes:
    """Pack the results, at most 500 to a file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        folder = tarfile.TarInfo(f"{name}/")
        folder.type = tarfile.DIRTYPE
        folder.mode = 0o755
        tar.addfile(folder)
        for number, start in enumerate(range(0, len(results), PER_FILE)):
            content = orjson.dumps(list(results[start : start + PER_FILE]))
            entry = tarfile.TarInfo(f"{name}/{name}-{number}.json")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)
