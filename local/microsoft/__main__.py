"""``python -m local.microsoft``: run the simulated cloud until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from local.microsoft.cloud import prepared, serve


async def _run(state: Path, ports: tuple[int, int, int]) -> None:
    where, servers = await serve(state, *ports)
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
    arguments = parser.parse_args()
    ports = (arguments.login_port, arguments.graph_port, arguments.partner_port)
    asyncio.run(_run(prepared(Path(arguments.state_dir)), ports))


if __name__ == "__main__":
    main()
