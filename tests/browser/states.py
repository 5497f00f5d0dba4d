"""Every state the page can be in, by name, each reached through intercepted answers."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import told, told_insights, told_mfa, told_removal
from tests.browser.site import Site
from tests.browser.told_baselines import FINDINGS
from tests.browser.told_security import DEVICES, SECURITY

FAILED_CSP = told.status(
    "Auth Failed",
    "red",
    reason="no_mfa_prompt",
    detail="The authenticating account was not prompted for Entra ID MFA.",
    remedy="Update the account to prompt for MFA on every sign in, then select Reauthorize CSP from the menu.",
)
FLOW = {
    "flow_id": "flow_1",
    "state": "proven",
    "kind": "csp",
    "tenant": {"id": told.INTEGRATION["tenant_id"], "name": "Northwind Partner"},
    "signed_in_as": "pat@northwind.example",
    "continue_url": None,
    "integration_id": None,
    "expires_at": told.ago(minutes=-9),
    "reason": "no_mfa_prompt",
    "detail": FAILED_CSP["detail"],
    "remedy": FAILED_CSP["remedy"],
    "evidence": {"amr": "pwd"},
}


def with_rows(site: Site, place: str = "") -> None:
    """The table with every kind of row, and two CSPs above it."""
    second = told.csp(
        id="int_csp2",
        name="Southridge Cloud",
        tenant_count_label="",
        ignored_count=0,
        last_synced_at=None,
        sync_status=FAILED_CSP,
    )
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp(), second))
    site.open(place=place)


def with_tenant(
    site: Site,
    row: told.Object,
    security: told.Object = SECURITY,
    findings: told.Object = FINDINGS,
    settings: told.Object | None = None,
    mfa: told.Object | None = None,
    **changes: object,
) -> None:
    path = f"/tenants/{row['tenant_id']}"
    site.answers(path, told.details(row, **changes))
    site.answers(f"{path}/security", security)
    site.answers(f"{path}/findings", findings)
    site.answers("/settings", settings or told_mfa.settings())
    site.answers(f"{path}/mfa", mfa or told_mfa.mfa())
    site.answers(f"{path}/history", told_mfa.history(6, 5, 5, 3))
    site.answers(f"{path}/devices", told.rows_page(DEVICES))
    site.answers(f"{path}/users", told.rows_page(told.USERS, more="u5"))
    site.answers(f"{path}/licenses", told.rows_page(told.LICENSES))
    site.answers(f"{path}/runs", told.rows_page(told.RUNS))
    site.open(place=f"#tenant={row['tenant_id']}")
    expect(site.page.get_by_role("table", name="Users", exact=True)).to_be_visible()


def blank(site: Site) -> None:
    site.answers("/integrations", told.overview([]))
    site.open()


def nothing_fits(site: Site) -> None:
    with_rows(site)
    site.page.get_by_role("searchbox").fill("no such tenant")
    expect(site.page.locator("#view")).to_contain_text("No tenant matches.")


def row_menu(site: Site) -> None:
    with_rows(site)
    site.page.get_by_role("button", name="Actions for Contoso Dental").click()


def explanation(site: Site) -> None:
    with_rows(site)
    site.page.get_by_role("button", name="CSP Auth of Missing Roles Tenant: explain").click()


def prerequisites(site: Site) -> None:
    site.answers("/prerequisites/csp", told.PREREQUISITES)
    with_rows(site)
    site.choose("Integrate", "Cloud Solution Provider (CSP) Tenants")


def single_tenant(site: Site) -> None:
    with_rows(site)
    site.choose("Integrate", "Single Tenant")


def map_dialog(site: Site) -> None:
    names = ["Acme Dental", told.HOSTILE, *(f"Organization {n}" for n in range(80))]
    site.answers(
        "/organizations",
        {"items": [{"id": f"org_{n}", "name": it, "domains": []} for n, it in enumerate(names)], "next_cursor": None},
    )
    with_rows(site)
    site.choose("Actions for Fabrikam Legal", "Map Syncro Tenant")
    expect(site.dialog).to_contain_text("Start Tenant Mapping")  # a menu opened far down stays open and in sight


def removal_dialog(site: Site) -> None:
    site.answers(f"/integrations/{told.CSP_ID}/removal-effects", told_removal.EFFECTS)
    with_rows(site)
    site.choose("Actions for Northwind Partner", "Remove CSP Integration")


def removal_running(site: Site) -> None:
    site.answers("/removals/rem_1", told_removal.removal("removing", "done", "running", "waiting", "waiting"))
    with_rows(site, "#removal=rem_1")
    expect(site.page.get_by_role("heading", name="Removal")).to_be_visible()


def removal_done(site: Site) -> None:
    leftovers = [told_removal.leftover(), told_removal.leftover(done_at=told.ago(hours=2), done_by="user_alice")]
    ended = told_removal.removal(
        "verified", "done", "done", "skipped", "done", leftovers=leftovers, receipt={"state": "final"}
    )
    site.answers("/removals/rem_1", ended)
    with_rows(site, "#removal=rem_1")
    expect(site.page.get_by_role("button", name="Download the receipt")).to_be_visible()


def removals(site: Site) -> None:
    items = [
        told_removal.removal_item(1, "verified", steps_left=1),
        told_removal.removal_item(2, "removed"),
        told_removal.removal_item(3, "removing"),
    ]
    site.answers("/removals", {"items": items, "next_cursor": None, "steps_left": 1})
    site.answers(
        "/removals/rem_1", told_removal.removal("verified", *["done"] * 4, name="", leftovers=[told_removal.leftover()])
    )
    site.open(place="#removal=all")
    expect(site.page.get_by_role("table", name="Removed integrations")).to_be_visible()


def steps_left_after_a_removal(site: Site) -> None:
    left = {"count": 2, "steps_left": 1}
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp(), removed=left))
    site.open()
    expect(site.page.get_by_role("link", name="Show what to do")).to_be_visible()


def removal_above_the_table(site: Site) -> None:
    leaving = {"id": "rem_1", "name": "Tailspin Toys", "kind": "single", "requested_at": told.ago(minutes=3)}
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp(), removals=[leaving]))
    site.open()
    expect(site.page.get_by_role("link", name="Show all steps")).to_be_visible()


def flow_proven(site: Site) -> None:
    site.answers("/consent/flow_1", FLOW)
    with_rows(site, "#flow=flow_1")
    expect(site.dialog).to_be_visible()


def flow_failed(site: Site) -> None:
    failed = FLOW | {
        "state": "failed",
        "detail": "The account that signed in is a guest in this tenant.",
        "reason": "guest",
    }
    site.answers("/consent/flow_1", failed)
    with_rows(site, "#flow=flow_1")
    expect(site.page.locator("#notice")).to_contain_text("guest")


def single_details(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))


def configuration(site: Site) -> None:
    single_details(site)
    site.page.get_by_text("1 of 2 Conditional Access policies are enabled").click()


def child_details(site: Site) -> None:
    with_tenant(site, told.child(7, "Missing Roles Tenant", "Missing Roles", "Pending"), csp=told.CSP_SECTION)


def csp_details(site: Site) -> None:
    site.answers(f"/integrations/{told.CSP_ID}", told.INTEGRATION)
    with_rows(site, f"#csp={told.CSP_ID}")
    expect(site.page.get_by_role("table", name="Access checks")).to_be_visible()


def with_insights(site: Site, place: str = "#security") -> None:
    site.answers("/insights/mfa", told_insights.mfa())
    site.answers("/insights/secure-score", told_insights.scores())
    site.answers("/insights/baselines", told_insights.baselines())
    site.answers("/settings", told_mfa.settings())
    site.open(place=place)
    expect(site.page.get_by_role("navigation", name="Security")).to_be_visible()


def security_mfa(site: Site) -> None:
    with_insights(site)


def security_scores(site: Site) -> None:
    with_insights(site, "#security?list=secure-score")


def security_baselines(site: Site) -> None:
    with_insights(site, "#security?list=baselines")


def security_controls(site: Site) -> None:
    with_insights(site, "#security?list=baselines&by=controls")


def security_control(site: Site) -> None:
    with_insights(site, "#security?list=baselines&control=MS.AAD.1.1v1")


def security_of_nothing(site: Site) -> None:
    site.answers("/insights/mfa", told_insights.mfa([]))
    site.open(place="#security")
    expect(site.page.get_by_role("heading", name="No tenant is mapped yet")).to_be_visible()


def thresholds(site: Site) -> None:
    with_insights(site)
    site.page.get_by_role("button", name="Thresholds").click()
    expect(site.dialog).to_be_visible()


def mfa_exception(site: Site) -> None:
    single_details(site)
    site.choose("Actions for Break Glass", "Make an exception")


def people(site: Site) -> None:
    site.page.goto(f"{site.url}/api/page/")
    expect(site.page.get_by_role("heading", name="Who are you?")).to_be_visible()


def refused(site: Site) -> None:
    site.open("tess")


def out_of_reach(site: Site) -> None:
    site.answers(
        "/integrations", {"detail": "Our storage does not answer.", "remedy": "Try again in a minute."}, status=503
    )
    site.open()
    expect(site.page.locator("#trouble")).to_contain_text("storage")


STATES: dict[str, Callable[[Site], None]] = {
    it.__name__.replace("_", "-"): it
    for it in (
        blank,
        with_rows,
        nothing_fits,
        row_menu,
        explanation,
        single_tenant,
        prerequisites,
        map_dialog,
        removal_dialog,
        removal_running,
        removal_done,
        removals,
        steps_left_after_a_removal,
        removal_above_the_table,
        flow_proven,
        flow_failed,
        single_details,
        configuration,
        child_details,
        csp_details,
        security_mfa,
        security_scores,
        security_baselines,
        security_controls,
        security_control,
        security_of_nothing,
        thresholds,
        mfa_exception,
        people,
        refused,
        out_of_reach,
    )
}
