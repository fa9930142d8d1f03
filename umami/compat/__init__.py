"""Detection of a server's version, and translation between the APIs of versions."""
