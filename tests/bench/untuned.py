"""The dashboard without what makes its reruns cheap, for ``reruns`` to compare with: nothing is
frozen, and every run draws its figures anew. All else is as it is."""

import gc
from pathlib import Path

import streamlit as st

from components.charts import common

gc.freeze = lambda: None
common.finished = lambda draw, mode: draw(mode)  # type: ignore[assignment]
app = st.App(Path(__file__).parents[2] / "app.py")
