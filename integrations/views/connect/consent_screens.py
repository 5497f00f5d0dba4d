"""What Microsoft will ask of whoever integrates a tenant, screen by screen, told before the first one."""

import msgspec


class RequestedPermission(msgspec.Struct, frozen=True):
    """A permission on a consent screen.

    Attributes:
        name: The permission as Microsoft's reference names it. The screen shows a title for it.
        why: What we need it for.
    """

    name: str
    why: str


class ConsentScreen(msgspec.Struct, frozen=True, kw_only=True):
    """One screen of Microsoft's.

    Attributes:
        title: What is done on it, in a few words.
        why: Why there is this screen.
        permissions: What is accepted on it.
    """

    title: str
    why: str
    permissions: list[RequestedPermission]


class ConsentScreens(msgspec.Struct, frozen=True, kw_only=True):
    """The screens for each kind of integration, in their order.

    Attributes:
        single: The screens for a single tenant.
        csp: The screens for a CSP.
    """

    single: list[ConsentScreen]
    csp: list[ConsentScreen]
