"""``python -m integrations.assess FILE`` judges tenants from recorded answers of Microsoft Graph (``recording``).

FILE holds one recording, or with the ending .jsonl one in each line; "-" is standard input, of either kind. Prints one
assessment, or one in each line, in the order of the recordings. No network, no storage.
Exits with 0; with 2 if something could not be read, which standard error names.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from integrations.assess.assessment import SECTIONS, assess
from integrations.assess.recording import InvalidRecording, Recording, read_recordings
from integrations.domain.baselines.tenant import BaselineProfile
from integrations.services import LOG_FIELDS
from shared.errors import AppError
from shared.telemetry.fields import register_fields
from shared.telemetry.log import quiet_libraries

_BAD_INPUT = 2


def main(arguments: Sequence[str]) -> int:
    """Assess what the arguments name; returns the exit code."""
    options = _parsed(arguments)
    register_fields(LOG_FIELDS)
    quiet_libraries()
    try:
        text = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)  # noqa: T201 - a command for people
        return _BAD_INPUT
    is_lines = options.file.endswith(".jsonl") or (options.file == "-" and _has_lines(text))
    code = 0
    for recording in read_recordings(text, is_lines=is_lines):
        problem = (
            recording if isinstance(recording, InvalidRecording) else _assessed(recording, options, is_lines=is_lines)
        )
        if problem is not None:
            print(f"{options.file}: {problem}", file=sys.stderr)  # noqa: T201
            code = _BAD_INPUT
    return code


def _assessed(recording: Recording, options: argparse.Namespace, *, is_lines: bool) -> Exception | None:
    """Print one assessment; returns why it could not be made."""
    try:
        assessment = assess(recording, BaselineProfile(options.profile), options.only)
    except AppError as error:
        return error
    text = msgspec.json.encode(assessment)
    print((text if is_lines else msgspec.json.format(text, indent=1)).decode(), flush=True)  # noqa: T201
    return None


def _has_lines(text: bytes) -> bool:
    """Whether each line is a recording of its own: then the first one ends where its object does."""
    first = text.lstrip().split(b"\n", 1)[0].strip()
    return first.startswith(b"{") and first.endswith(b"}") and len(first) > len(b"{}") and text.strip() != first


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m integrations.assess", description="Judge recorded tenants.")
    parser.add_argument("file", metavar="FILE", help='recorded answers, .json or .jsonl; "-" is standard input')
    parser.add_argument("--profile", choices=[it.value for it in BaselineProfile], default=BaselineProfile.STRICT.value)
    parser.add_argument("--only", type=_sections, default=SECTIONS, metavar=",".join(SECTIONS), help="only these parts")
    return parser.parse_args(arguments)


def _sections(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"there is no section {min(unknown)!r}: {', '.join(SECTIONS)}")
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
