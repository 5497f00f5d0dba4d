"""The service itself as the API shows it: its health, and the settings the page needs."""

import msgspec


class PageConfig(msgspec.Struct, kw_only=True):
    """What the page needs to know before anybody has signed in."""

    product_name: str
    personas_url: str | None


class Health(msgspec.Struct):
    """``status`` is alive or ready."""

    status: str
