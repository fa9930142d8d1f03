"""Umami's analyses, a module each."""
