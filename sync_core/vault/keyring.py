"""What the vault asks of a master key: make a data key, open a data key, and say whether it works.

The master key never leaves its keyring. A data key exists twice: plain, in memory only, and wrapped under the master
key, beside what it encrypted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from sync_core.errors import IntegrityError

DATA_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key: `plain` (32 bytes, memory only), `wrapped` by the master key, and that key's id."""

    plain: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    key_id: str


class Keyring(Protocol):
    """A master key, wherever it lives. Implementations are safe to share between threads."""

    @property
    def name(self) -> str:
        """How a person calls this master key, for logs and health pages."""
        ...

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        """A fresh data key bound to `context`.

        Raises:
            TransientError: the master key cannot be reached for the moment.
            ConfigurationError: the master key refuses us.
        """
        ...

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain data key (32 bytes) that was wrapped under the same `context`.

        Raises:
            IntegrityError: it was changed, or belongs to another context.
            TransientError: the master key cannot be reached for the moment.
            ConfigurationError: the master key refuses us.
        """
        ...

    def check(self) -> None:
        """Prove that data keys can be made and opened; raises what those two raise. For start-up and health."""
        ...


def prove(keyring: Keyring, context: Mapping[str, str]) -> None:
    """Make a data key under `context` and open it again.

    Raises:
        IntegrityError: the key that came back is not the key that went in.
        TransientError, ConfigurationError: as the keyring raises them.
    """
    made = keyring.new_data_key(context)
    if keyring.open_data_key(made.wrapped, context) != made.plain:
        raise IntegrityError(f"{keyring.name} opened a data key to other bytes than it had made; do not use it.")
