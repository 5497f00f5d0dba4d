"""What the oracle reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """One difference from Microsoft's contract: the rule that found it, what is different, and in which exchange."""

    rule: str
    detail: str
    where: str = ""

    def __str__(self) -> str:
        return f"[{self.rule}] {self.detail}  <- {self.where}"
