"""How servers of different versions are told apart."""
