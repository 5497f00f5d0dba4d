"""The service itself as the API shows it: its health, and the settings the page needs."""

import msgspec


class HelpPages(msgspec.Struct, kw_only=True):
    """Addresses of the help pages, relative to the page or absolute."""

    important_information: str
    troubleshooting: str
    mapping: str


class PageConfig(msgspec.Struct, kw_only=True):
    """What the page needs to know before anybody has signed in."""

    product_name: str
    personas_url: str | None
    help: HelpPages


class Health(msgspec.Struct):
    """``status`` is alive or ready."""

    status: str
