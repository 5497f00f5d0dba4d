"""What somebody has to do by hand at a removal, in which tenant, and how."""

from datetime import datetime

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.integrations import Integration
from integrations.domain.removal import TenantRemoval, UninstallOutcome
from integrations.views.status import to_second

_STEPS = (
    "Sign in to entra.microsoft.com as Cloud Application Administrator or Application Administrator of that tenant.",
    'Go to Entra ID > Enterprise apps > All applications, and remove the filter "Application type".',
    "Search for {}, and open the application.",
    "Select Properties > Delete.",
)
_COMMAND = "Remove-MgServicePrincipal -ServicePrincipalId (Get-MgServicePrincipal -Filter \"appId eq '{}'\").Id"
_RESULT = (
    "Microsoft can restore it for 30 days. Access tokens that were already issued expire within about an hour. We "
    "check regularly, and remove this entry once the application is gone."
)


class ManualStep(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be done by hand in one tenant: ``steps`` in the admin center, or ``command`` in PowerShell.

    Attributes:
        tenant_id: The tenant in which something is left.
        what: What is left there, for people.
        steps: What to do in the admin center, one sentence each.
        command: The PowerShell command that does the same.
    """

    tenant_id: TenantId
    what: str
    steps: list[str]
    command: str


class LeftoverView(ManualStep, frozen=True, kw_only=True):
    """A tenant in which our application has to be removed by hand, with instructions and Microsoft's codes.

    The entry stays until our check agrees.

    Attributes:
        how: The steps, the command and their result as one text.
        evidence: Microsoft's error codes and request ids. Empty if there are none.
        last_seen_at: When our check last found the application there. Null if no check has found it.
        done_at: When somebody marked the step as done. Null until then.
        done_by: The portal user id of whoever did. Null until then.
    """

    how: str
    evidence: dict[str, str]
    last_seen_at: datetime | None
    done_at: datetime | None
    done_by: str | None


def partner_step(integration: Integration, client_id: str) -> ManualStep:
    """What will be left to do by hand in a CSP's own tenant once it is removed."""
    what = (
        f"Delete our application in {_named(integration.name, integration.tenant_id)}, your own tenant. Microsoft does "
        "not let an application delete itself there."
    )
    return ManualStep(
        tenant_id=integration.tenant_id, what=what, steps=_steps(client_id), command=_COMMAND.format(client_id)
    )


def leftover_view(tenant_removal: TenantRemoval, client_id: str) -> LeftoverView:
    """The instructions for one tenant; ``client_id`` is our application's id, by which it is searched for."""
    steps, command = _steps(client_id), _COMMAND.format(client_id)
    return LeftoverView(
        tenant_id=tenant_removal.tenant_id,
        what=_what(tenant_removal).format(_named(tenant_removal.name, tenant_removal.tenant_id)),
        steps=steps,
        command=command,
        how=" ".join([*steps, f"In PowerShell: {command}.", _RESULT]),
        evidence=tenant_removal.evidence,
        last_seen_at=to_second(tenant_removal.seen_at),
        done_at=to_second(tenant_removal.done_at),
        done_by=tenant_removal.done_by,
    )


def _steps(client_id: str) -> list[str]:
    return [it.format(client_id) for it in _STEPS]


def _named(name: str, tenant_id: str) -> str:
    return f"{name} ({tenant_id})" if name else tenant_id


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
