"""Stand-ins for servers that the tests cannot install."""
