"""The page in a person's hands: what she selects and types, in words of the product."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.answering import Answers, Handle, always
from tests.flows.portal import Portal
from tests.waiting import HANGS_S

Told = Mapping[str, Any] | list[Any] | Handle


@dataclass
class Site:
    """The app, one browser before it, and the portal for what tests prepare behind the page's back."""

    portal: Portal
    page: Page
    url: str
    given: Answers = field(default_factory=Answers)

    def choose_persona(self, persona: str) -> None:
        """Who is signed in when the page is opened next."""
        self.page.goto(f"{self.url}/api/page/config.json")
        self.page.evaluate("persona => sessionStorage.setItem('persona', persona)", persona)

    def open(self, persona: str = "alice", place: str = "") -> None:
        self.choose_persona(persona)
        self.page.goto(f"{self.url}/api/page/{place}")
        expect(self.page.locator("#view .loading")).to_have_count(0)

    def answers(self, path: str, told: Told, *, status: int = 200, method: str = "GET") -> None:
        """Answer in the API's place; ``path`` is a pattern below /api, without the query."""
        self.given.add(method, path, told if callable(told) else always(told, status))

    def choose(self, menu: str, entry: str) -> None:
        """Open a menu by its name and select an entry."""
        self.page.get_by_role("button", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def row(self, name: str) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def press(self, name: str) -> None:
        """A button of the dialog."""
        self.dialog.get_by_role("button", name=name, exact=True).click()

    def signs_in(self, username: str) -> None:
        """On the simulated Microsoft's pages: pick the account, and let the app see who it is."""
        self.page.locator(f'button[name="username"][value="{username}"]').click()
        self.page.locator('button[value="accept"]').click()

    def begins(self) -> None:
        """From the page to Microsoft, past what it will ask for."""
        self.choose("Integrate", "Single Tenant")
        self.press("Continue to Microsoft")

    def accepts(self, *, accept: bool = True) -> None:
        """On Microsoft's second page, where the permissions stand; our page leads there by itself."""
        self.page.wait_for_url("**/adminconsent?*")
        self.page.locator(f'button[value="{"accept" if accept else "cancel"}"]').click()

    def integrates(self, tenant: Mapping[str, str]) -> None:
        """The whole journey through the page."""
        self.begins()
        self.signs_in(tenant["admin"])
        self.accepts()
        expect(self.dialog).to_contain_text(tenant["id"])
        self.press("Finish")
        expect(self.row(tenant["name"])).to_be_visible()

    def connected(self, tenant: Mapping[str, str]) -> None:
        """Integrated behind the page's back; the app's own queues do their part."""
        flow_id = self.portal.proves(tenant)
        self.until(lambda: self.portal.flow(flow_id)["state"] == "proven")
        self.portal.ask("POST", f"/consent/{flow_id}/complete", expect=201)

    def synced(self, tenant: Mapping[str, str], organization: str = "Acme Dental") -> None:
        """Connected, mapped and synced once."""
        self.connected(tenant)
        self.portal.map(tenant, to=organization)
        self.until(lambda: self.portal.row(tenant)["last_sync_at"] and self.portal.status(tenant) == "Success")

    def until(self, holds: Callable[[], Any]) -> None:
        give_up_at = time.monotonic() + HANGS_S
        while not holds():
            assert time.monotonic() < give_up_at, "it never came about"
            self.page.wait_for_timeout(100)
