"""P7 with each of its 2,000 tenants; most of its minutes are Azurite's, which looks through all its rows."""

from benchmarks.p7_fleet import FLEET, measure

if __name__ == "__main__":
    measure("P7-whole", FLEET)
