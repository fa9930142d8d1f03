"""Spellings of tags: planted ones are found, and different names stay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from umami.analysis.tag_hygiene import Variants, variants

SEASONS = ("spring", "summer", "sommer", "winter", "easter", "november", "novembre", "trials")
THINGS = ("sale", "sales", "shoes", "shopping", "shipping", "contact", "contract", "newsletters")
ENDS = ("2025", "2026", "1", "2", "de", "dk", "a", "b")
DIFFERENT = [
    *("de", "dk", "sale", "sales", "content", "context", "trails", "dinner", "diner", "email"),
    *("v1.2", "v12", "1-11", "11-1", "google", "google+", "goggles", "united", "untied", "mobil"),
    *("mobile", "banner-a1", "banner-b1", "news_banner_a", "news_banner_b", "x", "y"),
    *("-".join(parts) for parts in product(SEASONS, THINGS, ENDS)),
][:500]
PLANTED = ("autumn-newsletter", "facebook", "Produktvorstellung 2026", "remarketing_march_03")


def _cased(name: str) -> str:
    return name.upper() if name.upper() != name else name.lower()


def _separated(name: str) -> Iterator[str]:
    for separator in ("", " ", "-", "_", "+", ".", "%20", "__"):
        # Digits that touch would be another number.
        yield separator.join(name.replace("-", " ").replace("_", " ").split())


def _mistyped(name: str) -> Iterator[str]:
    """The name with a mistake at each place within its long words."""
    for at in range(1, len(name) - 2):
        before, two, after = name[:at], name[at : at + 2], name[at + 2 :]
        if not name[at - 1 : at + 3].isalpha() or len(name[at - 1 : at + 3]) < 4:
            continue
        yield f"{before}{two[0]}{two}{after}"
        yield f"{before}{two[1]}{two[0]}{after}"
        yield f"{before}{two[1]}{after}"
        yield f"{before}{'q' if two[0] != 'q' else 'x'}{two[1]}{after}"


def other_spellings(name: str) -> list[str]:
    """Spellings of a name that the rules promise to find."""
    words = max(name.replace("-", " ").replace("_", " ").split(), key=len)
    start = name.index(words)
    mistyped = [f"{name[:start]}{each}{name[start + len(words) :]}" for each in _mistyped(words)]
    alike = [_cased(name), *_separated(name), *mistyped]
    return sorted({each for each in alike if each != name})


def test_planted_spellings_are_found_and_different_names_stay_apart() -> None:
    assert len(set(DIFFERENT)) == 500
    base = dict.fromkeys(DIFFERENT, 40) | dict.fromkeys(PLANTED, 1000)
    assert variants(base) == ()
    for name in PLANTED:
        for spelling in other_spellings(name):
            (group,) = variants({**base, spelling: 30})
            assert (group.name, group.names) == (name, (name, spelling))
            assert group.concerned == 30


@given(
    counts=some.lists(some.integers(1, 100_000), min_size=500, max_size=500),
    data=some.data(),
)
def test_all_planted_spellings_are_found_whatever_the_counts(
    counts: list[int], data: some.DataObject
) -> None:
    """Each of several spellings joins its name; no two of 500 different names do."""
    listed = dict(zip(DIFFERENT, counts, strict=True))
    expected = set()
    for name in PLANTED:
        spellings = other_spellings(name)
        chosen = data.draw(some.sets(some.sampled_from(spellings), min_size=1, max_size=3))
        listed[name] = 10_000
        listed |= dict.fromkeys(chosen, data.draw(some.integers(1, 600)))
        expected.add(frozenset({name, *chosen}))
    groups = variants(listed)
    assert {frozenset(each.names) for each in groups} == expected
    assert all(each.name in PLANTED for each in groups)


@pytest.mark.parametrize(
    ("counts", "names"),
    [
        ({"Newsletter": 9, "newsletter": 9, "NEWSLETTER": 2}, ("newsletter", "Newsletter")),
        ({"newsletter": 100, "newslettter": 20}, ("newsletter", "newslettter")),
        ({"google": 50, "gogle": 4, "goggle": 10}, ("google", "goggle", "gogle")),
        ({"e-mail": 5, "email": 90}, ("email", "e-mail")),
        ({"cafe\N{COMBINING ACUTE ACCENT}": 1, "café": 2}, ("café", "cafe\u0301")),
    ],
)
def test_spellings_of_a_name(counts: dict[str, int], names: tuple[str, ...]) -> None:
    (group,) = variants(counts)
    assert group.names[: len(names)] == names


@pytest.mark.parametrize(
    "counts",
    [
        {"newsletter": 100, "newslettter": 21},
        {"newsletter-de": 100, "newslettter-dk": 1},
        {"": 5, " ": 3, "-": 2, "%20": 1},
        {"newsletter 1": 100, "newslettter 2": 1},
        {"+running +shoes": 10, "running shoes": 1},
    ],
)
def test_what_stays_apart(counts: dict[str, int]) -> None:
    assert variants(counts) == ()


@given(counts=some.dictionaries(some.text(max_size=12), some.integers(0, 99), max_size=30))
def test_any_names_are_in_one_group_at_most(counts: dict[str, int]) -> None:
    groups = variants(counts)
    names = [name for each in groups for name in each.names]
    assert len(set(names)) == len(names)
    assert set(names) <= counts.keys()
    assert all(dict(each.counts).items() <= counts.items() for each in groups)


@pytest.mark.parametrize(
    "name",
    [lambda at: f"{'a' * 500}{at}", lambda at: f"newsletter{chr(0x4E00 + at)}newsletter"],
)
def test_names_with_much_in_common_are_compared_with_few(name: Callable[[int], str]) -> None:
    groups: tuple[Variants, ...] = variants({name(at): at for at in range(5_000)})
    assert len(groups) <= 1
