"""``python -m local.host``: serve the app in a folder until told to stop."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from local.host.host import Host
from local.host.index import IndexingError
from local.host.ledger import LEDGER
from local.host.settings import SettingsError, environment
from local.host.web import Keys


def _banner(host: Host, address: str) -> None:
    print("\nFunctions:\n")
    for route in host.routes:
        methods = ",".join(sorted(route.methods))
        print(f"  {route.function.name}: [{methods}] {address}/{route.template}")
    for function in host.functions.values():
        if function.trigger == "timerTrigger":
            following = host.next_run(function.name)
            print(f"  {function.name}: timer {function.told['schedule']}, next {following:%H:%M:%S} UTC")
        if function.trigger == "queueTrigger":
            print(f"  {function.name}: queue {function.told['queueName']}")
    print(f"\nListening on {address}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.host", description=__doc__)
    parser.add_argument("--root", default=".", help="the folder of the app")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--cors", default="", help="origins that may call, separated by commas")
    parser.add_argument("--enable-auth", action="store_true", help="ask for the keys HOST_KEY and MASTER_KEY")
    parser.add_argument("--explain", action="store_true", help="tell how this host differs from Azure's")
    arguments = parser.parse_args()
    if arguments.explain:
        print(LEDGER)
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name in ("azure", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    keys = Keys(arguments.enable_auth, os.environ.get("MASTER_KEY", ""), os.environ.get("HOST_KEY", ""))
    stop = [signal.SIGTERM, signal.SIGINT]
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)  # in all threads; the main one waits for them below
    try:
        root = Path(arguments.root)
        os.environ.update(environment(root, os.environ))
        host = Host(root=root, keys=keys, origins=[it for it in arguments.cors.split(",") if it])
    except (IndexingError, SettingsError) as error:
        print(f"The app cannot be loaded: {error}", file=sys.stderr)
        return 1
    _banner(host, host.serve(arguments.port, arguments.address))
    signal.sigwait(stop)
    host.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
