"""Read and change how the assets of a tenant are linked; the run that follows at once plans anew."""

from typing import NamedTuple

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.asset_links.by_hand import not_compared
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import find_tenant
from integrations.actions.user_sync.change import order_run
from integrations.domain.assets.settings import AssetLinkSettings, cleaned, problems_of
from integrations.domain.ids import AccountId, TenantId
from integrations.services import Services
from integrations.views.people.asset_links import AssetLinksView
from shared.errors import Conflict, Invalid, PreconditionFailed, Problem
from shared.http.responses import version_in


class ReadAssetLinks(NamedTuple):
    """What the API shows, and the version of the settings."""

    view: AssetLinksView
    version: str


def read_asset_links(services: Services, account_id: AccountId, tenant_id: TenantId) -> ReadAssetLinks:
    """How the assets of a tenant are linked.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
    """
    linked = _linked(services, account_id, tenant_id)
    head = linked.head()
    view = AssetLinksView(
        tenant_id=linked.id,
        settings=AssetLinkSettings() if head.is_closed else linked.store.settings(),
        linked_at=head.linked_at if head.is_in_use(linked.tenant.epoch) else None,
    )
    return ReadAssetLinks(view, str(head.version))


def change_asset_links(
    services: Services, actor: Actor, tenant_id: TenantId, settings: AssetLinkSettings, if_match: str
) -> None:
    """Have the assets of a tenant linked like this from now on.

    ``if_match`` is the ETag of what was read.

    Raises:
        NotFound: there is no such tenant.
        Invalid: the settings make no sense.
        Conflict: ``not_mapped``, or ``not_compared``.
        PreconditionNeeded: there is no ETag.
        PreconditionFailed: the settings were changed in the meantime.
        VersionConflict: the asset links kept changing.
    """
    linked = _linked(services, actor.account_id, tenant_id)
    if problems := problems_of(settings):
        placed = [Problem(f"/settings{it.pointer}", it.detail) for it in problems]
        raise Invalid("The settings are not valid.", problems=placed)
    version = version_in(if_match)

    def attempt() -> None:
        batch, store = linked.store.batch(), linked.store
        if batch.head.is_closed:  # what an earlier mapping left to delete
            store.delete_all()
            batch = store.batch()
        if version not in {"*", str(batch.head.version)}:
            raise PreconditionFailed("The settings were changed since you read them.")
        if not batch.is_new and not batch.head.is_in_use(linked.tenant.epoch):
            raise not_compared("change the settings")
        batch.write(store.settings_write(cleaned(settings)))
        batch.set_head(
            version=batch.head.version + 1,
            basis="",
            epoch=linked.tenant.epoch,
            organization_id=linked.mapping.organization_id,
        )
        order_run(linked.synced, batch, actor, "changed linking of assets")

    retry_on_conflict(attempt)


def _linked(services: Services, account_id: AccountId, tenant_id: TenantId) -> LinkedTenant:
    account = Account(services, account_id)
    tenant = find_tenant(account.control, tenant_id).value
    if tenant.mapping is None:
        raise Conflict(
            f"{tenant.name!r} is not mapped, so it has no assets.",
            code="not_mapped",
            remedy="Map the tenant to an Organization first.",
        )
    return LinkedTenant(account, tenant, tenant.mapping)
