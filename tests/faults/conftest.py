"""A laboratory for tests of faults; the long ones are run by name only (`make faults`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.azurite import Azurite
from local.portal_identity import PortalIdentity
from tests.faults.lab.app import running_apps
from tests.faults.lab.cloud import certificate
from tests.faults.lab.lab import Accounts, Lab, Site, opened_lab
from tests.faults.lab.report import LINES, SEED, chance, left_s, tell

_LONG = Path(__file__).resolve().parent / "long"
_ACCOUNTS = 60  # the last ones of the session's; other tests take the first


@pytest.fixture(scope="session")
def site(azurite: Azurite, identity: PortalIdentity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    context, ca_file = certificate(tmp_path_factory.mktemp("faults"))
    with running_apps() as apps:
        yield Site(context, ca_file, identity, Accounts(azurite.connection_strings[-_ACCOUNTS:]), apps)


@pytest.fixture(scope="session")
def lab(site: Site) -> Iterator[Lab]:
    with opened_lab(site) as found:
        yield found


@pytest.fixture(autouse=True)
def _disarmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that fails leaves no switch armed for the next one."""
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").switch.disarm()


def _is_long(item: pytest.Item) -> bool:
    return item.path.parent == _LONG


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones come last, in an order that the seed draws: who is not begun in one run is in another."""
    late = [it for it in items if _is_long(it)]
    chance("order").shuffle(late)
    items[:] = [it for it in items if not _is_long(it)] + late


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Begin no long one when the time of the run is over, and say so at its end."""
    if not _is_long(item) or left_s() > 0:
        return None
    tell(f"not begun: {item.nodeid}")
    return True


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the long ones out, unless this folder was asked for by name, as `pytest tests/faults` does."""
    here = _LONG.parent
    if collection_path != _LONG:
        return None
    asked = [Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path == here or here in path.parents for path in asked) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("faults")
        terminalreporter.write_line(f"drawn by seed {SEED}: SEED={SEED} repeats the order")
    for line in LINES:
        terminalreporter.write_line(line)
