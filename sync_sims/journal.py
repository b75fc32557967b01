"""What a simulator must still know after it was killed: an append-only file with one JSON line per request.

A request's writes and its stored answer go into one line, so a torn last line loses the request as a whole: it then
looks as if it had never arrived.
"""

from collections.abc import Iterator
from io import BufferedWriter
from pathlib import Path
from typing import Any

import orjson


class Journal:
    """Lines of JSON in `path`; the file is opened at the first append and after each `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BufferedWriter | None = None

    def replay(self) -> Iterator[Any]:
        """Every complete entry, oldest first; cuts off a torn last line."""
        if not self._path.exists():
            return
        whole = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                yield orjson.loads(line)
        if whole < self._path.stat().st_size:
            with self._path.open("r+b") as file:
                file.truncate(whole)

    def append(self, entry: Any) -> None:
        """Hand one entry to the operating system, so that it survives the end of this process."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def erase(self) -> None:
        """Forget everything."""
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None
