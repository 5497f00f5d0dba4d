"""A laboratory for tests of faults; the long ones are run by name only (`make faults`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.azurite import Azurite
from local.portal_identity import PortalIdentity
from tests.faults.lab.app import running_apps
from tests.faults.lab.cloud import certificate
from tests.faults.lab.lab import Accounts, Lab, Site, opened_lab
from tests.faults.lab.report import LINES

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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the long ones out, unless this folder was asked for by name, as `pytest tests/faults` does."""
    here = Path(__file__).resolve().parent
    if collection_path.name != "long":
        return None
    asked = [Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path == here or here in path.parents for path in asked) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LINES:
        terminalreporter.section("faults")
    for line in LINES:
        terminalreporter.write_line(line)
