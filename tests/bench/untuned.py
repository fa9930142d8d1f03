"""The dashboard without the tuning of its reruns, for ``reruns`` to compare with: no frozen objects
and no cache of figures."""

import gc
from pathlib import Path

import streamlit as st

from components.charts import common

gc.freeze = lambda: None
common.finished = lambda draw, mode: draw(mode)  # type: ignore[assignment]
app = st.App(Path(__file__).parents[2] / "app.py")
