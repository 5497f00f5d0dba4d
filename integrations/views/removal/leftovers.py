"""What somebody has to do by hand after a removal, in which tenant, and how."""

import msgspec

from integrations.domain.removal import TenantRemoval, UninstallOutcome


class LeftoverView(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant in which our application has to be removed by hand, with instructions and Microsoft's codes."""

    tenant_id: str
    what: str
    how: str
    evidence: dict[str, str]


def leftover_view(tenant_removal: TenantRemoval, client_id: str) -> LeftoverView:
    """The instructions for one tenant; ``client_id`` is our application's id, by which it is searched for."""
    named = f"{tenant_removal.name} ({tenant_removal.tenant_id})" if tenant_removal.name else tenant_removal.tenant_id
    how = (
        "A Cloud Application Administrator or an Application Administrator of that tenant signs in to "
        "entra.microsoft.com, opens Entra ID > Enterprise apps > All applications, removes the filter "
        f'"Application type", searches for {client_id}, opens what is found, and selects Properties > Delete. '
        "In PowerShell: Remove-MgServicePrincipal -ServicePrincipalId (Get-MgServicePrincipal -Filter "
        f"\"appId eq '{client_id}'\").Id. Microsoft can restore it for 30 days. Access that was already given out "
        "ends within about an hour. We look for it ourselves, and take this off the list once it is gone."
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
            "Our application is still in {}, your own tenant: Microsoft lets no application delete itself there. "
            "The sign-in it worked with is destroyed."
        )
    if tenant_removal.outcome is not UninstallOutcome.IMPOSSIBLE:
        return "Our application was taken out of {}, but Microsoft still lets it in."
    if tenant_removal.is_stripped:
        return "Our application has no rights of its own in {} any more, but the partner's consent could not be ended."
    return "Our application could not be taken out of {}."
