"""Who holds our application in each Microsoft tenant, across accounts: the last holder may remove it.

Table ``holders``: PartitionKey is the Microsoft tenant id, RowKey ``<account>|<integration>``. A row is
written before the integration it stands for, so that a crash leaves a holder too many, never one too few.
"""

from integrations.domain.ids import AccountId, IntegrationId, TenantId
from shared.tables import Row, Tables, upsert


class Holders:
    def __init__(self, tables: Tables) -> None:
        self._table = tables.table("holders")

    def add(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId) -> None:
        self._table.write(upsert(Row(tenant_id, f"{account_id}|{integration_id}")))

    def of(self, tenant_id: TenantId, account_id: AccountId) -> list[IntegrationId]:
        """The integrations of one account that hold our application in a tenant."""
        keys = [row.key.split("|", 1) for row in self._table.range(tenant_id)]
        return [IntegrationId(integration) for account, integration in keys if account == account_id]
