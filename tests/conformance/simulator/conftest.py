import pytest

from local.microsoft.cloud import running_microsoft
from tests.conformance.graph import Description, Oracle


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """A simulated cloud of this module's own."""
    with running_microsoft(tmp_path_factory.mktemp("microsoft")) as found:
        yield found


@pytest.fixture(scope="module")
def oracle(description: Description, cloud) -> Oracle:
    return Oracle(description, cloud.graph_url)
