from collections.abc import Iterator

import pytest

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.portal import Portal, open_portal


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    found = open_portal(microsoft, identity, storage)
    with found.host:
        yield found
