"""The endpoints of storage and the audience of its tokens in each Microsoft cloud."""

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from integrations.services import connect
from integrations.settings import Settings
from shared.errors import NotConfigured
from shared.storage.account import Service, StorageAccount, endpoint_of
from shared.storage.queues import Queues, QueueUnavailable
from shared.storage.rows import StorageUnavailable
from shared.storage.tables import Tables
from tests.integrations.test_settings import GOOD
from tests.shared.storage.clients import CLIENTS, short_timeouts

CLOUDS = {
    "global": ("core.windows.net", "https://storage.azure.com/.default"),
    "usgov": ("core.usgovcloudapi.net", "https://storage.azure.us/.default"),
    "usgov-dod": ("core.usgovcloudapi.net", "https://storage.azure.us/.default"),
    "china": ("core.chinacloudapi.cn", "https://storage.azure.cn/.default"),
}
ANY_ACCOUNT = "https://storage.azure.com/.default"


class NoIdentity:
    """A managed identity that issues no token, and records the scopes that were requested."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> None:
        self.requests += scopes
        raise ClientAuthenticationError


def endpoints(**settings: str) -> tuple[str, str, str]:
    """The endpoints of the SDK's tables, of our tables, and of the queues."""
    services = connect(Settings.from_env({**GOOD, **settings}))
    account: StorageAccount = services.queues._account
    return services.tables._service.url, services.tables._account.endpoint, account.endpoint


@pytest.mark.parametrize(("cloud", "suffix"), [(cloud, names[0]) for cloud, names in CLOUDS.items()])
def test_storage_is_in_the_cloud_of_the_setting(cloud: str, suffix: str) -> None:
    tables, queues = f"https://account.table.{suffix}", f"https://account.queue.{suffix}"

    assert endpoints(MICROSOFT_CLOUD=cloud) == (tables, tables, queues)


def test_addresses_that_are_given_count_more_than_a_name() -> None:
    tables, queues = "https://t.private.example", "https://q.private.example"
    given = {"AzureWebJobsStorage__tableServiceUri": f"{tables}/", "AzureWebJobsStorage__queueServiceUri": f"{queues}/"}

    assert endpoints(**given) == (tables, tables, queues)
    assert endpoints(**given, AzureWebJobsStorage__accountName="", MICROSOFT_CLOUD="usgov") == (tables, tables, queues)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("cloud", "scope"), [(cloud, names[1]) for cloud, names in CLOUDS.items()])
def test_a_token_for_tables_is_requested_for_the_audience_of_the_cloud(client: str, cloud: str, scope: str) -> None:
    identity = NoIdentity()
    tables = Tables.connect("", endpoint_of("account", "table", cloud), lambda: identity)  # type: ignore[arg-type, return-value]

    with short_timeouts(budget_s=0.1), pytest.raises(StorageUnavailable):
        CLIENTS[client](tables).get("p", "k")

    assert identity.requests == [scope]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_token_for_queues_is_for_any_account(cloud: str) -> None:
    identity = NoIdentity()
    queues = Queues.connect("", endpoint_of("account", "queue", cloud), lambda: identity)  # type: ignore[arg-type, return-value]

    with pytest.raises(QueueUnavailable):
        queues.send("q-one", b"x")

    assert set(identity.requests) == {ANY_ACCOUNT}


@pytest.mark.parametrize(
    ("suffix", "endpoint"),
    [
        ("", "https://acct.table.core.windows.net"),
        ("EndpointSuffix=core.usgovcloudapi.net", "https://acct.table.core.usgovcloudapi.net"),
        ("TableEndpoint=https://own.example/", "https://own.example"),
    ],
)
def test_a_connection_string_says_itself_where_storage_is(suffix: str, endpoint: str) -> None:
    connection = f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=YQ==;{suffix}"
    tables = Tables.connect(connection, "", ManagedIdentityCredential)

    assert (tables._service.url.rstrip("/"), tables._account.endpoint) == (endpoint, endpoint)


@pytest.mark.parametrize("service", ["table", "queue"])
@pytest.mark.parametrize("connection", ["AccountName=a", "AccountName=a;AccountKey=???", "nonsense"])
def test_a_connection_string_without_a_key_is_reported_as_a_setting(connection: str, service: Service) -> None:
    with pytest.raises(NotConfigured):
        StorageAccount.from_connection_string(connection, service)
    with pytest.raises(NotConfigured):
        Tables.connect(connection, "", ManagedIdentityCredential)
