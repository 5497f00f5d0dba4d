"""Finding something in the table: search, filters, order, pages, the file, and names that mean harm."""

import csv
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from shared.formats.csv_text import csv_text
from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import FAILED_CSP, with_rows
from tests.csv_cells import DEFUSED, LEFT


def shown(site: Site) -> list[str]:
    """The names in the first column."""
    return site.page.locator("#tenants tbody td.name a").all_inner_texts()


def test_the_columns_are_the_documents_marks_tell_a_stalled_and_a_last_known_status_and_csps_stand_above(
    site: Site,
) -> None:
    with_rows(site)

    heads = site.page.get_by_role("columnheader")
    assert [re.sub(r"\W+$", "", it) for it in heads.all_inner_texts()] == [
        "Microsoft Tenant", "Syncro Tenant", "Sync Status", "Last Sync", "CSP Name", "CSP Auth", "Actions",
    ]  # fmt: skip
    expect(site.row("Wingtip Clinics")).to_contain_text("stalled")
    expect(site.row("Adatum")).to_contain_text("last known")

    csp = site.page.get_by_role("article", name="Northwind Partner")
    expect(csp).to_contain_text("Cloud Solution Provider (CSP) with 6 tenants")
    expect(csp.get_by_role("button", name="Sync Status of Northwind Partner: explain")).to_contain_text("Success")
    csp.get_by_role("button", name="Actions for Northwind Partner").click()
    assert site.page.get_by_role("menuitem").all_inner_texts() == ["Reauthorize CSP", "Remove CSP Integration"]


def test_csps_that_work_fold_into_one_line_and_the_others_say_why_they_do_not(site: Site) -> None:
    working = [told.csp(id=f"int_{number}", name="Northwind", domain=f"n{number}.example") for number in range(3)]
    failed = told.csp(id="int_9", name="Southridge", sync_status=FAILED_CSP)
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), *working, failed))
    site.open()

    expect(site.page.get_by_role("article")).to_have_count(1)
    expect(site.page.get_by_role("article")).to_contain_text("was not prompted for Entra ID MFA")
    site.page.get_by_text("3 CSPs with 18 tenants are synced").click()
    expect(site.page.get_by_role("article")).to_have_count(4)
    expect(site.page.get_by_role("article").filter(has_text="n2.example")).to_have_count(1)


def test_sixteen_of_three_hundred_tenants_are_in_sight(site: Site) -> None:
    site.page.set_viewport_size({"width": 1440, "height": 900})
    site.answers("/integrations", told.overview(told.many(301), told.csp()))
    site.open()

    expect(site.page.locator("#view")).to_contain_text("100 of 301 tenants")
    rows = "[...document.querySelectorAll('#tenants tbody tr')]"
    assert site.page.evaluate(f"{rows}.filter((it) => it.getBoundingClientRect().bottom <= innerHeight).length") >= 16
    site.page.set_viewport_size({"width": 1024, "height": 900})
    controls = site.page.locator(".bar").locator("input, select:visible, button:visible")
    boxes = [it.bounding_box() for it in controls.all()]
    assert len(boxes) == 7
    assert len({round(it["y"] + it["height"] / 2) for it in boxes if it}) == 1, boxes


def test_counts_are_filters_and_all_that_is_filtered_by_stands_in_the_address(site: Site) -> None:
    with_rows(site)
    page, rows = site.page, site.page.locator("#tenants tbody tr")
    count = page.get_by_role("button", name="6 CSP Auth to fix")

    count.click()
    expect(rows).to_have_count(6)
    expect(count).to_have_attribute("aria-pressed", "true")
    page.get_by_role("combobox", name="CSP Auth").select_option("Expired")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox").fill("Expired")
    site.until(lambda: "q=Expired" in page.url)
    assert "#tenants?q=Expired&attention=csp_auth&csp_auth=Expired" in page.url

    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("Expired")
    expect(page.get_by_role("combobox", name="CSP Auth")).to_have_value("Expired")
    site.row("Expired Tenant").get_by_role("link").first.click()
    page.get_by_role("link", name="All tenants").click()
    expect(rows).to_have_count(1)
    for shown_rows in (1, 1, 1, 6, 17):  # the tenant, its address, the search, CSP Auth, the count
        page.go_back()
        if "#tenant=" not in page.url:
            expect(rows).to_have_count(shown_rows)
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(count).to_have_attribute("aria-pressed", "false")


def test_remove_all_is_set_apart_in_its_menu_and_hostile_names_stay_text(site: Site) -> None:
    with_rows(site)

    site.page.get_by_role("button", name="Integrate", exact=True).click()

    inside = site.page.get_by_role("menu").locator("> *")
    assert [it.get_attribute("role") for it in inside.all()] == ["menuitem", "menuitem", "separator", "menuitem"]
    expect(inside.last).to_have_text("Remove All Integrations")
    site.page.keyboard.press("Escape")

    expect(site.page.locator("#tenants").get_by_text("onerror=alert(1)").first).to_be_visible()
    assert site.page.locator("#view img").count() == 0
    site.page.get_by_role("button", name="Actions for <img").click()
    site.page.get_by_role("menuitem", name="Remove Integration").click()
    assert site.page.locator("img").count() == 0


def test_on_a_phone_the_filters_are_folded(site: Site) -> None:
    site.page.set_viewport_size({"width": 390, "height": 844})
    with_rows(site)
    fold, status = (
        site.page.get_by_role("button", name=re.compile("^Filters")),
        site.page.get_by_role("combobox", name="Sync Status"),
    )

    expect(status).to_be_hidden()
    fold.click()
    status.select_option("Auth Error")
    expect(fold).to_have_text("Filters (1)")
    expect(status).to_be_visible()
    row = site.row("Tailspin Toys").bounding_box()
    assert row
    assert row["height"] < 130


def test_search_filters_and_order_are_asked_of_the_api(site: Site) -> None:
    with_rows(site)

    site.page.get_by_role("searchbox").press_sequentially("Missing")
    expect(site.page.locator("#tenants tbody tr")).to_have_count(3)
    assert site.page.get_by_role("searchbox").input_value() == "Missing"
    site.page.get_by_role("button", name="Clear filters").click()
    site.page.get_by_role("combobox", name="Sync Status", exact=True).select_option("Auth Error")
    expect(site.page.locator("#tenants tbody tr")).to_have_count(1)
    site.page.get_by_role("button", name="Clear filters").click()
    site.page.get_by_role("combobox", name="Mapping").select_option("false")
    expect(site.page.locator("#tenants tbody tr")).to_have_count(2)
    site.page.get_by_role("combobox", name="Mapping").select_option("")
    first = shown(site)
    site.page.get_by_role("columnheader", name="Microsoft Tenant").get_by_role("button").click()
    expect(site.page.get_by_role("columnheader", name="Microsoft Tenant")).to_have_attribute("aria-sort", "descending")
    expect(site.page.locator("#tenants tbody tr td.name a").first).to_have_text(first[-1])


def test_load_more_brings_the_next_tenants_and_the_file_holds_all(site: Site, tmp_path: Path) -> None:
    rows = told.many(1203)
    rows[0]["name"] = '=HYPERLINK("http://evil","x")'
    rows[1]["name"] = "+1\n@SUM(A1)"
    site.answers("/integrations", told.overview(rows, told.csp()))
    site.open()

    expect(site.page.locator("#view")).to_contain_text("100 of 1,203 tenants")
    site.page.get_by_role("button", name="Load more").click()
    expect(site.page.locator("#tenants tbody tr")).to_have_count(500)
    with site.page.expect_download() as download:
        site.page.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "file.csv")

    text = (tmp_path / "file.csv").read_text(encoding="utf-8-sig")
    lines = list(csv.reader(text.splitlines(keepends=True), strict=True))
    assert len(lines) == 1204
    assert lines[0][:2] == ["Microsoft Tenant", "Tenant id"]
    assert lines[1][0] == '\'=HYPERLINK("http://evil","x")'
    assert lines[2][0] == "'+1\n'@SUM(A1)"
    assert all(re.match(r'"[^=+\-@\t\r\n]|""', line) for line in text.splitlines() if line.startswith('"'))


# What the page makes of values as cells of a file.
CELLS = """async (values) => {
    const { cell } = await import("./csv.js");
    return values.map(cell);
}"""


def test_every_cell_of_the_file_is_quoted_none_begins_like_a_formula_and_the_server_defuses_the_same(
    site: Site,
) -> None:
    site.open()

    cells = site.page.evaluate(
        CELLS,
        ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", 'say "x"', "plain", None, 5, "-"],
    )

    assert cells == [
        '"\'=1"', '"\'+1"', '"\'-1"', '"\'@x"', '"\'\tx"', '"\'\rx"', '"\'\nx"', '"say ""x"""', '"plain"', '""', '"5"',
        '"\'-"',
    ]  # fmt: skip
    both = [*DEFUSED, *LEFT]
    text = csv_text(["a"], [[cell] for cell in both]).decode()
    assert text == '"a"\r\n' + "".join(f"{it}\r\n" for it in site.page.evaluate(CELLS, both))


def test_an_update_keeps_the_focus_where_it_was(site: Site) -> None:
    rows = told.rows_of_every_kind()
    site.answers("/integrations", told.overview(rows, told.csp()))
    site.open()
    button = site.page.get_by_role("button", name="Actions for Contoso Dental")
    button.focus()

    row = next(it for it in rows if it["name"] == "Contoso Dental")
    row["sync_status"] = told.status("Auth Error", "red")

    expect(site.row("Contoso Dental")).to_contain_text("Auth Error")
    expect(button).to_be_focused()


def test_tenants_that_come_and_go_leave_the_others_in_their_order(site: Site) -> None:
    rows = told.many(35)
    new = [told.single(number, name) for number, name in ((90, "Aardvark"), (91, "Client 0017b"), (92, "Zebra"))]
    site.answers("/integrations", told.overview(rows, told.csp()))
    site.open()
    expect(site.page.locator("#tenants tbody tr")).to_have_count(35)
    button = site.page.get_by_role("button", name="Actions for Client 0030")
    button.focus()

    rows[:] = [new[0], *rows[1:17], new[1], *rows[19:], new[2]]

    expect(site.row("Zebra")).to_be_visible()
    assert shown(site) == [it["name"] for it in rows]
    expect(button).to_be_focused()
    rows[:] = rows[:3]
    expect(site.page.locator("#tenants tbody tr")).to_have_count(3)
    assert shown(site) == [it["name"] for it in rows]


def test_times_tick_without_asking_anybody(site: Site, clock: Any) -> None:
    row = told.single(1, "Contoso Dental") | {"last_sync_at": told.ago(seconds=-1)}
    site.answers("/integrations", told.overview([row]))
    site.open()

    cell = site.row("Contoso Dental").locator("time")
    expect(cell).to_have_text("just now")
    clock.run_for(130_000)
    expect(cell).to_have_text(re.compile(r"[123] minutes? ago"))
