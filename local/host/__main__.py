"""``python -m local.host``: serve the app in a folder until SIGTERM or Ctrl-C."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from local.host.banner import banner
from local.host.differences import DIFFERENCES
from local.host.host import GRACE_S, Host
from local.host.http.pipeline import Keys
from local.host.indexing.loading import IndexingError
from local.host.settings import SettingsError, environment, host_section, is_true
from local.signals import end_with_parent

_STOP = [signal.SIGTERM, signal.SIGINT]
_FUNCTION_KEY = "FUNCTION_KEY_"


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(), help="the folder of the app")
    parser.add_argument("--port", type=int, help="7071 by default; 0 takes a free one")
    parser.add_argument("--address", help="127.0.0.1 by default")
    parser.add_argument("--cors", help="origins that may call, separated by commas")
    parser.add_argument("--enable-auth", action="store_true", help="ask for the keys MASTER_KEY and HOST_KEY")
    parser.add_argument("--functions", default="", help="only these, separated by commas")
    parser.add_argument("--grace", type=float, default=GRACE_S, help="seconds that running functions get at the end")
    parser.add_argument("--verbose", action="store_true", help="log every call")
    parser.add_argument("--explain", action="store_true", help="print how this host differs from Azure's, and exit")
    return parser.parse_args(argv)


def _log(*, verbose: bool) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name in ("azure", "msal", "urllib3", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if verbose:
        logging.getLogger("local.host").setLevel(logging.DEBUG)


def _prepare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Put settings into the process, as the app reads them there; returns ``Host`` of local.settings.json."""
    root: Path = arguments.root
    os.environ.update(environment(root, os.environ))
    for place, name in enumerate(_words(arguments.functions)):
        os.environ[f"AzureFunctionsJobHost__functions__{place}"] = name
    section = host_section(root)
    os.chdir(root)
    return section


def _host(arguments: argparse.Namespace, section: dict[str, Any]) -> Host:
    function_keys = {
        name.removeprefix(_FUNCTION_KEY): key for name, key in os.environ.items() if name.startswith(_FUNCTION_KEY)
    }
    master, shared = os.environ.get("MASTER_KEY", ""), os.environ.get("HOST_KEY", "")
    cors = arguments.cors if arguments.cors is not None else str(section.get("CORS") or "")
    return Host(
        keys=Keys(arguments.enable_auth, master, shared, function_keys),
        origins=_words(cors),
        credentials=is_true(section.get("CORSCredentials", "")),
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _first(*values: Any) -> Any:
    return next(it for it in values if it is not None)


def _start(arguments: argparse.Namespace) -> Host:
    """A host that listens, and has printed its address."""
    section = _prepare(arguments)
    host = _host(arguments, section)
    port = int(_first(arguments.port, section.get("LocalHttpPort"), 7071))
    address = host.serve(port, str(_first(arguments.address, section.get("LocalHttpAddress"), "127.0.0.1")))
    print(banner(host, address))
    print(f"Listening on {address}", flush=True)
    return host


def _stop(host: Host, grace_s: float) -> None:
    if not host.stop(grace_s):
        logging.getLogger("local.host").warning("some functions did not end in time and are left")
        sys.stdout.flush()
        os._exit(0)  # threads that hang would keep the process


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    if arguments.explain:
        print(DIFFERENCES)
        return 0
    _log(verbose=arguments.verbose)
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)  # before there are threads, which inherit it
    end_with_parent()
    try:
        host = _start(arguments)
    except (IndexingError, SettingsError, OSError) as error:
        print(f"The app cannot be started: {error}", file=sys.stderr)
        return 1
    signal.sigwait(_STOP)
    _stop(host, arguments.grace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
