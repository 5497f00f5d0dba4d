"""Act as a CSP's service account, with its stored refresh token.

Microsoft issues a new refresh token with each use. The newest one is stored; a slower worker's older one never
replaces it, because each version can be decrypted under its own number only (reliability.md I19).
"""

import re
from collections.abc import Callable

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict
from integrations.domain.ids import AccountId, ClientId, TenantId
from integrations.domain.integrations import Credential, Integration
from integrations.microsoft.permissions import ROLE_GRANT, ROLE_REMOVAL
from integrations.services import Services
from integrations.storage.documents import Stored
from shared.microsoft.graph import Graph
from shared.microsoft.partner_center import PartnerCenter
from shared.microsoft.sign_in import Renewed


class NoCredential(Exception):
    """No refresh token is stored for this integration: somebody has to sign in first."""


class Partner:
    """Microsoft as one service account sees it: its own tenant, Partner Center, and customers' tenants.

    ``client_id`` is the registration that the refresh token was issued to; ``renewed`` is called with every new one.
    """

    def __init__(
        self,
        services: Services,
        tenant_id: TenantId,
        refresh_token: str,
        client_id: ClientId,
        renewed: Callable[[str], None],
    ) -> None:
        self._services = services
        self._tenant_id = tenant_id
        self._refresh_token = refresh_token
        self._sign_in = services.sign_in_of(client_id)
        self.client_id = client_id
        self._renewed = renewed
        self._tokens: dict[tuple[str, str], str] = {}

    def partner_center_token(self, *, fresh: bool = False) -> str:
        """A token for Partner Center; its claims show how the account signed in.

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
        """
        return self._token(self._tenant_id, self._services.endpoints.partner, fresh=fresh)

    def partner_center(self) -> PartnerCenter:
        services = self._services
        return PartnerCenter(
            root=services.endpoints.partner,
            http_client=services.http_client,
            token=lambda fresh: self.partner_center_token(fresh=fresh),
            retry_policy=services.retry_policy,
        )

    def graph(self) -> Graph:
        """Graph in the partner's own tenant."""
        return self._graph(self._tenant_id)

    def graph_to_onboard(self, customer_id: TenantId) -> Graph:
        """Graph in a customer's tenant, allowed to grant our application its permissions there."""
        return self._graph(customer_id, ROLE_GRANT)

    def graph_to_uninstall(self, customer_id: TenantId) -> Graph:
        """Graph in a customer's tenant, allowed to remove our application's permissions there."""
        return self._graph(customer_id, ROLE_REMOVAL)

    def _graph(self, tenant_id: TenantId, *writes: re.Pattern[str]) -> Graph:
        root = self._services.endpoints.graph
        return Graph(
            root=root,
            http_client=self._services.http_client,
            token=lambda fresh: self._token(tenant_id, root, fresh=fresh),
            retry_policy=self._services.retry_policy,
            writes=writes,
        )

    def _token(self, tenant_id: TenantId, resource: str, *, fresh: bool) -> str:
        cached = self._tokens.get((tenant_id, resource))
        if cached and not fresh:
            return cached
        renewed: Renewed = self._sign_in.renew(self._refresh_token, tenant_id=tenant_id, resource=resource)
        self._tokens[tenant_id, resource] = renewed.access_token
        self._refresh_token = renewed.refresh_token
        self._renewed(renewed.refresh_token)
        return renewed.access_token


def open_partner(account: Account, integration: Integration) -> Partner:
    """The service account of an integration, by its stored refresh token.

    Raises:
        NoCredential: none is stored.
        SealBroken: it cannot be decrypted; Microsoft is not asked.
        VaultUnavailable: the key-encryption key cannot be used now.
    """
    services, stored = account.services, account.control.credentials.find(integration.id)
    if stored is None:
        raise NoCredential
    raw = services.envelopes.open(stored.value.sealed, place=stored.value.place(account.id))
    saver = _CredentialSaver(account, stored)
    return Partner(services, integration.tenant_id, raw.decode(), stored.value.client_id, saver.save)


def new_credential(
    services: Services, account_id: AccountId, integration: Integration, refresh_token: str, *, version: int
) -> Credential:
    """The refresh token encrypted, as the credential of the integration's present authorization.

    Raises:
        VaultUnavailable: the key-encryption key cannot be used now.
    """
    bare = Credential(
        integration_id=integration.id,
        epoch=integration.version,
        version=version,
        sealed="",
        kept_at=services.clock(),
        client_id=integration.client_id,
    )
    sealed = services.envelopes.seal(refresh_token.encode(), place=bare.place(account_id))
    return msgspec.structs.replace(bare, sealed=sealed)


class _CredentialSaver:
    """Stores every renewed refresh token, until another worker has stored a newer one."""

    def __init__(self, account: Account, stored: Stored[Credential]) -> None:
        self._account = account
        self._stored: Stored[Credential] | None = stored

    def save(self, refresh_token: str) -> None:
        if self._stored is None:
            return
        old, latest = self._stored, None
        services, credentials = self._account.services, self._account.control.credentials
        bare = msgspec.structs.replace(old.value, version=old.value.version + 1, kept_at=services.clock())
        sealed = services.envelopes.seal(refresh_token.encode(), place=bare.place(self._account.id))
        newer = msgspec.structs.replace(bare, sealed=sealed)
        with ignore_conflict("another worker kept a newer credential", account_id=self._account.id):
            with self._account.change() as change:
                change.write(credentials.saved(old.now(newer)))
            latest = credentials.find(newer.integration_id)
        self._stored = latest if latest and latest.value.version == newer.version else None
