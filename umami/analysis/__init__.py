"""Arithmetic on models, without servers and without drawing."""
