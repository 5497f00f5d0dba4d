"""Exports: every stored row of the account, or those that concern one tenant, without secrets."""

from typing import Any

import msgspec

from integrations.domain.account_settings import ExceptionPage
from integrations.domain.connect.flow import Flow
from integrations.domain.csp.report import Report
from integrations.domain.integrations import Credential, Integration, Organization, SyncroTenant, Tenant

MOST_ROWS = 100_000


def concerns(tenant: Tenant, model: type[msgspec.Struct], row_id: str, text: str) -> bool:
    """Whether a control row names a tenant, or is its integration's or its mapping's."""
    if tenant.tenant_id in row_id or tenant.tenant_id in text:
        return True
    mapping = tenant.mapping
    related: dict[type[msgspec.Struct], str] = {
        Integration: tenant.integration_id,
        Credential: tenant.integration_id,
        Report: tenant.integration_id,
        Organization: mapping.organization_id if mapping else "",
        SyncroTenant: mapping.syncro_tenant_id if mapping else "",
    }
    if model in related:
        return row_id == related[model]
    return model is Flow and tenant.integration_id in text


def of_tenant(tenant: Tenant, model: type[msgspec.Struct], text: str) -> str:
    """The part of a control row that concerns a tenant: of exceptions, which share rows, only its own."""
    if model is not ExceptionPage:
        return text
    page = msgspec.json.decode(text, type=ExceptionPage)
    own = [it for it in page.items if it.tenant_id == tenant.tenant_id]
    return msgspec.json.encode(msgspec.structs.replace(page, items=own)).decode()


def without_secrets(text: str, secret: frozenset[str]) -> msgspec.Raw:
    """A row's stored JSON without the fields named in ``secret``."""
    if not secret:
        return msgspec.Raw(text.encode())
    fields = msgspec.json.decode(text, type=dict[str, Any])
    return msgspec.Raw(msgspec.json.encode({name: it for name, it in fields.items() if name not in secret}))
