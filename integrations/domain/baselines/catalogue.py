"""Reads the files of baselines and checks them, once, when they are needed. A file has one family of controls.

```
[family]                    id, title, version, link (with {anchor} or {id})
[sets]                      names for values: "$sets.x"
[roles]                     the privileged roles: name by template id
[cores.x]  terms = [...]    what several controls ask of a policy
[[control]]                 id, title, severity, rationale, requires (when it is met, in words), remedy,
                            reads, may_read, license, unread_license, exclusions, beta, not_checked, no_clouds,
                            applies, met and scuba: predicates (``predicates``)
```
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from integrations.domain.baselines.control import SEVERITIES, BaselineControl
from integrations.domain.baselines.errors import InvalidBaseline
from integrations.domain.baselines.paths import DATASETS
from integrations.domain.baselines.predicates.compiler import Compiler
from integrations.domain.baselines.predicates.judging import Table
from integrations.domain.baselines.predicates.operands import Names
from integrations.domain.baselines.tenant import LICENSES

_PACKAGE = "integrations.baselines"
_TABLES: Final = "control"
_TEXTS: Final = ("id", "title", "severity", "rationale", "requires", "remedy")
_LISTS: Final = ("reads", "may_read", "exclusions", "no_clouds")
_PREDICATES: Final = ("applies", "met", "scuba")
_KEYS: Final = frozenset({*_TEXTS, *_LISTS, *_PREDICATES, "license", "unread_license", "beta", "not_checked"})


@dataclass(frozen=True, slots=True)
class Family:
    """A baseline: its id, title and version."""

    id: str
    title: str
    version: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All baselines: ``controls`` by id in the order of their files, ``roles`` that count as privileged by template id.

    ``fingerprint`` changes with the files.
    """

    families: tuple[Family, ...]
    controls: Mapping[str, BaselineControl]
    roles: Mapping[str, str]
    fingerprint: str

    def reads(self) -> frozenset[str]:
        """The data sets that some control reads, licences included."""
        every = (name for it in self.controls.values() for name in (*it.reads, *it.may_read))
        return frozenset(every) | {"organization", "licenses"}


@cache
def catalogue() -> Catalogue:
    """The baselines that come with the product.

    Raises:
        InvalidBaseline: a file makes no sense.
    """
    files = sorted((it for it in resources.files(_PACKAGE).iterdir() if it.name.endswith(".toml")), key=_name)
    return catalogue_of({it.name: it.read_text("utf-8") for it in files})


def _name(file: Traversable) -> str:
    return file.name


def catalogue_of(texts: Mapping[str, str]) -> Catalogue:
    """A catalogue of files by name.

    Raises:
        InvalidBaseline: a file makes no sense.
    """
    fingerprint = hashlib.blake2b("".join(texts.values()).encode(), digest_size=8).hexdigest()
    return catalogue_from({name: _parsed(name, text) for name, text in texts.items()}, fingerprint)


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidBaseline(f"{name}: {error}") from error


def catalogue_from(files: Mapping[str, Table], fingerprint: str = "") -> Catalogue:
    """A catalogue of parsed files. Raises InvalidBaseline as ``catalogue_of`` does."""
    families, controls, roles = [], dict[str, BaselineControl](), dict[str, str]()
    for name, file in files.items():
        family = file.get("family", {})
        families.append(Family(_text(family, "id", name), _text(family, "title", name), _text(family, "version", name)))
        roles |= file.get("roles", {})
        for control in _controls(name, file):
            if control.id in controls:
                raise InvalidBaseline(f"{name}: {control.id}: duplicate id")
            controls[control.id] = control
        _check_others(name, file, controls)
    return Catalogue(tuple(families), controls, roles, fingerprint)


def _controls(name: str, file: Table) -> Iterable[BaselineControl]:
    tables = file.get(_TABLES, [])
    ids = {it.get("id") for it in tables}
    for table in tables:
        where = f"{name}: {table.get('id', 'a control without id')}"
        try:
            yield _control(table, file, ids)
        except (InvalidBaseline, TypeError, KeyError, AttributeError) as error:
            raise InvalidBaseline(f"{where}: {error}") from error


def _control(table: Table, file: Table, ids: set[str]) -> BaselineControl:
    _check(table)
    lists = {key: tuple(table.get(key, ())) for key in _LISTS}
    names = Names(file.get("sets", {}), frozenset(lists["exclusions"]))
    cores = {name: it["terms"] for name, it in file.get("cores", {}).items()}
    compiler = Compiler(names, cores)
    judges: dict[str, Any] = {key: compiler.compiled(table[key]) for key in _PREDICATES if key in table}
    _check_reads(compiler, {*lists["reads"], *lists["may_read"]}, ids)
    return BaselineControl(
        **{key: table[key] for key in _TEXTS},
        family=file["family"]["id"],
        link=_link(file["family"]["link"], table["id"]),
        reads=lists["reads"],
        may_read=lists["may_read"],
        exclusions=frozenset(lists["exclusions"]),
        no_clouds=frozenset(lists["no_clouds"]),
        license=table.get("license"),
        is_license_optional="unread_license" in table,
        beta=table.get("beta", False),
        not_checked=table.get("not_checked", ""),
        asks_about=frozenset(compiler.controls),
        **judges,
    )


def _check(table: Table) -> None:
    if unknown := table.keys() - _KEYS:
        raise InvalidBaseline(f"unknown key: {min(unknown)}")
    for key in _TEXTS:
        _text(table, key, "")
    if table["severity"] not in SEVERITIES:
        raise InvalidBaseline(f"unknown severity: {table['severity']}")
    if ("met" in table) == bool(table.get("not_checked")):
        raise InvalidBaseline("needs either met or not_checked")
    if table.get("license", "entra_id_p1") not in LICENSES:
        raise InvalidBaseline(f"unknown license: {table['license']}")
    if table.get("unread_license", "ignored") != "ignored":
        raise InvalidBaseline('unread_license can only be "ignored"')


def _check_reads(compiler: Compiler, listed: set[str], ids: set[str]) -> None:
    if unknown := listed - DATASETS.keys():
        raise InvalidBaseline(f"unknown data set: {min(unknown)}")
    if missing := compiler.reads - listed:
        raise InvalidBaseline(f"reads {min(missing)}, which it does not list")
    if strange := compiler.controls - ids:
        raise InvalidBaseline(f"unknown control: {min(strange)}")


def _check_others(name: str, file: Table, controls: Mapping[str, BaselineControl]) -> None:
    """A control that asks whether another one is met reads what that one reads."""
    for control in (controls[it["id"]] for it in file.get(_TABLES, [])):
        for other in (controls[it] for it in control.asks_about):
            if missing := {*other.reads, *other.may_read} - {*control.reads, *control.may_read}:
                raise InvalidBaseline(f"{name}: {control.id}: reads {min(missing)}, which it does not list")


def _text(table: Table, key: str, where: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        raise InvalidBaseline(f"{where}: needs {key}" if where else f"needs {key}")
    return text


def _link(template: str, control_id: str) -> str:
    anchor = control_id.lower().replace(".", "")
    return template.format(id=control_id, anchor=anchor)
