"""The states of the user sync and of an Organization's people, each reached through intercepted answers."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import told, told_people, told_user_sync
from tests.browser.site import Site
from tests.browser.states import with_tenant

TENANT = told.single(20, "Contoso Dental")
ID = TENANT["tenant_id"]
PATH = f"/tenants/{ID}/user-sync"


def answers_user_sync(site: Site, sync: told.Object) -> None:
    site.answers(f"/tenants/{ID}", told.details(TENANT))
    site.answers(PATH, sync)
    site.answers(f"{PATH}/choices", told_user_sync.CHOICES)
    site.answers(f"{PATH}/plan", told_user_sync.plan(), method="POST")
    site.answers(f"{PATH}/queue", told_user_sync.queue())
    site.answers(f"{PATH}/links", told_user_sync.links())
    site.answers("/organizations/org_1", told_user_sync.ORGANIZATION | {"domains": [], "syncro_tenant_id": "st_1"})
    site.answers("/organizations/org_1/end-users", told_people.people())
    for person in told_people.PEOPLE[:5]:
        site.answers(f"/end-users/{person['id']}", person)


def with_form(site: Site, sync: told.Object | None = None) -> None:
    answers_user_sync(site, sync or told_user_sync.user_sync("off"))
    site.open(place=f"#user-sync={ID}")
    expect(site.page.get_by_role("button", name="Preview")).to_be_visible()


def with_section(site: Site, sync: told.Object | None = None) -> None:
    """The tenant's page, at its section about the user sync."""
    answers_user_sync(site, sync or told_user_sync.user_sync())
    with_tenant(site, TENANT)
    expect(site.page.get_by_role("region", name="User sync")).to_be_visible()


def with_view(site: Site, place: str, heading: str, sync: told.Object | None = None) -> None:
    answers_user_sync(site, sync or told_user_sync.user_sync())
    site.open(place=place)
    expect(site.page.get_by_role("heading", name=heading)).to_be_visible()


def filtered() -> told.Object:
    """The user sync of two Organizations, each with a filter."""
    chosen = told_user_sync.user_filter(
        user_types=["member", "guest"],
        department=told_user_sync.texts(
            told_user_sync.SALES,
            {"value": "Eng", "operator": "starts_with"},
            exclude=[{"value": told.HOSTILE, "operator": "equals"}],
            blank="include",
        ),
        domain=told_user_sync.texts("contoso.example", also_subdomains=True),
        group={"include": [told_user_sync.GROUP_ID], "exclude": [told_user_sync.GONE_GROUP_ID]},
    )
    both = (
        told_user_sync.organization_sync("org_3", filter=chosen),
        told_user_sync.organization_sync("org_2", is_on=False),
        told_user_sync.organization_sync("org_1"),
    )
    return told_user_sync.user_sync(settings=told_user_sync.settings(*both, authority={"phone": "portal"}))


def user_sync_off(site: Site) -> None:
    with_section(site, told_user_sync.user_sync("off"))


def user_sync_section(site: Site) -> None:
    with_section(site)


def user_sync_held(site: Site) -> None:
    with_section(site, told_user_sync.user_sync("held", hold=told_user_sync.HELD))
    expect(site.page.get_by_role("button", name="Release 300 changes")).to_be_visible()


def user_sync_failed(site: Site) -> None:
    failure = {"detail": "The users were not read completely.", "remedy": "The next sync tries again."}
    with_section(site, told_user_sync.user_sync("failed", failure=failure))


def user_sync_form(site: Site) -> None:
    with_form(site)


def user_sync_filters(site: Site) -> None:
    with_form(site, filtered())
    for name in ("Change the filter", "Which side a field follows"):
        site.page.get_by_text(name).first.click()


def user_sync_picker(site: Site) -> None:
    user_sync_filters(site)
    site.page.get_by_role("button", name="Add to take only: Department").first.click()
    site.dialog.get_by_role("searchbox").fill("eng")


def user_sync_invalid(site: Site) -> None:
    with_form(site, filtered())
    errors = [
        {"pointer": "/settings/organizations/0/filter/department/include/1", "detail": "this value is listed twice"},
        {
            "pointer": "/settings/organizations/1/filter",
            "detail": "an Organization without a filter must be the last one",
        },
    ]
    site.answers(f"{PATH}/plan", told_user_sync.problem("invalid", errors=errors), status=400, method="POST")
    site.page.get_by_role("button", name="Preview").click()
    expect(site.page.locator("#view .wrong").first).to_be_visible()


def user_sync_preview(site: Site) -> None:
    with_form(site)
    site.page.get_by_role("button", name="Preview").click()
    expect(site.page.get_by_role("region", name="Preview")).to_be_visible()
    for name in ("212 End Users that are linked", "14 new End Users", "11 Microsoft users without"):
        site.page.locator("summary", has_text=name).click()


def user_sync_harm(site: Site) -> None:
    with_form(site, filtered())
    site.answers(f"{PATH}/plan", told_user_sync.harmful_plan(inactivate=12, of=40), method="POST")
    site.page.get_by_role("button", name="Preview").click()
    expect(site.page.get_by_role("region", name="Preview")).to_be_visible()
    site.page.locator("summary", has_text="12 End Users that become inactive").click()


def user_sync_turn_off(site: Site) -> None:
    with_form(site, told_user_sync.user_sync())
    site.page.get_by_role("button", name="Turn off user sync").click()


def user_sync_queue(site: Site) -> None:
    with_view(site, f"#user-sync={ID}/queue", "To decide for Contoso Dental")


def user_sync_queue_is_empty(site: Site) -> None:
    user_sync_queue(site)
    site.answers(f"{PATH}/queue", told_user_sync.queue([]))
    site.page.reload()
    expect(site.page.get_by_role("heading", name="Nothing to decide")).to_be_visible()


def user_sync_links(site: Site) -> None:
    with_view(site, f"#user-sync={ID}/links", "Links of Contoso Dental")


def organization_people(site: Site) -> None:
    with_view(site, "#organization=org_1", "End Users of Contoso Dental")


def end_user(site: Site) -> None:
    with_view(site, "#end-user=eu_2", "Bo Dahl")


USER_SYNC_STATES: dict[str, Callable[[Site], None]] = {
    it.__name__.replace("_", "-"): it
    for it in (
        user_sync_off,
        user_sync_section,
        user_sync_held,
        user_sync_failed,
        user_sync_form,
        user_sync_filters,
        user_sync_picker,
        user_sync_invalid,
        user_sync_preview,
        user_sync_harm,
        user_sync_turn_off,
        user_sync_queue,
        user_sync_queue_is_empty,
        user_sync_links,
        organization_people,
        end_user,
    )
}
