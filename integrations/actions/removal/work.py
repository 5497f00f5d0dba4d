"""What every step of a removal works with."""

from datetime import datetime
from functools import cached_property

from integrations.actions.account import Account
from integrations.actions.csp.partner import NoCredential, Partner, open_partner
from integrations.actions.removal.lease import Lease
from integrations.actions.removal.tenant_removals import TenantRemovals
from integrations.domain.removal import Removal
from integrations.storage.documents import Stored


class RemovalWork:
    """One worker's work on one removal: its lease, its tenants, and the CSP's service account."""

    def __init__(self, account: Account, stored: Stored[Removal]) -> None:
        self.account = account
        self.services = account.services
        self.control = account.control
        self.actor = account.system_actor("remove")
        self.lease = Lease(account, stored)
        self.tenants = TenantRemovals(account, self.lease, self.actor)

    @property
    def removal(self) -> Removal:
        return self.lease.removal

    @property
    def now(self) -> datetime:
        return self.services.clock()

    @cached_property
    def partner(self) -> Partner:
        """The CSP's service account.

        Raises:
            NoCredential: its refresh token has been deleted.
            SealBroken, VaultUnavailable: as for ``open_partner``.
        """
        stored = self.control.integrations.find(self.removal.integration_id)
        if stored is None:
            raise NoCredential
        return open_partner(self.account, stored.value)
