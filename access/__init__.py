"""Who may see what: accounts, permissions, sessions, share links, the audit log.

A library without Streamlit, between the dashboard and the client. Every query of a page
goes through ``access.permissions``, which checks the viewer's permissions first.
"""
