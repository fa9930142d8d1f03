"""Reports: the content of pages as one file to send and to print.

A report sends the same queries as its pages, and is rendered as HTML, PDF, XLSX or a mail. Only
``reports.dialog`` uses Streamlit.
"""
