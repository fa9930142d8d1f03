"""Charts in two steps: a hashable data class, and the Plotly figure or ECharts option made of it.

Both steps are pure functions: they use no Streamlit and no clock, and take colours from
``components.theme``. Empty input gives an empty figure.
"""
