"""A whole first sync on the emulator as Docker has it, with every answer taking three to six seconds."""

import logging

import pytest

from local.azurite import running_azurite
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.exhaustive import IS_FULL
from tests.faults.lab.slow import slowed
from tests.flows.portal import open_portal

if IS_FULL:  # it takes minutes, whatever else there is; every day has ``tests/faults/test_slow_storage.py``

    @pytest.mark.timeout(1200)
    def test_no_run_fails_where_every_answer_of_storage_takes_three_to_six_seconds(
        microsoft: Running,
        identity: PortalIdentity,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setenv("AZURITE_MODE", "npm")
        monkeypatch.setenv("AZURITE_PLAIN", "1")
        monkeypatch.delenv("AZURITE_CONNECTION_STRING", raising=False)
        with running_azurite() as azurite, slowed(azurite.connection_strings[0]) as slow:
            portal = open_portal(microsoft, identity, slow.connection)
            with portal.host:
                tenant = portal.has_tenant(users=150, devices=20)
                portal.integrate(tenant)
                portal.map(tenant)
                slow.relay.least_s, slow.relay.jitter_s = 3.0, 3.0
                with caplog.at_level(logging.WARNING):
                    portal.run_queues()
                slow.relay.least_s = slow.relay.jitter_s = 0.0

                (run,) = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
                assert run["state"] == "done"
                assert portal.status(tenant) == "Success"
                assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"]) == 150
                failed = [it.getMessage() for it in caplog.records if "failed on a message" in it.getMessage()]
                assert failed == []
