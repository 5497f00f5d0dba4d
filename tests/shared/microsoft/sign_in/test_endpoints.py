"""Each Microsoft cloud has its own endpoints."""

import pytest

from shared.microsoft.sign_in import (
    Endpoints,
)


@pytest.mark.parametrize("cloud", ["global", "usgov", "usgov-dod", "china"])
def test_every_cloud_has_its_own_addresses(cloud: str) -> None:
    endpoints = Endpoints.of_cloud(cloud)

    assert all(address.startswith("https://") and not address.endswith("/") for address in endpoints)
