"""The generations of Umami: ranges of versions that share one API, ordered by age."""

from enum import Enum

from umami.errors import SettingsError


class Generation(tuple[int, int], Enum):
    """A range of versions, named after its first or best known version."""

    V2_18 = (2, 18)
    """Up to 2.18: pages are ranked by views; no segments."""
    V2_20 = (2, 20)
    """2.19 and 2.20: everything is ranked by visitors."""
    V3_0 = (3, 0)
    V3_1 = (3, 1)
    """Several values in a filter, more fields, more analyses."""
    V3_2 = (3, 2)
    """Statistics and series of properties; revenue of the sessions that pass the filters."""
    V3_3 = (3, 3)
    """New definitions of bounce and channel, stitched sessions, filters by property."""
    V3_4 = (3, 4)
    """Annotations, API keys, and analyses as GET requests under the website."""
    V3_5 = (3, 5)
    """Browser errors; ``/api/config`` is gone. Newer versions are treated as this one."""

    def __str__(self) -> str:
        return ".".join(map(str, self.value))

    @property
    def major(self) -> int:
        """2 or 3."""
        return self[0]

    @property
    def and_newer(self) -> "frozenset[Generation]":
        return frozenset(generation for generation in Generation if generation >= self)

    @classmethod
    def named(cls, text: str) -> "Generation":
        """The generation of this name; raises ``SettingsError``."""
        for generation in cls:
            if str(generation) == text.strip():
                return generation
        names = ", ".join(str(generation) for generation in cls)
        raise SettingsError(f"UMAMI_GENERATION is one of {names}; leave it out to detect it.")


V2_18, V2_20, V3_0, V3_1, V3_2, V3_3, V3_4, V3_5 = Generation
