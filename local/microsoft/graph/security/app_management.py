"""Which secrets and certificates applications may have, and which permissions a tenant calls low-risk.

Sources: https://learn.microsoft.com/graph/api/tenantappmanagementpolicy-get,
https://learn.microsoft.com/graph/api/appmanagementpolicy-list,
https://learn.microsoft.com/graph/api/serviceprincipal-list-delegatedpermissionclassifications
"""

from local.microsoft.graph.directory.applications import resource_app
from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import forbidden
from local.microsoft.graph.protocol.paging import list_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import APPLICATIONS


def _applications_of(request: GraphRequest, policy: Object) -> list[Object]:
    """The applications and service principals that a policy was assigned to, by their object ids."""
    if not request.caller.may(APPLICATIONS):
        raise forbidden()
    assigned = request.tenant.posture.app_management[policy["id"]].get("appliesTo", [])
    return [{"@odata.type": "#microsoft.graph.application", "id": it} for it in assigned]


_NONE: Object = {"passwordCredentials": [], "keyCredentials": []}
_DEFAULT = EntityType(
    "tenantAppManagementPolicy",
    {
        "id": "00000000-0000-0000-0000-000000000000", "deletedDateTime": None,
        "displayName": "Default app management tenant policy",
        "description": "Default tenant policy that enforces app management restrictions.", "isEnabled": False,
        "applicationRestrictions": _NONE, "servicePrincipalRestrictions": _NONE,
    },
)  # fmt: skip
_POLICY = EntityType(
    "appManagementPolicy",
    {
        "id": None, "deletedDateTime": None, "displayName": "Policy", "description": None, "isEnabled": True,
        "restrictions": _NONE,
    },
    expands={"appliesTo": _applications_of},
)  # fmt: skip
_CLASSIFICATION = EntityType(
    "delegatedPermissionClassification", dict.fromkeys(("id", "classification", "permissionId", "permissionName"))
)


def default_policy(request: GraphRequest) -> Reply:
    properties = request.tenant.posture.default_app_management
    return entity_reply(request, _DEFAULT, properties, "policies/defaultAppManagementPolicy")


def policies(request: GraphRequest) -> Reply:
    listed = [
        {"id": key, **{name: value for name, value in it.items() if name != "appliesTo"}}
        for key, it in request.tenant.posture.app_management.items()
    ]
    size = request.world.switches.security_page_size
    options = ("$filter", "$top", "$count", "$expand", "$skiptoken")
    return list_reply(request, _POLICY, listed, "policies/appManagementPolicies", *options, size=size)


def permission_classifications(request: GraphRequest, key: str) -> Reply:
    """What was classified of one API's delegated permissions."""
    app_id = resource_app(request.tenant, key)
    listed = [
        {"id": classified, **{name: value for name, value in it.items() if name != "appId"}}
        for classified, it in request.tenant.posture.permission_classifications.items()
        if it.get("appId") == app_id
    ]
    path = f"servicePrincipals('{key}')/delegatedPermissionClassifications"
    return collection_reply(request, _CLASSIFICATION, listed, path, "$filter", "$top")
