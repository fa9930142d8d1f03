"""Who may see what: accounts, rights, sessions, share links, the audit log.

A library without Streamlit, between the dashboard and the client. Everything a page asks goes
through ``people.guard``, which refuses what the viewer has no right to before anything is asked.
"""
