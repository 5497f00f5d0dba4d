"""Derived rows of one tenant, under one epoch of its mapping: the results of evaluations.

Table ``data``: PartitionKey ``<account>|<tenant>|<epoch>|derived``, and ``...|derived|<01 to 15>`` where rows are many.
Fences, cursors and rows are as in ``store``, with an evaluation's name instead of a data set's; a cursor's
``evaluated`` is the state of the evaluation. The fence is separate, so that an evaluation and a sync never wait for
each other; of two concurrent evaluations the slower one fails.

Other than rows from Microsoft, derived rows are deleted even when many vanish at once.

Whatever must outlive a mapping (links to other records, snapshots, people's decisions) does not belong here, since
these rows are deleted with the epoch. It would belong in partitions ``<account>|<tenant>|lasting``, which no unmapping
closes and no purge of an epoch deletes; ``sweeping``, the removal and the export must know them once they exist.
"""

from integrations.domain.ids import AccountId, TenantId
from integrations.storage.data.fences import derived_base
from integrations.storage.data.store import DataStore
from shared.storage.tables import Tables


class DerivedStore(DataStore):
    """The derived rows of one (account, tenant, epoch)."""

    holds_back = False
    kind_of_cursor = "evaluation"

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId, epoch: int) -> None:
        super().__init__(tables, account_id, tenant_id, epoch)
        self.base = derived_base(self.base)
