"""The queries of Umami's analyses."""
