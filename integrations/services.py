"""Everything an action needs from outside: built once per process, and passed to every action."""

import logging
import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial

import msgspec
from azure.identity import ManagedIdentityCredential

from integrations.caller import CallerVerifier
from integrations.domain.evaluations import registry
from integrations.domain.ids import FIRST_REGISTRATION, AccountId, ClientId, OrganizationId, TenantId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.orders import SHARDS, Order
from integrations.domain.plan import KnownPlan
from integrations.domain.retry_delays import interactive
from integrations.domain.sync.schedule import ORDER_LIFE
from integrations.microsoft.limits import Service
from integrations.microsoft.permissions import OWN_PRINCIPAL, SUBSCRIPTIONS
from integrations.settings import Settings
from integrations.storage.callbacks import Callbacks
from integrations.storage.control import Control
from integrations.storage.data.derived import DerivedStore
from integrations.storage.data.store import DataStore
from integrations.storage.due import DueList
from integrations.storage.holders import Holders
from integrations.storage.people import OrganizationPeople
from integrations.storage.user_sync import UserSyncStore
from shared.clock import Clock, utc_now
from shared.crypto.envelopes import Envelopes, KeyRing
from shared.crypto.key_vault import VaultKey
from shared.crypto.tokens import KeySet
from shared.errors import NotConfigured
from shared.http.client import HttpClient
from shared.memory import tune_memory
from shared.microsoft.graph import Graph, RetryPolicy, Throttle
from shared.microsoft.rate_limiter import RateLimiter
from shared.microsoft.sign_in import AppCredential, Endpoints, SignIn
from shared.microsoft.usage import Usage
from shared.quota import Quota
from shared.storage.account import endpoint_of
from shared.storage.queues import Queues
from shared.storage.tables import Tables
from shared.telemetry.fields import register_fields
from shared.telemetry.log import log, quiet_libraries, write_to

_USER_AGENT = "MicrosoftTenantIntegrations/1"
# What our log lines and spans may contain besides the general fields (``shared.telemetry.fields``).
LOG_FIELDS = (
    "account_id", "dataset", "evaluation", "flow_id", "integration_id", "ordered", "organization_id", "removal_id",
    "run_id", "shard", "slot", "tenant_id", "user_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Services:
    """One process's clients and settings. ``chance`` returns a random number from 0 to 1.

    Caches: ``seal_lines`` has when each account's audit entries are due to be sealed, ``plans`` each account's plan.
    ``shards`` is the number of partitions of the due list, which never changes once rows are stored (tests have fewer).
    ``retry_policy`` is for background work, in which user syncs of more than ``users_while_waiting`` users are planned.

    There are one or two app registrations: ``sign_in`` and ``holders`` belong to the first one, ``csp_sign_in`` to the
    one for CSPs, if it is set. What a stored row was connected with is named by its ``client_id``; see ``sign_in_of``.
    """

    settings: Settings
    endpoints: Endpoints
    tables: Tables
    queues: Queues
    http_client: HttpClient
    sign_in: SignIn
    callers: CallerVerifier
    envelopes: Envelopes
    csp_sign_in: SignIn | None = None
    clock: Clock = utc_now
    chance: Callable[[], float] = random.random
    quota: Quota = field(default_factory=Quota)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    seal_lines: dict[AccountId, datetime] = field(default_factory=dict)
    plans: dict[AccountId, KnownPlan] = field(default_factory=dict)
    shards: int = SHARDS
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    users_while_waiting: int = 5000

    @cached_property
    def due(self) -> DueList:
        return DueList(self.tables, self.shards)

    @cached_property
    def callbacks(self) -> Callbacks:
        return Callbacks(self.tables)

    @cached_property
    def holders(self) -> Holders:
        return Holders(self.tables)

    def registration_for(self, kind: Kind) -> ClientId:
        """The registration with which an integration of this kind is connected now."""
        return ClientId(self.settings.csp_client_id) if kind is Kind.CSP else FIRST_REGISTRATION

    def sign_in_of(self, client_id: ClientId) -> SignIn:
        """The sign-ins of a registration; one that is no longer in the settings is refused by every token request."""
        if client_id == FIRST_REGISTRATION:
            return self.sign_in
        if self.csp_sign_in is not None and client_id == self.settings.csp_client_id:
            return self.csp_sign_in
        unknown = AppCredential.missing()
        return SignIn(endpoints=self.endpoints, client_id=client_id, credential=unknown, http_client=self.http_client)

    def holders_of(self, client_id: ClientId) -> Holders:
        """Which integrations hold a registration's application in each tenant."""
        return self.holders if client_id == FIRST_REGISTRATION else Holders(self.tables, client_id)

    def app_id(self, client_id: ClientId) -> str:
        """The client id under which Microsoft knows a registration."""
        return client_id or self.settings.client_id

    def send(self, order: Order, *, delay_s: int = 0) -> None:
        """Send a job's message; it becomes visible after ``delay_s`` seconds, and expires after ORDER_LIFE.

        Raises:
            QueueUnavailable: the queue did not confirm it; it may or may not arrive.
        """
        ttl_s = int(ORDER_LIFE.total_seconds())
        self.queues.send(order.queue, msgspec.json.encode(order), delay_s=delay_s, ttl_s=ttl_s)

    def control(self, account_id: AccountId) -> Control:
        return Control(self.tables, account_id)

    def data(self, account_id: AccountId, tenant_id: TenantId, epoch: int) -> DataStore:
        return DataStore(self.tables, account_id, tenant_id, epoch)

    def people(self, account_id: AccountId, organization_id: OrganizationId) -> OrganizationPeople:
        return OrganizationPeople(self.tables, account_id, organization_id)

    def user_sync(self, account_id: AccountId, tenant_id: TenantId) -> UserSyncStore:
        return UserSyncStore(self.tables, account_id, tenant_id)

    def derived(self, account_id: AccountId, tenant_id: TenantId, epoch: int) -> DerivedStore:
        return DerivedStore(self.tables, account_id, tenant_id, epoch)

    def graph_as(self, access_token: str) -> Graph:
        """Graph with the delegated token of the person who has just signed in."""
        return Graph(
            root=self.endpoints.graph,
            http_client=self.http_client,
            token=lambda _fresh: access_token,
            retry_policy=interactive(self.retry_policy),
        )

    def graph(
        self,
        tenant_id: TenantId,
        service: Service = Service.DIRECTORY,
        *,
        client_id: ClientId = FIRST_REGISTRATION,
        throttle: Throttle | None = None,
    ) -> Graph:
        """Graph with our application's token in one tenant, within the rate limit of the service."""
        sign_in = self.sign_in_of(client_id)
        return Graph(
            root=self.endpoints.graph,
            version=service.version,
            http_client=self.http_client,
            turn=self._rate_limit(tenant_id, service),
            token=lambda fresh: sign_in.app_token(tenant_id, fresh=fresh),
            token_for_claims=lambda claims: sign_in.app_token(tenant_id, fresh=True, claims=claims),
            throttle=throttle,
            retry_policy=self.retry_policy,
        )

    def graph_to_uninstall(self, tenant_id: TenantId, client_id: ClientId) -> Graph:
        """Graph in one tenant, allowed to delete our own service principal there."""
        return self._graph_with_write(tenant_id, client_id, OWN_PRINCIPAL)

    def graph_to_subscribe(self, tenant_id: TenantId, client_id: ClientId) -> Graph:
        """Graph in one tenant, allowed to create and delete change notification subscriptions; retries are short."""
        return self._graph_with_write(tenant_id, client_id, SUBSCRIPTIONS, retry_policy=interactive(self.retry_policy))

    def _graph_with_write(
        self, tenant_id: TenantId, client_id: ClientId, path: re.Pattern[str], retry_policy: RetryPolicy | None = None
    ) -> Graph:
        sign_in = self.sign_in_of(client_id)
        return Graph(
            root=self.endpoints.graph,
            http_client=self.http_client,
            token=lambda fresh: sign_in.app_token(tenant_id, fresh=fresh),
            writes=[path],
            retry_policy=retry_policy or self.retry_policy,
        )

    def _rate_limit(self, tenant_id: TenantId, service: Service) -> Callable[[], AbstractContextManager[None]]:
        limit = service.rate_limit
        return nullcontext if limit is None else partial(self.rate_limiter.turn, f"{service.value}:{tenant_id}", *limit)


class TenantGraphs:
    """Clients of Graph for one tenant during one run; each counts its usage, those of one service share a throttle."""

    def __init__(self, services: Services, tenant_id: TenantId, client_id: ClientId = FIRST_REGISTRATION) -> None:
        self._services = services
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._throttles: dict[Service, Throttle] = {}
        self._graphs: list[Graph] = []

    def of(self, service: Service) -> Graph:
        """A new client for one service."""
        throttle = self._throttles.setdefault(
            service, Throttle(in_flight=service.in_flight, is_rate_limited=service.rate_limit is not None)
        )
        graph = self._services.graph(self._tenant_id, service, client_id=self._client_id, throttle=throttle)
        self._graphs.append(graph)
        return self._graphs[-1]

    @property
    def blocked_s(self) -> float:
        """For how many more seconds one of the used services must not be called."""
        return max((throttle.blocked_s for throttle in self._throttles.values()), default=0.0)

    @property
    def usage(self) -> Usage:
        """The requests of all clients so far."""
        return sum((it.usage for it in self._graphs), Usage())


def connect(settings: Settings) -> Services:
    """Build the services of a process without touching the network: a service that is down shows when it is used.

    Raises:
        NotConfigured: a setting cannot be used.
    """
    register_fields(LOG_FIELDS)
    write_to("integrations")
    quiet_libraries()
    tune_memory()
    for name in sorted(set(settings.evaluations_off) - {it.name for it in registry.EVALUATIONS}):
        # Not an error: after a rollback it may be an evaluation that only the newer version has.
        log("EVALUATIONS_OFF names no evaluation", level=logging.WARNING, evaluation=name)
    http_client = HttpClient(ca_file=settings.ca_file or None, user_agent=_USER_AGENT)
    endpoints = _endpoints(settings)
    tables_url = settings.storage_table_url or endpoint_of(settings.storage_account, "table", settings.cloud)
    queues_url = settings.storage_queue_url or endpoint_of(settings.storage_account, "queue", settings.cloud)
    return Services(
        settings=settings,
        endpoints=endpoints,
        tables=Tables.connect(settings.storage, tables_url, ManagedIdentityCredential, user_agent=_USER_AGENT),
        queues=Queues.connect(settings.storage, queues_url, ManagedIdentityCredential, user_agent=_USER_AGENT),
        http_client=http_client,
        sign_in=SignIn(
            endpoints=endpoints, client_id=settings.client_id, credential=_credential(settings), http_client=http_client
        ),
        csp_sign_in=_csp_sign_in(settings, endpoints, http_client),
        callers=CallerVerifier(
            issuer=settings.portal_issuer,
            audience=settings.portal_audience,
            keys=KeySet(settings.portal_jwks_url, http_client),
        ),
        envelopes=Envelopes(_keys(settings)),
    )


def _endpoints(settings: Settings) -> Endpoints:
    if settings.cloud == "custom":
        return Endpoints(settings.login_url, settings.graph_url, settings.partner_url)
    return Endpoints.of_cloud(settings.cloud)


def _credential(settings: Settings) -> AppCredential:
    return AppCredential.first_of(
        secret=settings.client_secret,
        certificate=settings.client_certificate,
        managed_identity=settings.managed_identity_client_id,
    )


def _csp_sign_in(settings: Settings, endpoints: Endpoints, http_client: HttpClient) -> SignIn | None:
    if not settings.csp_client_id:
        return None
    credential = AppCredential.first_of(
        secret=settings.csp_client_secret,
        certificate=settings.csp_client_certificate,
        managed_identity=settings.csp_managed_identity_client_id,
    )
    return SignIn(endpoints=endpoints, client_id=settings.csp_client_id, credential=credential, http_client=http_client)


def _keys(settings: Settings) -> KeyRing | VaultKey:
    if settings.secret_key_url:
        return VaultKey(settings.secret_key_url, ManagedIdentityCredential())
    try:
        return KeyRing(settings.secret_keys)
    except ValueError as error:
        raise NotConfigured(f"SECRET_KEYS: {error}") from error
