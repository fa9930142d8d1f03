"""Health and metrics for operators: liveness, readiness and Prometheus metrics.

A library without Streamlit. It listens on the port that ``DASHBOARD_MONITOR`` names, which need not
be public. No label and no answer contains a name, an id or a secret.
"""
