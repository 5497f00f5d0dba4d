"""Judges what a request carries: its JSON body, its media type, its preconditions."""

from collections.abc import Iterator

from tests.conformance.graph.description import Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.rules import MOST_CHECKED_GROUPS
from tests.conformance.graph.schemas import Schemas

_RELATIONSHIP = "/tenantRelationships/delegatedAdminRelationships/{delegatedAdminRelationship-id}"


def body_faults(exchange: Exchange, operation: Operation, schemas: Schemas) -> Iterator[Mismatch]:
    """Everything that is wrong with the body of a request."""
    changes_relationship = operation.template.startswith(_RELATIONSHIP) and operation.method in {"patch", "delete"}
    if changes_relationship and "if-match" not in exchange.asked:
        yield Mismatch("header", "changing a relationship needs If-Match")
    if operation.body is None:
        if exchange.sent and exchange.question != {}:
            yield Mismatch("body", f"{operation.method.upper()} {operation.template} takes no body")
        return
    if exchange.question is None:
        yield Mismatch("body", "the body is missing or not JSON")
        return
    if not exchange.asked.get("content-type", "").lower().startswith("application/json"):
        yield Mismatch("body", "a JSON body needs Content-Type: application/json")
    for fault in schemas.faults(operation.body, exchange.question):
        yield Mismatch("body", fault)
    yield from _special(exchange, operation)


def _special(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    body = exchange.question if isinstance(exchange.question, dict) else {}
    action = operation.template.rpartition("/")[2]
    if action == "checkMemberGroups" and len(body.get("groupIds", ())) > MOST_CHECKED_GROUPS:
        yield Mismatch("body", f"checkMemberGroups takes {MOST_CHECKED_GROUPS} groups")
    if action == "assignLicense" and not {"addLicenses", "removeLicenses"} <= body.keys():
        yield Mismatch("body", "assignLicense needs both addLicenses and removeLicenses")
