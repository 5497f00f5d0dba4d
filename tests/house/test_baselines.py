"""The list of controls in the documents is that of the files, and what the domain assumes of data sets is true."""

from pathlib import Path

from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.paths import DATASETS as RECORDS
from integrations.domain.baselines.tenant import LICENSES
from integrations.domain.evaluations.dataset_state import valid_for
from integrations.domain.sync.cadence import Cadence
from integrations.microsoft.dataset import ENTRA_ID_P1, ENTRA_ID_P2, INTUNE
from integrations.microsoft.registry import DATASETS
from local.documents.baselines import document

BY_NAME = {it.name: it for it in DATASETS}


def test_the_list_of_controls_is_that_of_the_files(root: Path) -> None:
    assert (root / "docs" / "baselines.md").read_text() == document(catalogue()), "run make baselines"


def test_paths_lead_into_the_records_of_the_data_sets() -> None:
    assert {name: BY_NAME[name].record for name in RECORDS} == dict(RECORDS)


def test_rows_are_valid_for_two_cadences() -> None:
    for name in RECORDS:
        assert valid_for(name) == 2 * max(BY_NAME[name].cadence.value, Cadence.SIX_HOURS.value), name


def test_licenses_are_those_of_the_readers() -> None:
    assert {name: plans for name, (_, plans) in LICENSES.items()} == {
        "entra_id_p1": {ENTRA_ID_P1, ENTRA_ID_P2},
        "entra_id_p2": {ENTRA_ID_P2},
        "intune": {INTUNE},
    }


def test_there_are_as_many_controls_as_published() -> None:
    by_family = [it.family for it in catalogue().controls.values()]
    unchecked = [it.id for it in catalogue().controls.values() if it.not_checked]

    assert (by_family.count("scuba"), by_family.count("eidsca"), len(unchecked)) == (34, 44, 3)
