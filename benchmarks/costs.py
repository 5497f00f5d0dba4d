"""What a tenant costs in a month, from what was counted, at list prices that are assumptions with their source."""

from dataclasses import dataclass

CYCLES_A_MONTH = 2 * 24 * 30


@dataclass(frozen=True)
class Price:
    """A public list price in US dollars, as last known; it differs by region and time."""

    what: str
    dollars: float
    source: str


TABLE = Price(
    "10,000 table transactions",
    0.00036,
    "https://azure.microsoft.com/pricing/details/storage/tables/ (locally redundant)",
)
QUEUE = Price("10,000 queue operations", 0.004, "https://azure.microsoft.com/pricing/details/storage/queues/")
MEMORY_TIME = Price("1 GB-s", 0.000026, "https://azure.microsoft.com/pricing/details/functions/ (Flex Consumption)")
EXECUTIONS = Price("1,000,000 executions", 0.40, "https://azure.microsoft.com/pricing/details/functions/ (the same)")
STORED = Price("1 GB of tables a month", 0.045, TABLE.source)

INSTANCE_GB = 2.0
ROW_KB = 1.0


@dataclass(frozen=True)
class Month:
    """One tenant's month; all amounts are of the tenant alone."""

    table: float
    queue: float
    gb_s: float
    stored_gb: float

    @property
    def dollars(self) -> dict[str, float]:
        return {
            "table transactions": self.table / 10_000 * TABLE.dollars,
            "queue operations": self.queue / 10_000 * QUEUE.dollars,
            "GB-s": self.gb_s * MEMORY_TIME.dollars,
            "executions": CYCLES_A_MONTH / 1_000_000 * EXECUTIONS.dollars,
            "storage": self.stored_gb * STORED.dollars,
        }


def month(*, table_a_cycle: float, wall_s: float, users: int, at_once: int) -> Month:
    """A month of cycles every half hour.

    Args:
        table_a_cycle: table operations of one cycle, as counted.
        wall_s: how long a cycle takes with Microsoft 100 ms away and storage near.
        users: rows kept.
        at_once: cycles that share one instance of 2 GB.
    """
    ordering = 1 / 100 + 1 / 300  # lines of the due list: written a hundred, read a few hundred at once
    return Month(
        table=CYCLES_A_MONTH * (table_a_cycle + ordering),
        queue=CYCLES_A_MONTH * 5,  # put, get, delete; a get may bring several; the lifeline is put and taken back
        gb_s=CYCLES_A_MONTH * wall_s * INSTANCE_GB / at_once,
        stored_gb=users * ROW_KB / 1024 / 1024,
    )
