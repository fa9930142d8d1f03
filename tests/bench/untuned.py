"""The dashboard without what makes its reruns cheap, for ``reruns`` to compare with: nothing is
frozen, and every figure is drawn in every run. Nothing else is switched off, or could be."""

import gc
from pathlib import Path

import streamlit as st

from components.figures import finished

gc.freeze = lambda: None
finished.finished = lambda draw, data, mode: draw(data, mode)  # type: ignore[assignment]
app = st.App(Path(__file__).parents[2] / "app.py")
