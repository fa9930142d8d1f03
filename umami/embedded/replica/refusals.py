"""Why a database cannot be replicated, as a sentence."""


class ReplicaRefused(Exception):
    """The database cannot be read, or is not that of an Umami; ``str()`` is a sentence without
    secrets."""
