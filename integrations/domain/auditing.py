"""The account's own signing key, and the chain of seals over its audit entries."""

from datetime import datetime

import msgspec

from integrations.domain.ids import AccountId


class AuditKey(msgspec.Struct, frozen=True, kw_only=True):
    """The private key an account's records are signed with, sealed; its public half follows from it.

    ``sealed_at`` is when it was last sealed; it opens at its place only.
    """

    key_id: str
    sealed: str
    made_at: datetime
    sealed_at: datetime

    def place(self, account_id: AccountId) -> str:
        return f"audit_key|{account_id}|{self.key_id}"
