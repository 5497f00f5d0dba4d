"""A file that makes no sense stops the app from starting, and the error says where and why."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from integrations.domain.baselines.catalogue import catalogue, catalogue_from, catalogue_of
from integrations.domain.baselines.errors import InvalidBaseline

FAMILY = """
[family]
id = "f"
title = "F"
version = "1"
link = "https://example.com/{anchor}"
[sets]
good = ["a"]
"""
CONTROL = """
[[control]]
id = "F.1"
title = "T"
severity = "high"
rationale = "Because."
requires = "That it is so."
remedy = "Do it."
reads = ["authorization_policy"]
exclusions = ["users"]
"""
PATH = 'path = "authorization_policy.invites_from"'
MET = f'met = {{ {PATH}, eq = "none" }}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('met = { path = "authorization_policy.inivtes", eq = 1 }', "unknown path: nothing is called inivtes there"),
        ('met = { path = "autorization_policy.invites_from", eq = 1 }', "unknown data set: autorization_policy"),
        (f"met = {{ {PATH}, equals = 1 }}", "unknown operator: equals"),
        (f"met = {{ {PATH}, eq = 1, le = 2 }}", "needs one operator"),
        (f"met = {{ {PATH} }}", "needs one operator"),
        ("met = { eq = 1 }", "needs either a path or compute"),
        ('met = { compute = "moon_phase", eq = 1 }', "unknown value to compute: moon_phase"),
        ('met = { compute = "people_with", eq = [] }', "people_with takes roles"),
        ('met = { compute = "people_with", with = { people = [] }, eq = [] }', "people_with takes roles"),
        ('met = { path = "domains.name", eq = 1 }', "unknown path: nothing is called name there"),
        ('met = { path = "domains", some = { path = "name", eq = 1 } }', "reads domains, which it does not list"),
        (f'met = {{ {PATH}, in = "$sets.bad" }}', r"unknown name: \$sets.bad"),
        (f'met = {{ {PATH}, in = "$exclusions.groups" }}', r"unknown name: \$exclusions.groups"),
        (f'met = {{ {PATH}, eq = 1, absent = "perhaps" }}', "absent cannot be perhaps"),
        (f'met = {{ {PATH}, eq = 1, fails = "yes" }}', "fails can only be"),
        (f"met = {{ {PATH}, every = {{ eq = 1 }} }}", "is no list"),
        ('met = { control = "F.2" }', "unknown control: F.2"),
        ('met = { all = { control = "F.1" } }', "needs a list of predicates"),
        ("met = { not = 1 }", "is no predicate: 1"),
        ('met = { any_policy = { core = "x" } }', "unknown core: x"),
        ('met = { any_policy = { terms = [{ path = "state", eq = "x" }] } }', "a term needs says"),
        ('met = { any_policy = { asks = ["moon"] } }', "unknown condition: moon"),
        ("met = { any_policy = { term = [] } }", "unknown key: term"),
        (f'{MET}\nlicense = "p9"', "unknown license: p9"),
        (f'{MET}\nunread_license = "taken"', 'unread_license can only be "ignored"'),
        (f'{MET}\nmay_read = ["moon"]', "unknown data set: moon"),
        (f'{MET}\ncolour = "blue"', "unknown key: colour"),
        (f'{MET}\nnot_checked = "Why."', "needs either met or not_checked"),
        ("beta = true", "needs either met or not_checked"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_named(text: str, why: str) -> None:
    with pytest.raises(InvalidBaseline, match=rf"^made\.toml: F\.1: {why}"):
        catalogue_of({"made.toml": FAMILY + CONTROL + text})


@pytest.mark.parametrize("key", ["id", "title", "severity", "rationale", "requires", "remedy"])
def test_a_control_says_everything_about_itself(key: str) -> None:
    lines = [it for it in (CONTROL + MET).splitlines() if not it.startswith(f"{key} ")]

    with pytest.raises(InvalidBaseline, match=f"needs {key}"):
        catalogue_of({"made.toml": FAMILY + "\n".join(lines)})


def test_a_severity_that_nobody_knows_is_named() -> None:
    with pytest.raises(InvalidBaseline, match="unknown severity: urgent"):
        catalogue_of({"made.toml": FAMILY + CONTROL.replace('"high"', '"urgent"') + MET})


def test_two_controls_have_two_ids() -> None:
    one = FAMILY + CONTROL + MET

    with pytest.raises(InvalidBaseline, match=r"^made\.toml: F\.1: duplicate id"):
        catalogue_of({"made.toml": one + CONTROL + MET})
    with pytest.raises(InvalidBaseline, match=r"^other\.toml: F\.1: duplicate id"):
        catalogue_of({"made.toml": one, "other.toml": one})


def test_a_control_lists_what_the_controls_that_it_asks_about_read() -> None:
    other = CONTROL.replace("F.1", "F.2").replace('"authorization_policy"', '"domains"') + 'met = { control = "F.1" }'

    with pytest.raises(InvalidBaseline, match=r"F\.2: reads authorization_policy, which it does not list"):
        catalogue_of({"made.toml": FAMILY + CONTROL + MET + other})


def test_a_file_that_is_no_toml_is_named() -> None:
    with pytest.raises(InvalidBaseline, match=r"^made\.toml: "):
        catalogue_of({"made.toml": "[[control"})
    with pytest.raises(InvalidBaseline, match=r"^made\.toml: needs id"):
        catalogue_of({"made.toml": ""})


def test_a_change_of_a_file_changes_the_fingerprint() -> None:
    one, two = (catalogue_of({"made.toml": FAMILY + CONTROL + MET + end}) for end in ("", "\nbeta = true"))

    assert one.fingerprint != two.fingerprint


def test_our_own_words_name_no_product_of_ours_and_end_in_a_full_stop() -> None:
    for control in catalogue().controls.values():
        for text in (control.rationale, control.requires, control.remedy):
            assert text.endswith("."), control.id
        assert not control.title.endswith("."), control.id


def test_every_file_is_deployed(root: Path) -> None:
    ignored = (root / ".funcignore").read_text().splitlines()
    files = sorted((root / "integrations" / "baselines").glob("*.toml"))

    assert [it.name for it in files] == ["eidsca.toml", "scuba_entra.toml"]
    assert "*.toml" not in ignored
    parsed: dict[str, Any] = {it.name: tomllib.loads(it.read_text()) for it in files}
    assert catalogue_from(parsed).controls.keys() == catalogue().controls.keys()
