"""The main job: a single tenant from the first sign-in to a synced row."""

from tests.flows.portal import Portal


def test_a_tenant_is_integrated_mapped_and_synced(portal: Portal) -> None:
    contoso = portal.has_tenant("Contoso Dental", users=25)

    portal.integrate(contoso)
    before = portal.row(contoso)
    portal.map(contoso, to="Contoso")
    waiting = portal.row(contoso)
    portal.run_queues()
    after = portal.row(contoso)

    assert before["name"] == "Contoso Dental"
    assert before["syncro_tenant"] is None
    assert (before["sync_status"]["label"], before["sync_status"]["cause"]) == ("Success", "name_read")
    assert (waiting["sync_status"]["label"], waiting["sync_status"]["colour"]) == ("Pending", "orange")
    assert waiting["sync_status"]["reason"] == "waiting_on_microsoft"
    assert (after["sync_status"]["label"], after["sync_status"]["colour"]) == ("Success", "green")
    assert after["syncro_tenant"]["name"] == "Contoso"
    assert after["last_sync_at"] is not None
    assert (after["csp_name"], after["csp_auth"]) == ("-", "-")
    users = portal.ask("GET", f"/tenants/{contoso['id']}/users?limit=1000")
    assert len(users["items"]) == 25
    assert users["as_of"] is not None
