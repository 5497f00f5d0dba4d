"""P6: order 5,000 due tenants; against the queue SDK sending the same messages; and memory at 100,000 tenants."""

import base64
import statistics
import time
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient

from benchmarks.measure import Stage, record, stage

_DUE, _TIMES = 5_000, 3
_SENT_BY_SDK = 1_000


def sdk_s(on: Stage) -> tuple[float, float]:
    """CPU and wall of the SDK for as many messages, sent one after the other, from a part of them."""
    with QueueServiceClient.from_connection_string(on.settings["AzureWebJobsStorage"]) as service:
        queue = service.get_queue_client("sdk-orders")
        with suppress(ResourceExistsError):
            queue.create_queue()
        text = base64.b64encode(b'{"account_id":"acct_order","tenant_id":"9f1c0e3a-0000-4000-8000-00000000aa01"}' * 3)
        cpu, wall = time.process_time(), time.monotonic()
        for _ in range(_SENT_BY_SDK):
            queue.send_message(text.decode(), visibility_timeout=0, time_to_live=1500)
        share = _DUE / _SENT_BY_SDK
        return (time.process_time() - cpu) * share, (time.monotonic() - wall) * share


def main() -> None:
    with stage() as on:
        on.client("fill_due", count=1_000, due=1_000, prefix="few")
        few = on.client("order")["peak_mb"]
        on.client("fill_due", count=_DUE, due=_DUE, prefix="due")
        rounds, peers = [], []
        for number in range(_TIMES):  # by turns, so that whatever else the machine does meets both alike
            rounds += on.client("order", ahead=31 * number)["rounds"]
            peers.append(sdk_s(on))
        if any(done["queue"] < _DUE for done in rounds):
            raise RuntimeError("not everything was ordered")
        sdk_cpu, sdk_wall = (statistics.median(it) for it in zip(*peers, strict=True))
        cpu, wall = (statistics.median(done[what] for done in rounds) for what in ("cpu_s", "wall_s"))
        figures = {"cpu_s": round(cpu, 2), "sdk_cpu_s": round(sdk_cpu, 2), "table": rounds[-1]["table"]}
        ratio, against = cpu / sdk_cpu, "the queue SDK, sending alone"
        record("P6-cpu", against, ratio=ratio, goal="<= 0.3", met=ratio <= 0.3, **figures)
        figures = {"wall_s": round(wall, 2), "sdk_wall_s": round(sdk_wall, 2)}
        ratio = wall / sdk_wall
        record("P6-wall", against, ratio=ratio, goal="<= 1", met=ratio <= 1, **figures)
        on.client("fill_due", count=94_000, due=0, prefix="later")
        many = on.client("order")["peak_mb"]
        figures = {"peak_mb_1k": round(few), "peak_mb_100k": round(many)}
        record("P6-peak", "20 MB more", ratio=(many - few) / 20, goal="<= 1", met=many - few <= 20, **figures)


if __name__ == "__main__":
    main()
