"""The page in a real browser, before the real app. Chromium is found, or installed, by local/find-chromium."""

import inspect
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.browser.address import Address
from tests.browser.site import Site
from tests.flows.portal import CLIENT_ID, Portal, open_portal

# Only says that it never comes: beside other work on a slow machine, a page with a queue behind it takes half a minute.
HANGS_MS = 120_000
expect.set_options(timeout=HANGS_MS)
ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # the next tab finds scripts compiled, and no process has to start for it
)

# Playwright notes the whole stack at each call. One frame of a worker is of no file, and to look for its module among
# all that are loaded takes longer than most calls: it is told.
inspect.modulesbyfile["<string>"] = "__main__"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = subprocess.run([ROOT / "local" / "find-chromium"], check=True, capture_output=True, text=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.stdout.strip(), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _context(chromium: Browser) -> Iterator[BrowserContext]:
    """One for all tests: to begin another takes the browser longer than most tests."""
    with _opened(chromium) as opened:
        opened.new_page()  # stays: with its last tab the window goes, and to begin another costs more than most tests
        yield opened


def _opened(chromium: Browser) -> BrowserContext:
    opened = chromium.new_context(
        ignore_https_errors=True, viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    opened.set_default_timeout(HANGS_MS)
    return opened


@pytest.fixture(scope="session")
def address() -> Iterator[Address]:
    with Address() as opened:
        yield opened


@pytest.fixture
def page(_context: BrowserContext, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of its own for each test, without cookies; a script error or a broken policy fails the test.

    What else a browser keeps of an app, the page does not use: ``sessionStorage`` ends with its tab.
    """
    if "clock" in request.fixturenames:
        with _opened(chromium) as apart:
            yield from _tab(apart)
    else:
        yield from _tab(_context)


def _tab(context: BrowserContext) -> Iterator[Page]:
    others = set(context.pages)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda told: wrong.append(told.text) if breaks_policy(told.text) else None)
    yield opened
    for it in set(context.pages) - others:
        it.close()
    context.clear_cookies()
    assert wrong == []


@pytest.fixture
def clock(page: Page) -> Any:
    """Time on the page in the test's hands: it belongs to all tabs of a context, so that this page has one apart."""
    page.clock.install()
    return page.clock


@pytest.fixture
def site(
    microsoft: Running,
    identity: PortalIdentity,
    storage: str,
    page: Page,
    address: Address,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    """The app, listening, with its queues at work as soon as there is any, and a browser before it."""
    url = address.url
    addresses = {"PUBLIC_URL": url, "PORTAL_URL": f"{url}/api/page", "PORTAL_PERSONAS_URL": identity.issuer}
    portal = open_portal(microsoft, identity, storage, **addresses)
    callbacks = [f"{url}/api/consent/callback/{kind}" for kind in ("single", "csp")]
    microsoft.world.register_app(client_id=CLIENT_ID, redirect_uris=callbacks)
    with portal.host:
        found = Site(portal, page, url)
        monkeypatch.setattr(portal.services.queues, "send", _listening(portal))
        with address.leads_to(found.given.before(portal.host._pipeline.handle)):
            yield found


def _listening(portal: Portal) -> Callable[..., Any]:
    """Sends messages, and has timers and queues begin before the first one: most pages never need them.

    Whoever waits for a message is woken, as by a queue output.
    """
    send, lock, waiting = portal.services.queues.send, Lock(), [portal.host.listen]

    def sending(queue: str, *args: Any, **kwargs: Any) -> Any:
        with lock:
            if waiting:
                waiting.pop()()
        sent = send(queue, *args, **kwargs)
        for it in portal.host._polling:
            if it.queue == queue:
                it.wake()
        return sent

    return sending


def breaks_policy(message: str) -> bool:
    """Whether our page did what its policy forbids; that nobody else may frame it is no fault of ours."""
    return "Content Security Policy" in message and "frame-ancestors" not in message
