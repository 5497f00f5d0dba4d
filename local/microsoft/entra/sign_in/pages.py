"""The screens of the simulated sign-in: plain pages that a person or a script can use alike."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f2f2f2;margin:0;display:grid;place-items:center;min-height:100vh}
main{background:#fff;padding:2.5rem;width:min(30rem,92vw);box-sizing:border-box;box-shadow:0 2px 8px #0003}
h1{font-size:1.4rem;margin:.2rem 0 1rem}h2{font-size:1rem;margin:1rem 0 .2rem}ul{padding-left:1.2rem}
button,input{font:inherit;padding:.5rem 1rem;border:1px solid #8c8c8c;background:#fff;color:#222}
button{cursor:pointer;text-align:left}button.go{background:#0067b8;color:#fff}
form.who button{width:100%;margin:.2rem 0}small{color:#555}.bar{color:#555;font-weight:600}
input[type=search]{width:100%;box-sizing:border-box;margin-bottom:.5rem}
"""
# Hides the accounts without the words that were typed, and the headings that nothing is left of.
_SEARCH = """
document.getElementById("search").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\\s+/);
  for (const group of document.querySelectorAll("form.who section")) {
    const buttons = [...group.querySelectorAll("button")];
    for (const button of buttons) {
      const text = button.textContent.toLowerCase();
      button.hidden = !words.every((word) => text.includes(word));
    }
    group.hidden = buttons.every((button) => button.hidden);
  }
});
"""


class AccountChoice(NamedTuple):
    """Somebody who can be picked."""

    username: str
    text: str
    is_admin: bool


def frame(title: str, content: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        f"<title>{escape(title)}</title><meta name=viewport content='width=device-width'>"
        f"<style>{_STYLE}</style></head><body><main><div class=bar>Simulated Microsoft</div>"
        f"<h1>{escape(title)}</h1>{content}</main></body></html>"
    )


def choose(action: str, session: str, app: str, people: Sequence[AccountChoice]) -> str:
    """Pick an account; somebody who is not listed can be typed in."""
    groups = {"Administrators": [it for it in people if it.is_admin]}
    groups["Other people"] = [it for it in people if not it.is_admin]
    listed = "".join(_account_group(title, choices) for title, choices in groups.items() if choices)
    other = (
        "<h2><label for=other>Use another account</label></h2>"
        "<input id=other name=username required> <button class=go>Next</button>"
    )
    search = "<label for=search>Search by name, tenant or role</label><input id=search type=search autofocus>"
    content = [
        f"<p>to continue to <b>{escape(app)}</b></p>",
        search if len(people) > 1 else "",
        _form(action, session, listed, "who"),
        _form(action, session, other, "other"),
        f"<script>{_SEARCH}</script>" if len(people) > 1 else "",
    ]
    return frame("Pick an account", "".join(content))


def _account_group(title: str, choices: Iterable[AccountChoice]) -> str:
    buttons = "".join(
        f"<button name=username value={_quoted(choice.username)}>{escape(choice.username)}"
        f"<br><small>{escape(choice.text)}</small></button>"
        for choice in choices
    )
    return f"<section><h2>{title}</h2>{buttons}</section>"


def consent(action: str, session: str, username: str, app: str, permissions: Iterable[str], restart_url: str) -> str:
    """``restart_url`` is where somebody goes who is the wrong person for this."""
    items = "".join(f"<li>{escape(permission)}</li>" for permission in permissions)
    content = (
        f"{_account(username, restart_url)}<p>The application <b>{escape(app)}</b> would like to:</p><ul>{items}</ul>"
    )
    buttons = (
        "<button name=answer value=cancel>Cancel</button> <button class=go name=answer value=accept>Accept</button>"
    )
    return frame("Permissions requested", content + _form(action, session, buttons, "ask"))


def admin_approval(action: str, session: str, username: str, app: str, restart_url: str) -> str:
    """What an ordinary person meets where only an administrator may agree."""
    content = (
        f"{_account(username, restart_url)}<p><b>{escape(app)}</b> needs permission that only an admin can grant.</p>"
    )
    button = "<button name=answer value=cancel>Return to the application without granting consent</button>"
    return frame("Need admin approval", content + _form(action, session, button, "ask"))


def post_back(action: str, fields: dict[str, str]) -> str:
    """The page that carries an answer to the application by a form; it works without script too."""
    hidden = "".join(_hidden(name, value) for name, value in fields.items())
    return frame(
        "Working...",
        f"<form id=back method=post action={_quoted(action)}>{hidden}<button class=go>Continue</button></form>"
        "<script>document.getElementById('back').submit()</script>",
    )


def problem(text: str) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    return frame("Sorry, but we're having trouble signing you in.", lines)


def _account(username: str, restart_url: str) -> str:
    return f"<p>{escape(username)} <a href={_quoted(restart_url)}>Use another account</a></p>"


def _form(action: str, session: str, content: str, name: str) -> str:
    return f"<form class={name} method=post action={_quoted(action)}>{_hidden('session', session)}{content}</form>"


def _hidden(name: str, value: str) -> str:
    return f"<input type=hidden name={_quoted(name)} value={_quoted(value)}>"


def _quoted(text: str) -> str:
    return f'"{escape(text, quote=True)}"'
