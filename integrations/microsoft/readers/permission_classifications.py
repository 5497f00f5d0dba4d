"""Delegated permissions that the tenant has classified, for Microsoft's own APIs.

Users may consent to permissions that are classified as low, where their consent policy says so.
Source: https://learn.microsoft.com/graph/api/serviceprincipal-list-delegatedpermissionclassifications
"""

from collections.abc import Iterator

import msgspec

from integrations.domain.policies.app_management import PermissionClassification
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import ids_for_paths
from integrations.microsoft.permissions import GRAPH_APP
from shared.microsoft.graph import BatchRequest

_PATH = "/servicePrincipals"
# Graph, Azure AD Graph, Exchange Online, SharePoint Online, Office 365 Management, Azure Service Management.
_APIS = (
    GRAPH_APP,
    "00000002-0000-0000-c000-000000000000",
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0ff1-ce00-000000000000",
    "c5393580-f805-4401-95e8-94b7a6ef2fc2",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
)


class _GraphApi(msgspec.Struct):
    id: str


class _GraphClassification(msgspec.Struct, rename="camel"):
    permission_name: str
    classification: str | None = None


def _read(context: ReadContext) -> Reading:
    apis = ids_for_paths(context.by_id(_GraphApi))
    records = {it.key: it for it in _classifications(context, apis)}
    return Reading(records=list(records.values()), is_complete=True)


def _classifications(context: ReadContext, apis: list[str]) -> Iterator[Record]:
    requests = [BatchRequest(id=it, path=f"{_PATH}/{it}/delegatedPermissionClassifications") for it in apis]
    for api, response in context.graph.batch(requests).items():
        for page in context.graph.pages_from(response.page(_GraphClassification), type=_GraphClassification):
            for it in page.items:
                body = PermissionClassification(
                    resource=api, permission=clean(it.permission_name), classification=clean(it.classification or "")
                )
                yield Record(key=f"{api}:{body.permission}", body=body)


PERMISSION_CLASSIFICATIONS = Dataset(
    name="permission_classifications",
    permission="Directory.Read.All",
    record=PermissionClassification,
    first_request=FirstRequest(
        path=_PATH,
        query={"filter": f"appId in ({','.join(repr(it) for it in _APIS)})", "select": "id,appId"},
        page=_GraphApi,
    ),
    read=_read,
    cadence=Cadence.DAILY,
)
