"""The screens of the simulated sign-in: plain pages that a person or a script can use alike."""

from collections.abc import Iterable
from html import escape

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f2f2f2;margin:0;display:grid;place-items:center;min-height:100vh}
main{background:#fff;padding:2.5rem;width:min(30rem,92vw);box-sizing:border-box;box-shadow:0 2px 8px #0003}
h1{font-size:1.4rem;margin:.2rem 0 1rem}
button{font:inherit;padding:.5rem 1rem;border:1px solid #8886;background:#f6f6f6;
cursor:pointer;text-align:left}
button.go{background:#0067b8;color:#fff}
form.who button{width:100%;margin:.2rem 0;overflow-wrap:anywhere}
small{color:#555}.bar{color:#555;font-weight:600}ul{padding-left:1.2rem}
"""


def frame(title: str, content: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        f"<main><div class=bar>Simulated Microsoft</div><h1>{escape(title)}</h1>{content}</main></html>"
    )


def choose(action: str, request_id: str, people: Iterable[tuple[str, str]]) -> str:
    """Pick an account: (username, what they are)."""
    buttons = "".join(
        f"<button name=username value='{escape(name, quote=True)}'>"
        f"{escape(name)}<br><small>{escape(what)}</small></button>"
        for name, what in people
    )
    return frame(
        "Pick an account",
        f"<form class=who method=post action='{escape(action, quote=True)}'>"
        f"{_hidden('request', request_id)}{buttons}</form>",
    )


def consent(action: str, request_id: str, who: str, app: str, permissions: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(permission)}</li>" for permission in permissions)
    return frame(
        "Permissions requested",
        f"<p>{escape(who)}</p><p>The application <b>{escape(app)}</b> would like to:</p><ul>{items}</ul>"
        f"<form method=post action='{escape(action, quote=True)}'>{_hidden('request', request_id)}"
        "<button name=answer value=cancel>Cancel</button> "
        "<button class=go name=answer value=accept>Accept</button></form>",
    )


def post_back(action: str, fields: dict[str, str]) -> str:
    """The page that carries an answer to the application by a form; it works without script too."""
    hidden = "".join(_hidden(name, value) for name, value in fields.items())
    return frame(
        "Working...",
        f"<form id=back method=post action='{escape(action, quote=True)}'>{hidden}"
        "<button class=go>Continue</button></form>"
        "<script>document.getElementById('back').submit()</script>",
    )


def problem(code: int, text: str) -> str:
    return frame("Sorry, but we're having trouble signing you in", f"<p>AADSTS{code}: {escape(text)}</p>")


def _hidden(name: str, value: str) -> str:
    return f"<input type=hidden name='{escape(name, quote=True)}' value='{escape(value, quote=True)}'>"
