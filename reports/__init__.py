"""Reports: what pages show of a View, as one file to send and to print.

A report is built of questions as a page is, and drawn by whoever wants it: as HTML, as PDF, as a
workbook, as a mail. Nothing here runs Streamlit but ``reports.dialog``.
"""
