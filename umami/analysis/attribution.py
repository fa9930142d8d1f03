"""First and last touch side by side, and the shift between them."""

from __future__ import annotations

import pandas as pd

from umami.models.reports import Attribution

LONGEST_LIST = 20
"""Names a part that servers tell at most."""


def shift(first: Attribution, last: Attribution, value: str) -> pd.DataFrame:
    """Credit by part and name: ``first``, ``last`` and ``shift``, the last less the first.

    ``value`` is ``visitors`` or ``amount``. A name that only one of the lists has got nothing by
    the other, unless that list is full: then it is unknown (``NaN``). A negative shift begins
    visits and loses the credit by the end. Most credit first within a part; parts in order.
    """
    parts = list(dict.fromkeys([*first.frame["part"], *last.frame["part"]]))
    frames = []
    for part in parts:
        lists = [
            one.frame[one.frame["part"] == part].set_index("name")[value].astype("float64").dropna()
            for one in (first, last)
        ]
        both = pd.concat(lists, axis=1, keys=["first", "last"])
        for name, known in zip(("first", "last"), lists, strict=True):
            if len(known) < LONGEST_LIST:
                both[name] = both[name].fillna(0.0)
        both["shift"] = both["last"] - both["first"]
        most = both[["first", "last"]].max(axis=1)
        both = both.assign(part=part, most=most).rename_axis("name").reset_index()
        frames.append(both.sort_values(["most", "name"], ascending=[False, True]))
    columns = ["part", "name", "first", "last", "shift"]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
    return table[columns]
