"""Conformance is run by name (`make conformance`), not with the other tests: it needs files from outside."""

import os
from pathlib import Path

import pytest

from tests.conformance.graph import Description, load

HERE = Path(__file__).resolve().parent
DEFAULT = HERE.parents[1].parent / "shared" / "data" / "graph-openapi-subset.json.gz"


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Collect only what was asked for by name, as `pytest tests/conformance` does."""
    asked = [Path(config.invocation_params.dir, argument.partition("::")[0]) for argument in config.args]
    if any(path == HERE or HERE in path.parents for path in map(Path.resolve, asked)):
        return None
    return True


@pytest.fixture(scope="session")
def description() -> Description:
    """Microsoft's description of Graph, from the file that GRAPH_OPENAPI names."""
    path = Path(os.environ.get("GRAPH_OPENAPI") or DEFAULT)
    if not path.is_file():
        pytest.fail(f"There is no Graph description at {path}; name one: make conformance GRAPH_OPENAPI=path")
    return load(path)
