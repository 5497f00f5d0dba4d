"""Ids, names, menus and data sets: the small rules."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain import ids
from integrations.domain.ids import IntegrationId, OrganizationId, SyncroTenantId, TenantId, UserId, is_tenant_id
from integrations.domain.integrations import Kind, Mapping, Tenant, reservations
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, cause_after, is_mass_loss, warnings_of
from integrations.domain.sync_status import begin
from integrations.domain.text import MOST_CHARACTERS, clean, clean_or_none, key_from
from integrations.views.menu import CSP_MENU, integrate_menu, tenant_menu
from integrations.views.removal.listing import EndedRemovals
from integrations.views.table.overview import overview
from integrations.views.table.tenant_page import TableFilter
from shared.errors import Invalid

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
GUID = "9f1c0e3a-0000-4000-8000-00000000aa01"


def tenant(name: str = "Contoso") -> Tenant:
    return Tenant(
        tenant_id=TenantId(GUID),
        integration_id=IntegrationId("int_1"),
        kind=Kind.SINGLE,
        name=name,
        epoch=1,
        status=begin(SyncCause.NAME_READ, NOW),
        added_at=NOW,
    )


def test_a_tenant_id_has_one_spelling() -> None:
    assert ids.tenant_id(GUID.upper()) == GUID


@pytest.mark.parametrize(
    "text", ["", GUID[:-1], f"{{{GUID}}}", f" {GUID}", "contoso.example", GUID + "\n", "\u0660" + GUID[1:]]
)
def test_what_is_no_guid_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        ids.tenant_id(text)


@pytest.mark.parametrize(
    ("read", "prefix"),
    [(ids.integration_id, "int"), (ids.flow_id, "flow"), (ids.organization_id, "org"), (ids.syncro_tenant_id, "st")],
)
def test_our_own_ids_are_taken_as_they_were_given_out(read: object, prefix: str) -> None:
    made = ids.new_id(prefix)

    assert read(made) == made  # type: ignore[operator]
    for wrong in (made.upper(), made[:-1], made + "a", f"x{made}", made.replace("_", "/")):
        with pytest.raises(Invalid):
            read(wrong)  # type: ignore[operator]


def test_a_run_id_is_digits_and_eight_characters() -> None:
    assert ids.run_id("000000000000001-schedul0") == "000000000000001-schedul0"
    with pytest.raises(Invalid):
        ids.run_id("1-x")


@given(st.text(max_size=400))
def test_a_cleaned_name_is_storable_and_stays_as_it_is(text: str) -> None:
    once = clean(text)

    assert len(once) <= MOST_CHARACTERS
    assert once.isprintable()
    assert once == once.strip()
    assert clean(once) == once


def test_what_misleads_a_reader_is_taken_out() -> None:
    assert clean("a\u202eb\u200bc\x00d\r\ne") == "abc d e"
    assert clean_or_none("") is None
    assert clean_or_none("\u200b") is None
    assert clean_or_none(None) is None
    assert clean_or_none(" x ") == "x"


def test_menus_are_the_source_documents() -> None:
    def labels(menu: object) -> list[str]:
        return [label for _, label in menu]  # type: ignore[attr-defined]

    single = {mapped: labels(tenant_menu(Kind.SINGLE, is_mapped=mapped, product="Syncro")) for mapped in (False, True)}
    child = {mapped: labels(tenant_menu(Kind.CSP, is_mapped=mapped, product="Syncro")) for mapped in (False, True)}

    assert single[False] == ["Map Syncro Tenant", "Reauthorize", "Remove Integration"]
    assert single[True] == ["Unmap Syncro Tenant", "Reauthorize", "Remove Integration"]
    assert child == {False: ["Map Syncro Tenant"], True: ["Unmap Syncro Tenant"]}
    assert labels(CSP_MENU) == ["Reauthorize CSP", "Remove CSP Integration"]
    offers = ["Single Tenant", "Cloud Solution Provider (CSP) Tenants"]
    assert labels(integrate_menu(has_integrations=True)) == [*offers, "Remove All Integrations"]
    assert labels(integrate_menu(has_integrations=False)) == offers


def test_a_mapping_reserves_both_sides() -> None:
    mapping = Mapping(
        organization_id=OrganizationId("org_1"),
        syncro_tenant_id=SyncroTenantId("st_1"),
        mapped_at=NOW,
        mapped_by=UserId("ana"),
    )

    assert [it.key for it in reservations(TenantId(GUID), mapping)] == [f"tenant:{GUID}", "syncro_tenant:st_1"]


def test_a_rename_is_remembered_and_no_name_changes_nothing() -> None:
    renamed = tenant("Old").renamed("New", NOW)

    assert (renamed.name, [it.name for it in renamed.former_names]) == ("New", ["Old"])
    assert renamed.renamed("New", NOW) is renamed
    assert renamed.renamed("", NOW) is renamed


@pytest.mark.parametrize(
    ("vanished", "before", "expected"),
    [
        (20, 20, False),
        (21, 21, True),
        (21, 69, True),
        (21, 70, False),
        (30, 100, False),
        (31, 100, True),
        (0, 0, False),
    ],
)
def test_mass_loss_is_more_than_twenty_rows_and_thirty_percent(vanished: int, before: int, expected: bool) -> None:
    assert is_mass_loss(vanished, before) is expected


@pytest.mark.parametrize(
    ("outcomes", "cause"),
    [
        ([DatasetOutcome.FRESH, DatasetOutcome.FRESH], SyncCause.SYNCED),
        ([DatasetOutcome.FRESH, DatasetOutcome.NOT_LICENSED], SyncCause.SYNCED),
        ([DatasetOutcome.FRESH, DatasetOutcome.DENIED], SyncCause.SYNCED_WITH_WARNINGS),
        ([DatasetOutcome.FRESH, DatasetOutcome.STALE], SyncCause.SYNCED_WITH_WARNINGS),
        ([DatasetOutcome.FRESH, DatasetOutcome.FAILED], SyncCause.SYNCED_WITH_WARNINGS),
    ],
)
def test_a_run_is_whole_or_it_warns(outcomes: list[DatasetOutcome], cause: SyncCause) -> None:
    cursors = [Cursor(dataset=str(n), outcome=it, attempted_at=NOW) for n, it in enumerate(outcomes)]

    assert cause_after(warnings_of(cursors)) is cause


def test_a_page_of_nothing_is_blank() -> None:
    page = overview([], EndedRemovals(count=0, steps_left=0), [], [], TableFilter(), has_integrations=False)

    assert (page.csps, page.tenants.items, page.tenants.next_cursor) == ([], [], None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("contoso.example", "contoso.example"),
        ("a/b\\c#d?e%f\u202e", "a_b_c_d_e_f"),
        ("x" * 5000, "x" * 200),
        ("d\u00f6main", "d_main"),
    ],
)
def test_a_name_from_outside_makes_a_key_that_can_be_stored(text: str, key: str) -> None:
    assert key_from(text) == key


def test_values_that_could_not_be_read_are_a_warning_where_there_is_no_other() -> None:
    def warned(outcome: DatasetOutcome, error: str = "", odd: int = 2) -> dict[str, str]:
        return warnings_of([Cursor(dataset="users", outcome=outcome, attempted_at=NOW, error=error, odd=odd)])

    assert warned(DatasetOutcome.FRESH) == {"users": "unreadable_values: 2"}
    assert warned(DatasetOutcome.FRESH, odd=0) == {}
    assert warned(DatasetOutcome.NOT_LICENSED) == {}
    assert warned(DatasetOutcome.NOT_OFFERED, "Request_BadRequest") == {}
    assert warned(DatasetOutcome.STALE, "throttled") == {"users": "throttled"}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("ad\u200dmin", "admin"),
        ("ad\u200cmin", "admin"),
        ("\u200d\U0001f4bb", "\U0001f4bb"),
        ("\U0001f469\u200d", "\U0001f469"),
    ],
)
def test_joiners_stay_where_a_script_needs_them_and_nowhere_else(told: str, kept: str) -> None:
    assert clean(told) == kept


def test_a_tenant_id_is_a_guid_that_stands_for_somebody() -> None:
    assert is_tenant_id(GUID)
    assert not any(is_tenant_id(it) for it in ("", "../x", GUID.upper() + "x", "00000000-0000-0000-0000-000000000000"))
