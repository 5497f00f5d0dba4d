"""``python -m local.microsoft``: run the simulated cloud until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from local.microsoft.cloud import prepared, serve
from local.signals import end_with_parent


async def _run(state: Path, ports: tuple[int, int, int], *, keep: bool) -> None:
    where, servers, _ = await serve(state, *ports, keep=keep)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps(where), flush=True)
    await stop.wait()
    for server in servers:
        await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.microsoft", description=__doc__)
    parser.add_argument("--login-port", type=int, default=7443, help="0 for any free port")
    parser.add_argument("--graph-port", type=int, default=7444, help="0 for any free port")
    parser.add_argument("--partner-port", type=int, default=7445, help="0 for any free port")
    parser.add_argument("--state-dir", default=".local/microsoft", help="where ca.pem is written")
    parser.add_argument("--keep", action="store_true", help="keep what happens in that folder, and go on from there")
    arguments = parser.parse_args()
    ports = (arguments.login_port, arguments.graph_port, arguments.partner_port)
    end_with_parent()
    try:
        asyncio.run(_run(prepared(Path(arguments.state_dir)), ports, keep=arguments.keep))
    except OSError as error:
        sys.exit(f"The simulated Microsoft cloud cannot be started: {error}")


if __name__ == "__main__":
    main()
