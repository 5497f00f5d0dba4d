"""A page inside the portal takes its token from that portal's window, at that exact origin, and from nobody else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, Route, expect

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from local.ports import free_ports
from tests.browser.site import Site
from tests.flows.portal import open_portal


class Embedding(BaseHTTPRequestHandler):
    """A portal's page with ours in it; it gives its token to whoever asks."""

    page = ""

    def do_GET(self) -> None:
        body = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_told: object) -> None:
        """Nothing."""


@pytest.fixture
def embedded(microsoft: Running, identity: PortalIdentity, storage: str, page: Page) -> Iterator[Site]:
    """The app as a portal at another origin embeds it; nobody is chosen from a list."""
    url = f"http://localhost:{free_ports()[0]}"
    told = f"""<!doctype html><iframe src="{url}/api/page/" width="1000" height="700"></iframe><script>
        addEventListener("message", (event) => event.data.kind === "portal-token-wanted"
            && event.source.postMessage({{ kind: "portal-token", token: "{identity.token("alice")}" }}, "*"));
    </script>"""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Embedded", (Embedding,), {"page": told}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    portal_url = f"http://portal.localhost:{server.server_address[1]}"
    portal = open_portal(microsoft, identity, storage, PUBLIC_URL=url, PORTAL_URL=f"{portal_url}/admin/microsoft")
    with portal.host:
        portal.host.serve(int(url.rsplit(":", 1)[1]))
        yield Site(portal, page, url)
    server.shutdown()
    server.server_close()


def test_the_portal_hands_the_page_a_token(embedded: Site) -> None:
    embedded.page.goto(embedded.portal.services.settings.portal_url)

    inside = embedded.page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()


def test_a_journey_from_inside_the_portal_leads_the_whole_window_to_microsoft(embedded: Site) -> None:
    embedded.page.goto(embedded.portal.services.settings.portal_url)
    inside = embedded.page.frame_locator("iframe")

    inside.get_by_role("button", name="Integrate", exact=True).click()
    inside.get_by_role("menuitem", name="Single Tenant").click()
    inside.get_by_role("button", name="Continue to Microsoft").click()

    embedded.page.wait_for_url(f"{embedded.portal.microsoft.login_url}/**")


def test_a_page_of_another_origin_cannot_even_show_ours(embedded: Site) -> None:
    refused: list[str] = []
    embedded.page.on("console", lambda told: refused.append(told.text))

    embedded.page.goto(embedded.portal.services.settings.portal_url.replace("portal.", "stranger."))
    embedded.until(lambda: refused)

    assert "frame-ancestors" in refused[0]


def test_outside_a_portal_nobody_is_signed_in(embedded: Site) -> None:
    embedded.page.goto(f"{embedded.url}/api/page/")

    expect(embedded.page.locator("#trouble")).to_contain_text("You are not signed in.")
    expect(embedded.page.locator("#trouble")).to_contain_text("Open this page from your portal")


def test_a_token_that_has_run_out_is_renewed_unnoticed(site: Site) -> None:
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.fallback()
        else:
            refused.append(route.request.headers["authorization"])
            route.fulfill(status=401, content_type="application/problem+json", body="{}")

    site.page.route("**/api/integrations?*", refuse_once)
    site.open()

    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
    assert len(refused) == 1


def test_whoever_chose_a_person_is_shown_by_name(site: Site) -> None:
    site.page.goto(f"{site.url}/api/page/")

    site.page.get_by_role("button", name="Alice Adams").click()

    expect(site.page.locator("#who")).to_have_text("Alice Adams: change")
