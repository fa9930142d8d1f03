"""What an operator watches: whether the process lives, whether it is ready, and what it does.

A library without Streamlit. It answers on a port of its own, which ``DASHBOARD_MONITOR`` names and
which the outside need not see. No label and no word of it holds a name, an id or a secret.
"""
