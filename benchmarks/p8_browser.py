"""P8: 1,000 tenants in Chromium: until the table shows, and its longest task; against the same rows as a bare table.

The same with 300 is told beside it. There most of the time is the page itself and not its rows, so that no goal is set.
"""

import html
import json
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.client import Bench
from benchmarks.measure import Stage, record, stage
from benchmarks.p8_page import account_of, map_tenants, token_of
from integrations.triggers import build_app
from local.host import Host
from local.processes import ROOT

_FEW, _TENANTS, _TIMES, _COLUMNS = 300, 1_000, 7, 6
_FIRST = """
    new MutationObserver((_, watcher) => {
        if (!document.querySelector("tbody tr")) return;
        watcher.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.firstTable = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });
"""
_MORE = "document.querySelector('[data-key=more]')"
_ROWS = "document.querySelectorAll('#tenants tbody tr').length"
_PROMISED = "parseInt(document.querySelector('.foot')?.textContent.replaceAll(',', ''))"  # "100 of 1,000 tenants"
_SCROLL = """
    () => new Promise((done) => {
        let last = -1;
        const step = () => {
            if (scrollY === last) return done(scrollY);
            last = scrollY;
            scrollBy({ top: 700, behavior: "instant" });
            requestAnimationFrame(() => requestAnimationFrame(step));
        };
        step();
    })
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    found = subprocess.run([ROOT / "local" / "find-chromium"], check=True, capture_output=True, text=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.stdout.strip(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def until(page: Page, holds: str) -> None:
    """Playwright's own way evaluates text in the page, which its policy forbids."""
    give_up_at = time.monotonic() + 60
    while not page.evaluate(f"Boolean({holds})"):
        if time.monotonic() > give_up_at:
            raise TimeoutError(holds)
        page.wait_for_timeout(20)


def first_table_ms(page: Page, address: str) -> float:
    page.goto(address)
    until(page, "window.firstTable")
    return float(page.evaluate("firstTable"))


def longest_task_ms(browser: Browser, page: Page, work: Callable[[], Any]) -> float:
    """The longest task of the page's main thread, in processor time: other work on the machine does not count."""
    browser.start_tracing(page=page, categories=["toplevel"])
    work()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    threads = {(it["pid"], it["tid"]) for it in events if it.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [it for it in events if "RunTask" in it["name"] and (it["pid"], it["tid"]) in threads and "tdur" in it]
    return float(max(it["tdur"] for it in tasks)) / 1000


def show_all(page: Page, tenants: int) -> None:
    """What a person does who wants to see the last tenant."""
    drawn = f"{_ROWS} === {_PROMISED}"  # what is below the table changes first, then rows come in parts
    until(page, drawn)
    while (shown := page.evaluate(_ROWS)) < tenants:
        page.evaluate(f"{_MORE}.click()")
        until(page, f"{_ROWS} > {shown} && {drawn}")
    page.evaluate(_SCROLL)


def bare(names: list[str]) -> str:
    """The same rows, written down: nothing to fetch, no script, no style."""
    row = "".join(f"<td>{word}</td>" for word in ("", "Success", "Active", "Acme Dental", "1 h ago", "⋮"))
    body = "".join(f"<tr>{row.replace('<td></td>', f'<td>{html.escape(name)}</td>', 1)}</tr>" for name in names)
    return f"<!doctype html><table><tbody>{body}</tbody></table>"


def measure(on: Stage, browser: Browser, tenants: int) -> dict[str, float]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
    url = f"http://localhost:{port}"
    addresses = {"PUBLIC_URL": url, "PORTAL_URL": f"{url}/api/page", "PORTAL_PERSONAS_URL": on.personas_url}
    bench = Bench({**on.settings, **addresses})
    map_tenants(bench, account_of(token_of(on)), tenants)
    with Host(build_app(lambda: bench.services), root=ROOT, env={**on.settings, **addresses}) as host:
        host.serve(port, listeners=False)
        page = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()
        page.add_init_script(_FIRST)
        page.goto(f"{url}/api/page/config.json")
        page.evaluate("sessionStorage.setItem('persona', 'alice')")
        ours = [first_table_ms(page, f"{url}/api/page/") for _ in range(_TIMES)]
        ours_task = longest_task_ms(browser, page, lambda: show_all(page, tenants))
        plain = bare([f"Tenant {number}" for number in range(tenants)])
        page.route(f"{url}/bare", lambda route: route.fulfill(content_type="text/html", body=plain))
        bares = [first_table_ms(page, f"{url}/bare") for _ in range(_TIMES)]
        bare_task = longest_task_ms(browser, page, lambda: page.goto(f"{url}/bare"))
    return {
        "table_ms": statistics.median(ours),
        "bare_ms": statistics.median(bares),
        "task_ms": ours_task,
        "bare_task_ms": bare_task,
    }


def main() -> None:
    measured = {}
    for tenants in (_FEW, _TENANTS):
        with stage() as on, chromium() as browser:
            measured[tenants] = {name: round(value, 1) for name, value in measure(on, browser, tenants).items()}
    told, few = measured[_TENANTS], measured[_FEW]
    shows, works = told["table_ms"] / told["bare_ms"], told["task_ms"] / told["bare_task_ms"]
    against = "the same rows as a bare table"
    figures = {"tenants": _TENANTS, "columns": _COLUMNS, **told, f"of_{_FEW}": few}
    record("P8-first-table", against, ratio=shows, goal="<= 5", met=shows <= 5, **figures)
    record("P8-longest-task", against, ratio=works, goal="<= 1", met=works <= 1, **figures)


if __name__ == "__main__":
    main()
