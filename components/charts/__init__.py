"""Charts: functions that return a Plotly figure or an ECharts option.

They are pure: they use no Streamlit and no clock, and take colours from ``components.theme``. Empty
input gives an empty figure.
"""
