"""What leaves in an export: every stored row of the account, or all that concern one tenant; never a secret."""

from collections.abc import Mapping
from typing import Any

import msgspec

from integrations.domain.integrations import Tenant

MOST_ROWS = 100_000

# Kinds of the account's own rows, and what of each stays behind: sealed values, hashes of one-time values, and
# answers kept for repeated requests, which may hold a journey's address.
KINDS: Mapping[str, frozenset[str]] = {
    "integration": frozenset(),
    "credential": frozenset({"sealed"}),
    "report": frozenset(),
    "facts": frozenset(),
    "tenant": frozenset(),
    "map": frozenset(),
    "organization": frozenset(),
    "syncro_tenant": frozenset(),
    "flow": frozenset({"sealed", "state_hash", "states"}),
    "run": frozenset(),
    "removal": frozenset(),
    "parting": frozenset(),
    "remove_all": frozenset(),
    "outbox": frozenset(),
    "plan": frozenset(),
    "watch": frozenset({"secret_hash"}),
    "audit": frozenset(),
    "seal": frozenset(),
    "audit_key": frozenset({"sealed"}),
    "starting": frozenset(),
    "answer": frozenset({"key", "request_hash", "body", "headers"}),
}


def concerns(tenant: Tenant, kind: str, row_id: str, text: str) -> bool:
    """Whether one of the account's own rows names a tenant, or the integration or mapping it hangs on."""
    if tenant.tenant_id in row_id or tenant.tenant_id in text:
        return True
    mapping = tenant.mapping
    hangs_on = {
        "integration": tenant.integration_id,
        "credential": tenant.integration_id,
        "report": tenant.integration_id,
        "organization": mapping.organization_id if mapping else "",
        "syncro_tenant": mapping.syncro_tenant_id if mapping else "",
    }
    if kind in hangs_on:
        return row_id == hangs_on[kind]
    return kind == "flow" and tenant.integration_id in text


def without_secrets(kind: str, text: str) -> msgspec.Raw:
    """A row as it is written down, but for what stays behind."""
    hidden = KINDS.get(kind, frozenset())
    if not hidden:
        return msgspec.Raw(text.encode())
    fields = msgspec.json.decode(text, type=dict[str, Any])
    return msgspec.Raw(msgspec.json.encode({name: it for name, it in fields.items() if name not in hidden}))
