"""Every field of every form that is decoded from Microsoft, odd in every way: it costs itself alone, and is counted."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from shared.microsoft.graph import Page, UnexpectedAnswer
from shared.microsoft.graph.responses import decode, decode_counting
from tests.faults.lab.forms import BOM, Oddity, Root, inside, oddities, put, reached, roots, sample, structs
from tests.faults.lab.report import tell

# Structs of these modules that are ours: nothing of Microsoft's is decoded into them.
OURS = {
    "integrations.microsoft.readers.cross_tenant_access._Terms": "what default and partner share, which are decoded",
    "integrations.microsoft.memberships.Memberships": "what was read, in our words",
    "integrations.microsoft.relationships.RelationshipAssignments": "what was read, in our words",
    "integrations.microsoft.relationships.CustomerRelationship": "what was read, in our words",
}

# An answer that is one object has nobody beside it: without these it means nothing, and is unreadable as a whole.
ALL_OR_NOTHING = {
    "integrations.microsoft.app_roles._Principal.id": "whose roles are asked for next; a guess would ask for another's",
    "integrations.microsoft.app_roles._Resource.id": "which application's roles are granted",
    "integrations.microsoft.change_notifications._ChangeSubscription.id": "it cannot be deleted without its id",
    "integrations.microsoft.readers.app_management._GraphDefaultPolicy.id": "an object without an id is not the policy",
    "integrations.microsoft.readers.authentication_methods._GraphMethods.id": "an object without an id is not it",
    "integrations.microsoft.readers.cross_tenant_access._Default.is_service_default": "whose choice the rest is",
    "integrations.microsoft.readers.policies._Authorization.id": "an object without an id is not the policy",
    "integrations.microsoft.readers.policies._Defaults.is_enabled": "all that is asked; a guess would be a verdict",
    "integrations.microsoft.readers.policies._Requests.is_enabled": "all that is asked",
    "shared.microsoft.graph.responses.Page.next_link": "what is on further pages would be taken for gone",
    "shared.microsoft.graph.responses.Page.delta_link": "changes would be asked for from a place that nobody knows",
    "shared.microsoft.graph.responses.Page.items": "an answer without it is not an empty collection: rows would vanish",
    "shared.microsoft.graph.batch.Parts.responses": "a batch that answers nothing is asked again",
    "shared.microsoft.partner_center._Customers.links": "customers on further pages would be taken for gone",
    "shared.microsoft.partner_center._Links.next": "customers on further pages would be taken for gone",
    "shared.microsoft.partner_center._Customers.items": "an answer without it is not a partner without customers",
    "shared.crypto.tokens._KeyDocument.keys": "no key is no reason to believe a token; those that are known stay",
}

ROOTS = {root.name: root for root in roots()}
_ITEMS = 3


@pytest.fixture(scope="module")
def tried() -> Counter[str]:
    return Counter()


def test_every_struct_that_talks_to_microsoft_is_decoded_or_ours() -> None:
    unknown = {f"{it.__module__}.{it.__name__}" for it in structs() - reached()}

    assert unknown == set(OURS)
    assert len(ROOTS) > 30


@pytest.mark.parametrize("name", sorted(ROOTS))
def test_an_odd_value_costs_itself_alone(name: str, tried: Counter[str]) -> None:
    root = ROOTS[name]
    form = inspect.type_info(root.form)
    items = [sample(form, number) for number in range(1, _ITEMS + 1)]
    clean = _page(root, items)
    fields = set()
    for oddity in oddities(form, items[1]):
        page, given_up = _counted(root, [items[0], put(items[1], oddity), items[2]])
        told = f"{name}: {oddity}"
        assert [_text(page.items[it]) for it in (0, -1)] == [_text(clean.items[it]) for it in (0, -1)], told
        assert _costs_itself(oddity, clean.items[1], page.items), told
        assert given_up == (not oddity.is_fit), told
        assert (page.unreadable_items > 0) == (len(page.items) < _ITEMS), told
        tried[oddity.kind] += 1
        fields.add(oddity.at)
    assert _text(_page(root, items, before=BOM)) == _text(clean)
    assert fields
    tell(f"forms: {name}: {len(fields)} places")


def _page(root: Root, items: list[Any], before: bytes = b"") -> Page[Any]:
    return decode(before + _raw({"value": items}), Page[root.form])


def _raw(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()  # in ASCII, so that half a character is an escape


def _counted(root: Root, items: list[Any]) -> tuple[Page[Any], bool]:
    page, odd = decode_counting(_raw({"value": items}), Page[root.form])
    assert page.unreadable_values == odd
    return page, odd > 0


def _costs_itself(oddity: Oddity, clean: msgspec.Struct, items: list[Any]) -> bool:
    """Of the odd item nothing but the outermost field that holds the odd value may differ; or it is missing."""
    if len(items) < _ITEMS:
        return not oddity.is_fit or oddity.is_required
    names = {it.encode_name: it.name for it in inspect.type_info(type(clean)).fields}  # type: ignore[attr-defined]
    odd = names[str(oddity.at[0])]
    now, before = msgspec.structs.asdict(items[1]), msgspec.structs.asdict(clean)
    return all(_text(now[key]) == _text(before[key]) for key in before if key != odd)


def _text(value: Any) -> bytes:
    """A value in a form that can be compared, also where it holds raw JSON, or nothing that JSON has."""
    return msgspec.json.encode(value, enc_hook=repr) if value is not msgspec.UNSET else b"unset"


@pytest.mark.parametrize("name", sorted(name for name, root in ROOTS.items() if root.is_single))
def test_an_object_that_comes_alone_is_read_unless_it_means_nothing(name: str, tried: Counter[str]) -> None:
    form, refused = ROOTS[name].form, set()
    value = sample(inspect.type_info(form), 1)
    for oddity in oddities(inspect.type_info(form), value):
        try:
            decode(_raw(put(value, oddity)), form)
        except UnexpectedAnswer:
            refused.add(oddity.owner)
        tried[f"{oddity.kind}, alone"] += 1
    raw = _raw(value)
    assert _text(decode(BOM + raw, form)) == _text(decode(raw, form))
    inner = {f"{it.__module__}.{it.__name__}" for it in inside(form)}
    assert refused == {it for it in ALL_OR_NOTHING if it.rpartition(".")[0] in inner}


def test_what_was_tried_is_told(tried: Counter[str]) -> None:
    tell("forms: " + ", ".join(f"{kind} {count}" for kind, count in sorted(tried.items())))
    assert {"null", "wrong type", "lone surrogate", "filler date", "repeat"} <= tried.keys()
