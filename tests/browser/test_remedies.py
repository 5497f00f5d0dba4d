"""What a remedy names can be selected on the page: menu entries, evidence and links, for every status of every row."""

import json

import msgspec
from playwright.sync_api import expect

from integrations.views.status import HeldBack
from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.explained import every_status

# What a text calls a place, and the words of a link that leads there.
PLACES = {
    "Partner Center": "Partner Center",
    "Entra admin center": "Entra admin center",
    "Entra admin center of your CSP tenant": "Entra admin center of your CSP tenant",
    "Enterprise applications": "Enterprise applications",
    "Conditional Access policy": "Conditional Access policies",
    "Cross-tenant access settings": "Cross-tenant access settings",
    "ID Protection": "ID Protection",
    "AdminAgents": "AdminAgents",
}

# Every status, each selected in turn: what its dialog shows, and its row. By the mouse that takes ten times as long.
EXPLAINED = """async () => {
    const seen = (all) => [...all].filter((it) => it.checkVisibility()).map((it) => it.innerText);
    const dialog = document.querySelector("dialog"), told = {};
    for (const button of document.querySelectorAll("button.status")) {
        button.click();
        told[button.querySelector(".unseen").textContent.slice(2)] = {
            dialog: dialog.open ? dialog.innerText : "",
            links: seen(dialog.querySelectorAll("a")),
            terms: seen(dialog.querySelectorAll("dt")),
            row: button.closest("article, tr").innerText,
        };
        const closed = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
        dialog.close();
        await closed;
    }
    return told;
}"""


def test_each_status_leads_to_what_its_remedy_names(site: Site) -> None:
    shown = list(every_status())
    rows, csps = [], []
    for number, it in enumerate(shown):
        status = json.loads(msgspec.json.encode(it.status))
        column = {"sync_status": status} if it.column == "Sync Status" else {"csp_auth": status}
        if it.kind == "csp":
            csps.append(told.csp(id=f"int_{number}", name=f"N{number}", **column))
        else:
            make = told.single if it.kind == "single" else lambda n, name, **more: told.child(n, name, "Active", **more)
            rows.append(make(number, f"N{number}", mapped=False, **column))
    site.answers("/integrations", told.overview(rows, *csps))
    site.open()

    explained = site.page.evaluate(EXPLAINED)
    for number, it in enumerate(shown):
        seen = explained[f"{it.column} of N{number}: explain"]
        text = f"{it.status.detail} {it.status.remedy}"
        assert it.status.remedy in " ".join(seen["dialog"].split()), (it.name, seen)
        for place, label in PLACES.items():
            if place in it.status.remedy:
                assert any(label in link for link in seen["links"]), (it.name, place, seen)
        for field in it.status.evidence if "evidence" in text else ():
            assert any(field.replace("_", " ").casefold() in term.casefold() for term in seen["terms"]), (it.name, seen)
        assert any("Troubleshooting Microsoft Integrations" in link for link in seen["links"]), it.name
        assert (it.status.reason_label or "") in seen["row"], (it.name, seen)


def test_each_kind_of_row_has_the_menu_that_its_remedies_name(site: Site) -> None:
    by_kind = {it.kind: it.menu for it in every_status()}
    site.answers(
        "/integrations",
        told.overview(
            [told.single(1, "Own", mapped=False), told.child(2, "Theirs", "Active", mapped=False)],
            told.csp(name="Partner"),
        ),
    )
    site.open()

    for name, kind in (("Own", "single"), ("Theirs", "customer"), ("Partner", "csp")):
        site.page.get_by_role("button", name=f"Actions for {name}").click()
        assert site.page.get_by_role("menuitem").all_inner_texts() == by_kind[kind]
        site.page.keyboard.press("Escape")


HELD = HeldBack(reason="blocked", detail="It is held back.", remedy="Somebody does this.")


def test_sync_now_is_off_and_says_why_where_no_sync_can_start(site: Site) -> None:
    with_tenant(site, told.child(2, "Theirs", "Missing Roles"), held_back=json.loads(msgspec.json.encode(HELD)))

    expect(site.page.get_by_role("button", name="Sync Now")).to_be_disabled()
    expect(site.page.locator("#view")).to_contain_text("It is held back. Somebody does this.")


def test_mapping_a_tenant_that_cannot_be_synced_does_not_promise_a_sync(site: Site) -> None:
    row = told.child(2, "Theirs", "Missing Roles", mapped=False)
    mapped = told.child(2, "Theirs", "Missing Roles")
    site.answers("/organizations", {"items": [{"id": "org_1", "name": "Acme", "domains": []}], "next_cursor": None})
    site.answers("/integrations", told.overview([row], told.csp()))
    path = f"/tenants/{row['tenant_id']}"
    site.answers(f"{path}/mapping", {}, method="PUT")
    site.answers(path, told.details(mapped, held_back=json.loads(msgspec.json.encode(HELD))))
    site.open()
    site.choose("Actions for Theirs", "Map Syncro Tenant")
    site.dialog.get_by_role("radio", name="Acme").check()
    site.press("Start Tenant Mapping")

    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("It is not synced yet. It is held back. Somebody does this.")
    expect(notice).not_to_contain_text("first sync")


def test_the_help_pages_open_beside_the_page(site: Site) -> None:
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp()))
    site.open()
    site.page.get_by_role("button", name="CSP Auth of Missing Roles Tenant: explain").click()

    for title in ("Important Information for CSP Microsoft Integrations", "Troubleshooting Microsoft Integrations"):
        with site.page.expect_popup() as opened:
            site.dialog.get_by_role("link", name=title).click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text(title)
        opened.value.close()
