"""Judges whether the token of a request allowed it: one permission of the description, and some pairs."""

from collections.abc import Iterator

from tests.conformance.graph.description import Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.expressions import read_names
from tests.conformance.graph.mismatch import Mismatch

_DIRECTORY_READ = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
_USER_READ = frozenset({"User.Read.All", "User.ReadWrite.All"}) | _DIRECTORY_READ
_USER_BLOCK = frozenset({"User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All"})
_GROUP_READ = frozenset({"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All"}) | _DIRECTORY_READ
_AUDIT_READ = frozenset({"AuditLog.Read.All"})
_ROLE_GRANT = frozenset({"AppRoleAssignment.ReadWrite.All"})
_APPLICATION_READ = (
    frozenset({"Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"}) | _DIRECTORY_READ
)
_GRANTS = frozenset({"appRoleAssignedTo", "appRoleAssignments"})


def permission_faults(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    """Why a request that was served should not have been. What Graph refused is no fault of this kind."""
    if not exchange.succeeded or not exchange.granted.known:
        return
    names, table = exchange.granted.names, operation.permissions
    if table is not None:
        enough = table.get(exchange.granted.scheme, frozenset())
        if not names & enough:
            held = ", ".join(sorted(names)) or "nothing"
            yield Mismatch("permission", f"a token with {held} was let in; one of {sorted(enough)[:6]} is needed")
    for reason, groups in _pairs(exchange, operation):
        if not all(names & group for group in groups):
            wanted = " and ".join(min(group) if len(group) == 1 else f"one of {sorted(group)}" for group in groups)
            yield Mismatch("permission", f"{reason} needs {wanted}")


def _pairs(exchange: Exchange, operation: Operation) -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
    """Where one permission is not enough."""
    if "signInActivity" in _names_used(exchange):
        yield "signInActivity", (_USER_READ, _AUDIT_READ)
    if operation.method == "post" and operation.template.rpartition("/")[2] in _GRANTS:
        yield "granting an application role", (_ROLE_GRANT, _APPLICATION_READ)
    if operation.template == "/me/checkMemberGroups":
        yield "asking for one's own groups", (frozenset({"User.Read"}) | _USER_READ, _GROUP_READ)
    if (operation.method, operation.template) == ("patch", "/users/{user-id}") and _only_blocks(exchange):
        yield "blocking a sign-in", (_USER_BLOCK, _USER_READ)


def _only_blocks(exchange: Exchange) -> bool:
    return isinstance(exchange.question, dict) and exchange.question.keys() == {"accountEnabled"}


def _names_used(exchange: Exchange) -> set[str]:
    selected = read_names(exchange.option("$select") or "")
    return {name.split("/")[0] for name in (*selected, *(exchange.option("$filter") or "").split())}
