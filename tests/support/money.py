"""Tables with changed revenue."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd


def with_money(tables: Path, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A copy of tables in which ``change`` was made to the purchases (``currency``, ``revenue``
    and others, all as texts); the properties of their events follow."""
    shutil.copytree(tables, folder)
    purchases = change(pd.read_csv(folder / "revenue.csv.gz", dtype="str"))
    purchases.to_csv(folder / "revenue.csv.gz", index=False)
    properties = pd.read_csv(folder / "event_data.csv.gz", dtype="str")
    sent = properties["website_event_id"].map(purchases.set_index("event_id")["currency"])
    is_currency = (properties["data_key"] == "currency") & sent.notna()
    properties.loc[is_currency, "string_value"] = sent
    properties.to_csv(folder / "event_data.csv.gz", index=False)
    return folder
