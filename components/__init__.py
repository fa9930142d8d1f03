"""Everything that Streamlit and Plotly draw, each piece once."""
