"""A person at a browser, as far as signing in needs one: picks an account, accepts or declines, goes back.

It stops where Microsoft would send the browser to the application, and hands that request over.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

_MOST_PAGES = 10


@dataclass(frozen=True)
class Callback:
    """The request that Microsoft makes the browser send to the application: a GET, or a POST of a form.

    ``fields`` is what Microsoft says, however it travels: in the form, the query, or the fragment.
    """

    method: str
    url: str
    fields: dict[str, str]


class StoppedAtMicrosoft(Exception):
    """Microsoft showed a page of its own and did not send the browser back; the message is its text."""


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Page(HTMLParser):
    """The forms of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._text: list[str] = []
        self.feed(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(attributes.get("action", "")))
        if tag == "input" and self.forms:
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
        if tag == "button" and "name" in attributes and self.forms:
            self.forms[-1].buttons.append((attributes["name"], attributes.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self.lasttag not in {"style", "script"}:
            self._text.append(data)


class Person:
    """Somebody with an account, in front of Microsoft's pages, in a browser of her own.

    ``shown`` are the texts of the pages so far.
    """

    def __init__(self, login_url: str, ca_file: str, username: str) -> None:
        self.shown: list[str] = []
        self._login = login_url
        self._username = username
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def follow(self, url: str, *, accept: bool = True) -> Callback:
        """Go where the application sent the browser, do what the pages ask, and bring the answer.

        Raises:
            StoppedAtMicrosoft: Microsoft showed an error on its own page.
        """
        answer = self._session.get(url, allow_redirects=False, timeout=30)
        for _ in range(_MOST_PAGES):
            if answer.is_redirect:
                return _sent_back(answer.headers["Location"])
            page = _Page(answer.text)
            self.shown.append(page.text)
            if answer.status_code != 200 or not page.forms:
                raise StoppedAtMicrosoft(page.text)
            form = page.forms[0]
            target = urljoin(answer.url, form.action)
            if not target.startswith(f"{self._login}/"):
                return Callback("POST", target, form.fields)
            chosen = self._chosen(form, accept=accept)
            answer = self._session.post(target, data=chosen, allow_redirects=False, timeout=30)
        raise StoppedAtMicrosoft("Microsoft goes round in circles.")

    def _chosen(self, form: _Form, *, accept: bool) -> dict[str, str]:
        if ("answer", "cancel") not in form.buttons:
            return {**form.fields, "username": self._username}
        may_accept = ("answer", "accept") in form.buttons
        return {**form.fields, "answer": "accept" if accept and may_accept else "cancel"}


def _sent_back(url: str) -> Callback:
    split = urlsplit(url)
    return Callback("GET", url, dict(parse_qsl(split.query)) | dict(parse_qsl(split.fragment)))
