"""What somebody has to do by hand after a removal, in which tenant, and how."""

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.removal import TenantRemoval, UninstallOutcome


class LeftoverView(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant in which our application has to be removed by hand, with instructions and Microsoft's codes.

    Attributes:
        tenant_id: The tenant in which something is left.
        what: What is left there, for people.
        how: How to remove it by hand, and who can do it.
        evidence: Microsoft's error codes and request ids. Empty if there are none.
    """

    tenant_id: TenantId
    what: str
    how: str
    evidence: dict[str, str]


def leftover_view(tenant_removal: TenantRemoval, client_id: str) -> LeftoverView:
    """The instructions for one tenant; ``client_id`` is our application's id, by which it is searched for."""
    named = f"{tenant_removal.name} ({tenant_removal.tenant_id})" if tenant_removal.name else tenant_removal.tenant_id
    how = (
        "Sign in to entra.microsoft.com as a Cloud Application Administrator or an Application Administrator of that "
        "tenant. Go to Entra ID > Enterprise apps > All applications, remove the filter "
        f'"Application type", search for {client_id}, open the application, and select Properties > Delete. '
        "In PowerShell: Remove-MgServicePrincipal -ServicePrincipalId (Get-MgServicePrincipal -Filter "
        f"\"appId eq '{client_id}'\").Id. Microsoft can restore it for 30 days. Access tokens that were already issued "
        "expire within about an hour. We check regularly, and remove this entry once the application is gone."
    )
    return LeftoverView(
        tenant_id=tenant_removal.tenant_id,
        what=_what(tenant_removal).format(named),
        how=how,
        evidence=tenant_removal.evidence,
    )


def _what(tenant_removal: TenantRemoval) -> str:
    if tenant_removal.outcome is UninstallOutcome.BY_HAND:
        return (
            "Our application is still in {}, your own tenant, because Microsoft does not let an application delete "
            "itself there. The credential it used has been deleted."
        )
    if tenant_removal.outcome is not UninstallOutcome.IMPOSSIBLE:
        return "Our application was removed from {}, but Microsoft still accepts it there."
    if tenant_removal.is_stripped:
        return (
            "Our application has no permissions of its own left in {}, but the partner's consent could not be removed."
        )
    return "Our application could not be removed from {}."
