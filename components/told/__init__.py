"""What sections tell, as data: figures in words, frames with their columns, sentences.

Pages draw it and reports print it, so that a number in a report is the page's. No Streamlit.
"""
