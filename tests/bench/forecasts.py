"""Benchmark: forecasts of four weeks by three models, to compare their intervals and costs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from tests.bench.table import Table
from tests.support.generated_traffic import site
from umami.analysis.forecast import forecast

RUNS: Final = 60
AHEAD: Final = 28
DRAWS: Final = 300


def ours(history: pd.Series) -> tuple[float, float]:
    """The interval of 90 % from ``umami.analysis.forecast``."""
    coming = forecast(history, AHEAD)
    assert coming is not None
    return coming.quantile(0.05), coming.quantile(0.95)


def state_space(history: pd.Series) -> tuple[float, float]:
    """The same from a random walk with weekdays, on logarithms."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    model = UnobservedComponents(np.log(history + 0.5), level="local level", seasonal=7)
    return _drawn(model.fit(disp=False, maxiter=50))


def smoothing(history: pd.Series) -> tuple[float, float]:
    """The same from exponential smoothing with weekdays, on logarithms."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    logs = np.log(history + 0.5)
    model = ETSModel(logs, error="add", seasonal="add", seasonal_periods=7)
    return _drawn(model.fit(disp=False))


def _drawn(fitted: Any) -> tuple[float, float]:
    draws = np.asarray(fitted.simulate(AHEAD, anchor="end", repetitions=DRAWS))
    low, high = np.quantile(np.exp(draws.reshape(AHEAD, DRAWS)).sum(axis=0), [0.05, 0.95])
    return float(low), float(high)


MODELS: Final[dict[str, Callable[[pd.Series], tuple[float, float]]]] = {
    "this": ours,
    "UnobservedComponents": state_space,
    "ETSModel": smoothing,
}


def models() -> None:
    """Print how often the interval of each model holds, how wide it is, and its processor time."""
    for disturbed in (False, True):
        after = ", after an outage and a sale" if disturbed else ""
        table = Table(f"forecast of {AHEAD} days{after}")
        for name, model in MODELS.items():
            held, widths, begun = [], [], time.process_time()
            for seed in range(RUNS):
                traffic = site(seed)
                factor = pd.Series(1.0, index=traffic.mean.index)
                if disturbed:
                    factor.iloc[-75:-68], factor.iloc[-49:-40] = 0.4, 1.8
                visits = traffic.visits(factor=factor)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    low, high = model(visits[:-AHEAD])
                held.append(low <= visits[-AHEAD:].sum() <= high)
                widths.append(np.log(high / low) / 2)
            cost = (time.process_time() - begun) / RUNS * 1000
            table.info(f"{name}: 90 % interval holds", float(np.mean(held)), digits=3)
            table.info(f"{name}: half width", float(np.median(widths)), digits=3)
            table.info(f"{name}: processor time", cost, "ms")
