"""What went wrong, by who must act next: nine categories, and one table that puts every error into one of them.

Stays true: nothing else decides what an answer of a provider means. The clients make their errors by it, the session
its repeats, and whoever stores or shows a failure its category. It reads no text, only statuses, codes and types.
"""

from sync_core.trouble.kinds import (
    ACTORS,
    CATEGORIES,
    PASSING,
    PATIENCE,
    SEVERITIES,
    Category,
    Retry,
    Severity,
    Trouble,
)
from sync_core.trouble.reading import code_of, trouble_of, trouble_of_code
from sync_core.trouble.table import ROWS, Row, look_up

__all__ = [
    "ACTORS",
    "CATEGORIES",
    "PASSING",
    "PATIENCE",
    "ROWS",
    "SEVERITIES",
    "Category",
    "Retry",
    "Row",
    "Severity",
    "Trouble",
    "code_of",
    "look_up",
    "trouble_of",
    "trouble_of_code",
]
