"""Figures in two steps: what is to be drawn, as plain data, and the Plotly figure made of it.

Both steps are pure: no Streamlit, no clock, no colour of their own. Empty input is fine
everywhere and gives an empty figure.
"""
