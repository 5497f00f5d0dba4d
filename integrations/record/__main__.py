"""``python -m integrations.record ACCOUNT_ID TENANT_ID FILE`` records a connected tenant's answers into FILE.

It reads the app's settings from the environment, as the app does. ``--pseudonyms`` replaces the names of people and
devices. The account's audit log says that it was done.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from integrations.domain import ids
from integrations.domain.ids import AccountId
from integrations.record.record_tenant import record_tenant
from integrations.services import connect
from integrations.settings import Settings
from shared.errors import AppError

_FAILED = 2


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Record what the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m integrations.record", description="Record a tenant's answers.")
    parser.add_argument("account", metavar="ACCOUNT_ID", help="the account that has connected the tenant")
    parser.add_argument("tenant", metavar="TENANT_ID", help="Microsoft's id of the tenant")
    parser.add_argument("file", metavar="FILE", help="where the recording is written")
    parser.add_argument("--pseudonyms", action="store_true", help="replace the names of people and devices")
    options = parser.parse_args(arguments)
    key = secrets.token_bytes(32) if options.pseudonyms else None
    try:
        services = connect(Settings.from_env(env))
        recording = record_tenant(
            services, AccountId(options.account), ids.tenant_id(options.tenant), pseudonym_key=key
        )
        _write(options.file, msgspec.json.encode(recording) + b"\n")
    except (AppError, OSError) as error:
        print(f"Nothing was recorded: {error}", file=sys.stderr)  # noqa: T201 - a command for people
        return _FAILED
    print(f"{len(recording['answers'])} answers, {len(recording['statuses'])} refused: {options.file}")  # noqa: T201
    return 0


def _write(file: str, text: bytes) -> None:
    """Write a file that nobody else on this machine may read."""
    path = Path(file)
    path.touch(mode=0o600)
    path.chmod(0o600)  # it may have been there before
    path.write_bytes(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
