"""The example of docs/assess.md, and what that document says to record."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from integrations.assess.__main__ import main
from integrations.assess.assessment import assess
from integrations.assess.recording import Recording, read_recordings
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile
from integrations.domain.evaluations.mfa import MFA
from integrations.microsoft.registry import DATASETS

EXAMPLE = "docs/examples/contoso-dental.json"


def test_the_example_is_judged_as_is_stored_beside_it(root: Path) -> None:
    example = next(read_recordings((root / EXAMPLE).read_bytes(), is_lines=False))
    assert isinstance(example, Recording)

    made = assess(example, BaselineProfile.STRICT)

    expected = json.loads((root / EXAMPLE.replace(".json", ".verdicts.json")).read_text())
    assert isinstance(made.controls, list)
    assert {it.id: it.verdict.value for it in made.controls} == expected["controls"]
    assert {it.name: it.state for it in made.datasets} == expected["datasets"]
    assert isinstance(made.mfa, list)
    assert {it.user_id: it.protection for it in made.mfa} == expected["mfa"]


def test_the_example_is_assessed_without_a_connection(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_told: Any, **_more: Any) -> None:
        raise AssertionError("an assessment opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)

    assert main([str(root / EXAMPLE)]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "assessment/1"


def test_the_document_names_every_address_that_controls_and_mfa_need(root: Path) -> None:
    rows = re.findall(r"^\| (\w+) \| `(/[^`]+)`", _between((root / "docs" / "assess.md").read_text()), re.MULTILINE)
    needed = {
        it.name: it.service.version + it.first_request.path.removesuffix("/delta")
        for it in DATASETS
        if it.first_request and it.name in catalogue().reads() | MFA.needs
    }

    assert dict(rows) == needed


def _between(text: str) -> str:
    return text.split("<!-- addresses:begin -->")[1].split("<!-- addresses:end -->", maxsplit=1)[0]
