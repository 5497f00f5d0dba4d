from collections.abc import Iterator

import pytest

from local.microsoft import Running
from tests.local.microsoft.caller import Caller


@pytest.fixture
def caller(microsoft: Running) -> Iterator[Caller]:
    found = Caller(microsoft)
    yield found
    found.session.close()
