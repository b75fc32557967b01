"""Who may act for which account: credentials as the provider's door sees them.

A credential acts for the account it was first registered with; where a provider lets one name another account
(Stripe-Account), it may name those it was registered with later.
"""

from dataclasses import dataclass
from typing import Literal

Standing = Literal["active", "revoked", "expired", "unknown"]


@dataclass(frozen=True, slots=True)
class Account:
    """A seller at the provider."""

    account_id: str
    name: str


class Accounts:
    """Accounts and their credentials; a revoked credential is remembered as revoked, not as unknown."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._credentials: dict[str, tuple[str, ...]] = {}
        self._revoked: set[str] = set()
        self._expired: set[str] = set()

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let the credential act for the account; registering again renews a revoked credential."""
        self._accounts[account_id] = Account(account_id=account_id, name=name)
        known = self._credentials.get(credential, ())
        if account_id not in known:
            self._credentials[credential] = (*known, account_id)
        self._revoked.discard(credential)

    def revoke(self, credential: str) -> None:
        """Make the credential worthless."""
        if self._credentials.pop(credential, None) is not None:
            self._revoked.add(credential)

    def admit(self, credential: str, account_id: str) -> None:
        """Let a token that an application was granted act for an account that is there."""
        self.register(credential, account_id=account_id, name=self._accounts[account_id].name)

    def expire(self, credential: str) -> None:
        """The credential's time is over."""
        if self._credentials.pop(credential, None) is not None:
            self._expired.add(credential)

    def everyone(self) -> list[Account]:
        """The accounts, oldest first."""
        return list(self._accounts.values())

    def standing(self, credential: str) -> Standing:
        """Whether the credential is good, was good, or was never seen."""
        if credential in self._credentials:
            return "active"
        if credential in self._expired:
            return "expired"
        return "revoked" if credential in self._revoked else "unknown"

    def account_id(self, credential: str) -> str | None:
        """The account the credential acts for, None unless it is active."""
        known = self._credentials.get(credential)
        return known[0] if known else None

    def may_act_for(self, credential: str, account_id: str) -> bool:
        """Whether the credential is active and was registered with the account."""
        return account_id in self._credentials.get(credential, ())

    def get(self, account_id: str) -> Account:
        """The account.

        Raises:
            KeyError: There is no such account.
        """
        if account_id not in self._accounts:
            raise KeyError(f"account {account_id!r}")
        return self._accounts[account_id]

    def __contains__(self, account_id: object) -> bool:
        return account_id in self._accounts

    def clear(self) -> None:
        """Forget all accounts and credentials."""
        self._accounts.clear()
        self._credentials.clear()
        self._revoked.clear()
        self._expired.clear()
