"""A person at a browser, as far as signing in needs one: picks an account, accepts or declines, goes back.

It stops where Microsoft would send the browser to the application, and hands that request over.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


@dataclass(frozen=True)
class Callback:
    """The request that Microsoft makes the browser send to the application."""

    method: str
    url: str
    fields: dict[str, str]


class StoppedAtMicrosoft(Exception):
    """Microsoft showed a page of its own and did not send the browser back; the message is its text."""


@dataclass
class _Form(HTMLParser):
    """The one form of a page."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = told.get("action", "")
        if tag == "input":
            self.fields[told["name"]] = told.get("value", "")
        if tag == "button" and "name" in told:
            self.buttons.append((told["name"], told.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() != "<style>":
            self.text.append(data)


class Person:
    """Somebody with an account, in front of Microsoft's pages."""

    def __init__(self, login_url: str, ca_file: str, username: str) -> None:
        self._login = login_url
        self._username = username
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file

    def follow(self, url: str, *, accept: bool = True) -> Callback:
        """Go where the application sent the browser, do what the pages ask, and bring the answer."""
        answer = self._session.get(url, allow_redirects=False, timeout=30)
        while True:
            if answer.is_redirect:
                return self._back(answer.headers["Location"])
            form = _Form()
            form.feed(answer.text)
            if answer.status_code != 200 or not form.action:
                raise StoppedAtMicrosoft(" ".join(" ".join(form.text).split())[:400])
            target = urljoin(answer.url, form.action)
            if not target.startswith(self._login):
                return Callback("POST", target, form.fields)
            chosen = self._choose(form, accept=accept)
            answer = self._session.post(target, data=chosen, allow_redirects=False, timeout=30)

    def _choose(self, form: _Form, *, accept: bool) -> dict[str, str]:
        if any(name == "username" for name, _ in form.buttons):
            return {**form.fields, "username": self._username}
        return {**form.fields, "answer": "accept" if accept else "cancel"}

    @staticmethod
    def _back(url: str) -> Callback:
        return Callback("GET", url, dict(parse_qsl(urlsplit(url).query)))
