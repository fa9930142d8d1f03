"""Runs of this process: one draws at a time, what was asked for first comes first."""

from __future__ import annotations

from typing import Final

from umami.fair_lock import FairLock

RENDER_LOCK: Final = FairLock()
