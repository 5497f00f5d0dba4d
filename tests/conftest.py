"""What many tests share: one Azurite, one simulated Microsoft cloud and one portal sign-in for the session."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from integrations.services import LOG_FIELDS
from local.azurite import Azurite, running_azurite
from local.microsoft.cloud import Running, running_microsoft
from local.portal_identity import PortalIdentity, running_portal_identity
from shared.telemetry.fields import register_fields
from tests.exhaustive import IS_FULL
from tests.flows.portal import Portal, open_portal
from tests.states import Beginning, States

_ACCOUNTS = 1200  # of one Azurite: it is told of them in one variable of its environment

# Examples take what the machine has left for them: neither how long one took nor how slowly they were made up, which
# is what the health check measures, says anything about what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Stores and readers log as in a process that has connected, also where a test uses them by themselves.
register_fields(LOG_FIELDS)


# What is imported and collected stays: the collector need not go through it again and again.
gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left = [] if IS_FULL else [it for it in items if it.get_closest_marker("exhaustive")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [it for it in items if not it.get_closest_marker("exhaustive")]


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with running_azurite(accounts=_ACCOUNTS) as found:
        yield found


@pytest.fixture(scope="session")
def _unused(azurite: Azurite) -> Iterator[Iterator[str]]:
    with ExitStack() as more:
        yield _accounts(azurite, more)


def _accounts(azurite: Azurite, more: ExitStack) -> Iterator[str]:
    """Accounts that nobody has touched; where those of one Azurite are used up, another one is started."""
    while True:
        yield from azurite.connection_strings
        azurite = more.enter_context(running_azurite(accounts=_ACCOUNTS))


@pytest.fixture
def another_storage(_unused: Iterator[str], azurite: Azurite) -> Callable[[], str]:
    """Gives the connection string of a storage account that nobody has touched; a given one is emptied for it."""
    return lambda: _another_storage(_unused, azurite)


@pytest.fixture
def storage(another_storage: Callable[[], str]) -> str:
    """The connection string of a storage account that no other test has touched."""
    return another_storage()


@pytest.fixture(scope="session")
def _microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_microsoft(tmp_path_factory.mktemp("microsoft")) as cloud:
        yield cloud


@pytest.fixture
def microsoft(_microsoft: Running) -> Running:
    """The simulated cloud, empty."""
    _microsoft.world.clear_faults()
    _microsoft.world.release()
    _microsoft.world.reset()
    _microsoft.world.forget_requests()
    return _microsoft


@pytest.fixture(scope="session")
def identity() -> Iterator[PortalIdentity]:
    with running_portal_identity() as found:
        yield found


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def states() -> States:
    return States()


@pytest.fixture
def portal(
    microsoft: Running, identity: PortalIdentity, storage: str, states: States, request: pytest.FixtureRequest
) -> Iterator[Portal]:
    """A portal before an app of its own, on a storage account of its own."""
    found = open_portal(microsoft, identity, storage, states=states)
    if "monkeypatch" in request.fixturenames:
        found.beginning = Beginning(states, found, request.getfixturevalue("monkeypatch"))
    with found.host:
        yield found


@pytest.fixture(scope="module")
def lasting_portal(
    _microsoft: Running, identity: PortalIdentity, _unused: Iterator[str], azurite: Azurite
) -> Iterator[Portal]:
    """One for all tests of a module that ask for it: what they send is refused, or leaves nothing that matters."""
    found = open_portal(_microsoft, identity, _another_storage(_unused, azurite))
    with found.host:
        yield found


def _another_storage(unused: Iterator[str], azurite: Azurite) -> str:
    if len(azurite.connection_strings) == 1:
        _empty(azurite.connection_strings[0])
        return azurite.connection_strings[0]
    return next(unused)


def _empty(connection: str) -> None:
    """Make an account that is not ours alone as good as new."""
    from azure.data.tables import TableServiceClient  # noqa: PLC0415 - only for a given emulator
    from azure.storage.queue import QueueServiceClient  # noqa: PLC0415

    with TableServiceClient.from_connection_string(connection) as tables:
        for table in tables.list_tables():
            tables.delete_table(table.name)
    with QueueServiceClient.from_connection_string(connection) as queues:
        for queue in queues.list_queues():
            queues.delete_queue(queue.name)
