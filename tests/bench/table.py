"""The tables that a part prints: what was measured, its limit, and how much of that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Table:
    """A table under a title; ``missed`` are the names of the rows over their limits."""

    title: str
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"\n{self.title:<48}{'measured':>14}{'limit':>14}{'ratio':>8}", flush=True)

    def info(self, name: str, value: float, unit: str = "", digits: int = 0) -> None:
        """A row that has no limit."""
        print(f"{name:<48}{_figure(value, unit, digits):>14}", flush=True)

    def most(self, name: str, value: float, limit: float, unit: str = "", digits: int = 0) -> None:
        """A row that may be as much as its limit."""
        over = value > limit
        ratio = f"{value / limit:>8.2f}" if limit else f"{'':>8}"
        self._row(name, _figure(value, unit, digits), _figure(limit, unit, digits), ratio, over)

    def least(self, name: str, value: float, limit: float, unit: str = "", digits: int = 0) -> None:
        """A row that has to be at least its limit."""
        ratio = f"{value / limit:>8.2f}"
        self._row(
            name, _figure(value, unit, digits), _figure(limit, unit, digits), ratio, value < limit
        )

    def between(self, name: str, value: float, least: float, most: float) -> None:
        """A part of all that has to be within limits."""
        limits, over = f"{least:.0%} to {most:.0%}", not least <= value <= most
        self._row(name, f"{value:.1%}", limits, f"{'':>8}", over)

    def equal(self, name: str, value: float, wanted: float, within: float) -> None:
        """A row that is to be what is wanted, but for a fraction of it."""
        ratio = value / wanted if wanted else 1 + value
        limit = f"{wanted:,.0f} ±{within:.0%}"
        self._row(name, f"{value:,.0f}", limit, f"{ratio:>8.3f}", abs(ratio - 1) > within)

    def _row(self, name: str, value: str, limit: str, ratio: str, over: bool) -> None:
        print(f"{name:<48}{value:>14}{limit:>14}{ratio}{' OVER' if over else ''}", flush=True)
        if over:
            self.missed.append(f"{self.title}: {name}")


def _figure(value: float, unit: str, digits: int) -> str:
    return f"{value:,.{digits}f} {unit}".rstrip()
