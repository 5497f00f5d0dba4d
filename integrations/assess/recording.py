"""A file of recorded answers of Microsoft Graph: what it holds, and how it is read.

```
{"format": "graph-answers/1", "tenant": {"id", "name", "cloud"}, "as_of": "2026-11-28T09:00:00Z",
 "answers": {"/v1.0/users": {"value": [...]}, ...},   a body by path, as Graph words it; further pages by their links
 "statuses": {"/v1.0/subscribedSkus": 403},           of requests that were not answered with 200
 "settings": {"privileged_roles": [...], "exclusions": {...}}}
```
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from integrations.domain.baselines.tenant import Exclusions

FORMAT = "graph-answers/1"


class InvalidRecording(Exception):
    """The file, or a line of it, is no recording; the text says where and why."""


class Cloud(NamedTuple):
    """One of Microsoft's clouds: ``address`` by its name in our settings, ``kind`` as baselines call it."""

    address: str
    kind: str


# By our names, by those of ScubaGear, and by those of the Azure CLI; without spaces and hyphens.
_GLOBAL, _GCC_HIGH, _DOD = Cloud("global", "commercial"), Cloud("usgov", "gcchigh"), Cloud("usgov-dod", "dod")
_CHINA = Cloud("china", "commercial")
CLOUDS: Mapping[str, Cloud] = {
    "global": _GLOBAL,
    "commercial": _GLOBAL,
    "azurecloud": _GLOBAL,
    "gcc": Cloud("global", "gcc"),
    "usgov": _GCC_HIGH,
    "gcchigh": _GCC_HIGH,
    "azureusgovernment": _GCC_HIGH,
    "usgovdod": _DOD,
    "dod": _DOD,
    "china": _CHINA,
    "azurechinacloud": _CHINA,
}


class RecordedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """Whose answers these are; ``cloud`` is one of ``CLOUDS``, in any spelling."""

    id: str
    name: str = ""
    cloud: str = "global"

    def __post_init__(self) -> None:
        if _spelled(self.cloud) not in CLOUDS:
            raise ValueError(f"there is no cloud {self.cloud!r:.40}, only: {', '.join(CLOUDS)}")

    @property
    def microsoft_cloud(self) -> Cloud:
        return CLOUDS[_spelled(self.cloud)]


def _spelled(name: str) -> str:
    return name.casefold().replace(" ", "").replace("-", "")


class RecordedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has decided about the tenant: privileged roles by template id, and whom a control may leave out."""

    privileged_roles: list[str] | None = None
    exclusions: dict[str, Exclusions] = {}


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant's answers.

    ``as_of`` is when they were recorded: the time that everything is judged at. The ``id`` of a ``case`` is repeated in
    the assessment; whatever else it holds is ignored.
    """

    format: str
    tenant: RecordedTenant
    as_of: Annotated[datetime, msgspec.Meta(tz=True)]
    answers: dict[str, msgspec.Raw]
    statuses: dict[str, int] = {}
    settings: RecordedSettings | None = None
    case: Any = None

    @property
    def case_id(self) -> str:
        """The name of the case; "" if it has none."""
        name = self.case.get("id") if isinstance(self.case, dict) else None
        return name if isinstance(name, str) else ""


def read_recordings(text: bytes, *, is_lines: bool) -> Iterator[Recording | InvalidRecording]:
    """The recordings of a file: one, or one in each line that is not empty. What cannot be read comes as its error."""
    if not is_lines:
        yield _read(text, "the file")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield _read(line, f"line {number}")


def _read(text: bytes, place: str) -> Recording | InvalidRecording:
    try:
        recording = msgspec.json.decode(text.removeprefix(BOM_UTF8), type=Recording)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return InvalidRecording(f"{place}: not a recording: {error}")
    if recording.format != FORMAT:
        return InvalidRecording(f"{place}: the format is {recording.format!r:.40}, and only {FORMAT!r} can be read")
    return recording
