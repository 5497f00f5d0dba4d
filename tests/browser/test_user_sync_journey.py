"""One administrator's way: map a tenant, see what a sync would do, turn it on, decide, and review what it held."""

import json

from playwright.sync_api import expect

from tests.browser import told, told_user_sync
from tests.browser.answering import Asked
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.states_user_sync import ID, PATH, TENANT, answers_user_sync


class Tenant:
    """A tenant whose user sync goes on with what the page sends."""

    def __init__(self, site: Site) -> None:
        self.sync = told_user_sync.user_sync("off")
        self.questions = told_user_sync.QUESTIONS[:1]
        answers_user_sync(site, self.sync)
        site.answers(PATH, lambda asked: told.fulfil(asked, self.sync))
        site.answers(PATH, self._save, method="PUT")
        site.answers(f"{PATH}/queue", told_user_sync.queue(self.questions))
        site.answers(f"{PATH}/queue/q_1/decision", self._decide, method="POST")
        site.answers(f"{PATH}/release", self._release, method="POST")

    def runs(self, **counts: int) -> None:
        self.sync = told_user_sync.user_sync(counts=told_user_sync.COUNTS | counts)

    def holds(self) -> None:
        self.sync = told_user_sync.user_sync("held", hold=told_user_sync.HELD)

    def _save(self, asked: Asked) -> None:
        self.sync = told_user_sync.user_sync("waiting", settings=json.loads(asked.body)["settings"])
        asked.answer(self.sync)

    def _decide(self, asked: Asked) -> None:
        self.questions.clear()
        self.runs(queued=0, later=0)
        asked.answer({"item": None})

    def _release(self, asked: Asked) -> None:
        self.runs(active=104, inactive=308, queued=0, later=0)
        asked.answer(self.sync)


def test_from_mapping_to_a_release(site: Site) -> None:
    page, unmapped = site.page, told.single(20, "Contoso Dental", mapped=False)
    tenant = Tenant(site)
    offered = {"state": "off", "label": "Off", "colour": "grey"}
    site.answers("/organizations", {"items": [told_user_sync.ORGANIZATION], "next_cursor": None})
    site.answers(f"/tenants/{ID}/mapping", {}, method="PUT")
    with_tenant(site, TENANT, user_sync=offered)
    site.answers("/integrations", told.overview([unmapped]))
    site.open()

    site.choose("Actions for Contoso Dental", "Map Syncro Tenant")
    site.dialog.get_by_role("radio", name="Contoso Dental").check()
    site.press("Start Tenant Mapping")
    page.locator("#notice").get_by_role("link", name="Set up user sync").click()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("212 linked, 14 new, 3 to decide")
    page.get_by_role("button", name="Turn on user sync").click()

    section = page.get_by_role("region", name="User sync")
    expect(section).to_contain_text("The first sync follows in a moment.")
    tenant.runs(queued=1, later=0)
    expect(section).to_contain_text("212 End Users")
    section.get_by_role("link", name="1 question").click()
    page.get_by_role("button", name="Create a new End User").click()
    expect(page.get_by_role("heading", name="Nothing to decide")).to_be_focused()

    tenant.holds()
    page.get_by_role("link", name="Contoso Dental").click()
    expect(section).to_contain_text("The sync would make 300 of 400 End Users inactive.")
    section.get_by_role("button", name="Release 300 changes").click()
    expect(section).to_contain_text("212 End Users, 308 of them inactive")
    expect(section.get_by_role("button", name="Release 300 changes")).to_have_count(0)
