"""``python -m integrations.assess``: files in, assessments out, and an exit code."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from integrations.assess.__main__ import main
from tests.assess.recordings import told
from tests.baselines.tenants import CA, changed, good

FEW = {CA: good()[CA]}

Output = pytest.CaptureFixture[str]


def written(folder: Path, name: str, *recordings: Any) -> str:
    file = folder / name
    file.write_text("\n".join(it if isinstance(it, str) else json.dumps(it) for it in recordings))
    return str(file)


def test_one_recording_gives_one_assessment(tmp_path: Path, capsys: Output) -> None:
    code = main([written(tmp_path, "contoso.json", told(good()))])

    made = json.loads(capsys.readouterr().out)
    assert (code, made["format"], len(made["controls"])) == (0, "assessment/1", 78)


def test_many_recordings_are_assessed_line_by_line_in_their_order(tmp_path: Path, capsys: Output) -> None:
    lines = [told({}, case={"id": f"case-{number}"}) for number in range(344)]

    code = main([written(tmp_path, "all.jsonl", *lines, ""), "--only", "licenses"])

    made = [json.loads(it) for it in capsys.readouterr().out.splitlines()]
    assert (code, [it["case"] for it in made]) == (0, [it["case"]["id"] for it in lines])


def test_a_recording_does_not_know_of_the_one_before(tmp_path: Path, capsys: Output) -> None:
    main([written(tmp_path, "two.jsonl", told(good()), told({}), told(good()))])

    first, second, third = (json.loads(it) for it in capsys.readouterr().out.splitlines())
    assert first == third
    assert {it["state"] for it in second["datasets"]} == {"not_recorded"}


@pytest.mark.parametrize("is_pretty", [True, False])
def test_standard_input_may_be_one_recording(is_pretty: bool, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    _standard_input(json.dumps(told(FEW), indent=2 if is_pretty else None), monkeypatch)

    assert main(["-"]) == 0
    assert json.loads(capsys.readouterr().out)["tenant"]["id"] == "t"


def test_standard_input_may_be_many_recordings(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    _standard_input("\n".join(json.dumps(told(FEW, case={"id": it})) for it in "ab"), monkeypatch)

    assert main(["-"]) == 0
    assert [json.loads(it)["case"] for it in capsys.readouterr().out.splitlines()] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a recording"),
        ("{", "not a recording"),
        ("[]", "not a recording"),
        (json.dumps({"format": "graph-answers/1"}), "missing required field"),
        (json.dumps(told({}) | {"format": "graph-answers/9"}), "graph-answers/9"),
        (json.dumps(told({}) | {"as_of": "2026-11-28T09:00:00"}), "as_of"),
        (json.dumps(told({}) | {"as_of": "yesterday"}), "as_of"),
        (json.dumps(told({}) | {"answers": []}), "answers"),
        (json.dumps(told({}) | {"statuses": {"/users": "no"}}), "statuses"),
        (
            json.dumps(told({}) | {"tenant": {"id": "t", "cloud": "moon"}}),
            "there is no cloud 'moon', only: global, commercial",
        ),
        ("[" * 100_000, "not a recording"),
        ('{"format": "\xff"}', "not a recording"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_a_reason(
    text: str, why: str, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(text.encode("latin-1"))

    code = main([str(file)])

    output = capsys.readouterr()
    assert (code, output.out) == (2, "")
    assert why in output.err
    assert str(file) in output.err


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path, capsys: Output) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_bad_line_is_named_and_the_others_are_assessed(tmp_path: Path, capsys: Output) -> None:
    code = main([written(tmp_path, "some.jsonl", told(FEW), "{", told(FEW))])

    output = capsys.readouterr()
    assert (code, len(output.out.splitlines())) == (2, 2)
    assert "line 2" in output.err


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([json.dumps(told(FEW))] * 2).encode() + b"\r\n")

    assert main([str(file)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_what_a_recording_says_besides_is_ignored(tmp_path: Path, capsys: Output) -> None:
    odd = told(FEW, case={"id": 7}, settings={"prices": {}, "billing_rules": []}, more=[1])

    assert main([written(tmp_path, "odd.json", odd)]) == 0
    assert "case" not in json.loads(capsys.readouterr().out)


def test_only_what_was_asked_for_is_printed(tmp_path: Path, capsys: Output) -> None:
    file = written(tmp_path, "contoso.json", told(FEW))

    main([file, "--only", "licenses"])
    licenses = json.loads(capsys.readouterr().out)
    main([file, "--only", "controls,licenses"])
    both = json.loads(capsys.readouterr().out)
    main([file, "--only", "mfa"])
    mfa = json.loads(capsys.readouterr().out)

    assert ("controls" in licenses, "licenses" in licenses, "datasets" in licenses) == (False, True, True)
    assert {"controls", "licenses"} <= both.keys()
    assert ("mfa" in licenses, "mfa" in both, "mfa" in mfa, "controls" in mfa) == (False, False, True, False)


def test_a_section_or_profile_that_does_not_exist_is_refused(tmp_path: Path, capsys: Output) -> None:
    file = written(tmp_path, "contoso.json", told(FEW))

    for wrong in (["--only", "weather"], ["--profile", "lenient"]):
        with pytest.raises(SystemExit) as refused:
            main([file, *wrong])
        assert refused.value.code == 2
    assert "weather" in capsys.readouterr().err


def test_the_profile_is_chosen_on_the_command_line(tmp_path: Path, capsys: Output) -> None:
    narrowed = changed(lambda it: it[CA]["value"][0]["conditions"].update(platforms={"includePlatforms": ["iOS"]}))
    file = written(tmp_path, "contoso.json", told(narrowed))
    found = []
    for profile in ("strict", "scuba"):
        main([file, "--profile", profile])
        made = json.loads(capsys.readouterr().out)
        found.append((made["profile"], {it["id"]: it["verdict"] for it in made["controls"]}["MS.AAD.1.1v1"]))

    assert found == [("strict", "narrowed"), ("scuba", "met")]


def _standard_input(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
