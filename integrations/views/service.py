"""The service itself as the API shows it: its health, and the settings the page needs."""

from typing import Annotated

import msgspec

from shared.http.schemas import one_of


class HelpPages(msgspec.Struct, kw_only=True):
    """Addresses of the help pages, relative to the page or absolute.

    Attributes:
        important_information: What to know before a CSP is integrated.
        troubleshooting: What to do about statuses.
        mapping: How tenants are mapped.
    """

    important_information: str
    troubleshooting: str
    mapping: str


class PageConfig(msgspec.Struct, kw_only=True):
    """What the page needs to know before anybody has signed in.

    Attributes:
        product_name: The brand in labels.
        personas_url: Where people to sign in as are listed, on one machine only. Null elsewhere.
        help: The addresses of the help pages.
    """

    product_name: str
    personas_url: str | None
    help: HelpPages


class Health(msgspec.Struct):
    """``status`` is alive or ready.

    Attributes:
        status: "alive" while the process runs, "ready" if its storage answers as well.
    """

    status: Annotated[str, one_of("alive", "ready")]
