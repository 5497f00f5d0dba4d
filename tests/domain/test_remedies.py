"""A remedy can be followed: what it names is there, on every kind of row."""

import pytest

from integrations.domain.csp.gdap import CspAuth
from integrations.domain.statuses import SyncCause, SyncLabel
from integrations.views.menu import CSP_MENU
from tests.explained import Explained, every_status

STATUSES = list(every_status())
OWN_ENTRIES = ("Reauthorize CSP", "Reauthorize", "Remove Integration")
AT_THE_CSP = ("in the menu of the CSP above the table", "in the CSP's menu")


def entries_named(text: str) -> list[str]:
    """The menu entries that a text names; the name of one is the beginning of another's."""
    found = []
    for entry in OWN_ENTRIES:
        if entry in text:
            found.append(entry)
            text = text.replace(entry, "")
    return found


def test_every_status_of_every_kind_is_walked() -> None:
    assert {it.status.cause for it in STATUSES if it.column == "Sync Status"} == {it.value for it in SyncCause}
    assert {it.status.label for it in STATUSES if it.column == "CSP Auth"} == {it.value for it in CspAuth}


@pytest.mark.parametrize("shown", STATUSES, ids=lambda it: it.name)
def test_a_menu_entry_that_a_remedy_names_is_in_the_menu_it_names(shown: Explained) -> None:
    remedy = shown.status.remedy

    for entry in entries_named(remedy):
        if shown.kind == "customer":
            assert any(place in remedy for place in AT_THE_CSP), "a customer's own menu has no such entry"
            assert entry in {label for _, label in CSP_MENU}
        else:
            assert "in the row's menu" in remedy
            assert entry in shown.menu


@pytest.mark.parametrize("shown", STATUSES, ids=lambda it: it.name)
def test_evidence_that_a_text_names_is_there(shown: Explained) -> None:
    said, evidence = f"{shown.status.detail} {shown.status.remedy}", shown.status.evidence

    if "code in the evidence" in said or "code is in the evidence" in said:
        assert evidence.get("code")
    if "roles named in the evidence" in said or "roles in the evidence" in said:
        assert evidence.get("roles")
    if "relationship named in the evidence" in said:
        assert evidence.get("relationships")


def test_auth_failed_names_its_reason_in_the_documents_words() -> None:
    named = {it.status.reason_label for it in STATUSES if it.status.label == SyncLabel.AUTH_FAILED.value}

    assert named == {
        "Unknown",
        "No MFA Prompt",
        "Not in the AdminAgents Group",
        "No Child Tenants",
        "Blocked by a policy",
    }
    assert {it.status.reason_label for it in STATUSES if it.status.label != SyncLabel.AUTH_FAILED.value} == {None}


def test_unknown_says_that_the_consent_most_likely_failed() -> None:
    unknown = [it.status for it in STATUSES if it.column == "CSP Auth" and it.status.reason == "unknown"]

    assert unknown
    assert all("Most likely the consent failed" in it.detail for it in unknown)
