"""What an account may do some times in an hour."""

from __future__ import annotations

from pathlib import Path

from access import database, hourly_limit


def test_hour_begins_with_the_first_action(tmp_path: Path) -> None:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")

    def reserve(now: float, account: str = "ada") -> bool:
        return hourly_limit.reserve(engine, "test mail", account, 2, now)

    assert [reserve(1000.0 + number) for number in range(3)] == [True, True, False]
    assert reserve(1000.0, "bo")
    assert not reserve(1000.0 + hourly_limit.HOUR - 1)
    assert reserve(1000.0 + hourly_limit.HOUR)
    # The clock was set back.
    assert reserve(500.0)
    engine.dispose()
