"""The menus of the page, exactly as the source document's table of actions has them."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated

import msgspec

from integrations.domain.integrations import Kind
from shared.http.schemas import one_of


class Action(Enum):
    """A menu entry, by the name that the API uses."""

    INTEGRATE_SINGLE = "integrate_single"
    INTEGRATE_CSP = "integrate_csp"
    REMOVE_ALL = "remove_all"
    MAP = "map"
    UNMAP = "unmap"
    REAUTHORIZE = "reauthorize"
    REMOVE = "remove"


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry with the label that the page shows.

    Attributes:
        action: The menu entry, for programs.
        label: The menu entry as the page shows it.
        on_any_plan: Whether it can be chosen on every plan. All others need the Team plan.
    """

    action: Annotated[str, one_of(Action)]
    label: str
    on_any_plan: bool


_INTEGRATE: tuple[tuple[Action, str], ...] = (
    (Action.INTEGRATE_SINGLE, "Single Tenant"),
    (Action.INTEGRATE_CSP, "Cloud Solution Provider (CSP) Tenants"),
)
_REMOVE_ALL = (Action.REMOVE_ALL, "Remove All Integrations")

_ON_ANY_PLAN = frozenset({Action.REMOVE, Action.REMOVE_ALL})

CSP_MENU: tuple[tuple[Action, str], ...] = (
    (Action.REAUTHORIZE, "Reauthorize CSP"),
    (Action.REMOVE, "Remove CSP Integration"),
)


def integrate_menu(*, has_integrations: bool) -> tuple[tuple[Action, str], ...]:
    """The menu of the Integrate button; all integrations can be removed as long as there are any."""
    return (*_INTEGRATE, _REMOVE_ALL) if has_integrations else _INTEGRATE


def tenant_menu(kind: Kind, *, is_mapped: bool, product: str) -> tuple[tuple[Action, str], ...]:
    """The ellipsis menu of a tenant's row. A CSP's child tenant has no integration of its own to change."""
    first = (Action.UNMAP, f"Unmap {product} Tenant") if is_mapped else (Action.MAP, f"Map {product} Tenant")
    if kind is Kind.CSP:
        return (first,)
    return (first, (Action.REAUTHORIZE, "Reauthorize"), (Action.REMOVE, "Remove Integration"))


def actions(menu: Sequence[tuple[Action, str]]) -> list[ActionView]:
    """A menu as the API shows it."""
    return [ActionView(action=action.value, label=label, on_any_plan=action in _ON_ANY_PLAN) for action, label in menu]
