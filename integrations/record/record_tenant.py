"""Record a connected tenant's answers, so that they can be assessed anywhere (``integrations.assess``).

For the operator only: no route leads here. The account's audit log says that it was done, before anything is returned.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from integrations.actions.account import Account
from integrations.actions.lookup import find_tenant
from integrations.actions.sync.dataset_reader import Access, DatasetReader
from integrations.assess.recording import FORMAT
from integrations.assess.rows import body_as
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.sync.datasets import Record
from integrations.microsoft import registry as datasets
from integrations.record.recorder import RecordingClient, recording_of
from integrations.record.redaction import Redaction
from integrations.services import Services, TenantGraphs
from shared.clock import format_utc


def record_tenant(
    services: Services, account_id: AccountId, tenant_id: TenantId, *, pseudonym_key: bytes | None = None
) -> dict[str, Any]:
    """Every answer that the readers need, without secrets and phone numbers; what was refused as its status.

    With ``pseudonym_key`` (up to 64 bytes) names of people and devices are replaced.

    Raises:
        NotFound: the account has no such tenant, or it is being removed.
        SignInRefused, Transient: our application cannot sign in to the tenant.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, account_id)
    tenant = find_tenant(account.control, tenant_id).value
    client = _read(services, tenant, Redaction(pseudonym_key))
    subject = {"tenant_id": str(tenant_id)}
    with account.change() as change:
        change.audit(
            account.system_actor("record"), "recorded answers", subject, after=f"{len(client.answers)} answers"
        )
    cloud = services.settings.cloud if services.settings.cloud != "custom" else "global"
    about = {"id": str(tenant.tenant_id), "name": tenant.name, "cloud": cloud}
    return recording_of(client, about, format_utc(services.clock()), format_name=FORMAT)


def _read(services: Services, tenant: Tenant, redaction: Redaction) -> RecordingClient:
    """Ask for everything that a sync reads, in full."""
    services.sign_in.app_token(tenant.tenant_id)
    client = RecordingClient(services.http_client, services.endpoints.graph, redaction)
    graphs = TenantGraphs(dataclasses.replace(services, http_client=client), tenant.tenant_id)
    readable = datasets.readable(with_beta=services.settings.beta_datasets)
    followed = {name for it in readable for name in it.follows}
    rows: dict[str, Sequence[Record]] = {}
    access = Access(graphs.of, rows_of=lambda name, model: (body_as(it, model) for it in rows.get(name, ())))
    for dataset in readable:
        attempt = DatasetReader(access, dataset, None, services.clock()).attempt(None, 0.0, is_signed_in=True)
        if attempt.reading and dataset.name in followed:
            rows[dataset.name] = attempt.reading.records
    return client
