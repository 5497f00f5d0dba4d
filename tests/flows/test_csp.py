"""A CSP, integrated once: its customers appear, each says how it stands, and heals by itself."""

from tests.flows.partner import has_csp
from tests.flows.portal import Portal


def test_one_sign_in_brings_every_customer(portal: Portal) -> None:
    csp = has_csp(portal)
    for name in ("Contoso", "Fabrikam"):
        csp.has(name)

    csp.integrate()
    csp.later(minutes=1)

    row = csp.row()
    assert (row["name"], row["tenant_count_label"]) == ("Northwind Partner", "with 2 tenants")
    assert (row["sync_status"]["label"], row["sync_status"]["colour"]) == ("Success", "green")
    assert csp.auth("Contoso") == "Active"
    assert csp.customer("Contoso")["csp_name"] == "Northwind Partner"
