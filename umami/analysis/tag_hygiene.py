"""Tags that are one name in several spellings.

Two names are spellings of one name if their letters and digits are the same, whatever the case and
the separators. They are also, where the rarer one is at most a fifth as frequent, if they differ by
one typing mistake within a long word. The rules prefer precision: digits never differ, and neither
do short words nor the first and the last letter of a word, as in ``de`` and ``dk`` or ``sale`` and
``sales``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from umami.normal_forms import normalized

Kind = Literal["letters", "spelling"]
"""Whether all spellings have the same letters, or one of them has a typing mistake."""

RARER: Final = 5
"""How many times as frequent a name is as a mistyped one, at least."""
SHORTEST: Final[dict[str, int]] = {"doubled": 8, "swapped": 7, "other": 9}
"""The letters of the longer of two words from which a mistake of a kind tells: shorter words often
differ like this (``dinner`` and ``diner``, ``trials`` and ``trails``, ``shopping`` and
``shipping``)."""
LONGEST: Final = 64
"""The letters of a name up to which typing mistakes are searched for."""
KNOWN: Final = frozenset(
    {
        *("adwords", "affiliate", "campaign", "display", "facebook", "google", "instagram"),
        *("linkedin", "newsletter", "organic", "pinterest", "referral", "retargeting", "snapchat"),
        *("telegram", "tiktok", "twitter", "whatsapp", "youtube"),
    }
)
"""Words of tags of which every mistyped form is meant to be the word itself."""
MOST_COMPARED: Final = 5
"""The most frequent names with a common key that a name is compared with."""

_SEPARATORS: Final = re.compile(r"(?:%20|[\s\-_.\u2010-\u2015]|(?<=\w)\+(?=\w))+")
_WORDS: Final = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
"""Between two words without a separator: ``NewsLetter``, ``banner2b``."""
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Variants:
    """The spellings of one name with their counts, the most frequent first."""

    kind: Kind
    counts: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        """The spelling to use: the most frequent one."""
        return self.counts[0][0]

    @property
    def names(self) -> tuple[str, ...]:
        """All spellings."""
        return tuple(name for name, _count in self.counts)

    @property
    def concerned(self) -> int:
        """The count of all spellings but the one to use."""
        return sum(count for _name, count in self.counts[1:])


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters and digits of a name, and the words that they stand in."""

    text: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, name: str) -> _Letters:
        parts = [part for part in _SEPARATORS.split(normalized("NFC", name)) if part]
        text = ""
        for part in parts:
            folded = part.casefold()
            # Without a separator, 1-11 and 11-1 would be the same.
            divided = text[-1:].isdigit() and folded[:1].isdigit()
            text += f"-{folded}" if divided else folded
        words = (word.casefold() for part in parts for word in _WORDS.split(part))
        return cls(text, tuple(words))

    def word_at(self, position: int) -> tuple[str, int]:
        """The word that has a letter of ``text``, and the place of the letter in the word."""
        at = position - self.text[:position].count("-")
        for word in self.words:
            if at < len(word):
                return word, at
            at -= len(word)
        return "", 0

    def is_within(self, first: int, last: int) -> bool:
        """Whether letters of ``text`` lie within one word, without its first and last letter. With
        ``last`` before ``first``, it is the place between both that lies within the word."""
        word, place = self.word_at(first)
        return 0 < place <= len(word) - 2 - (last - first)


def variants(counts: Mapping[str, int]) -> tuple[Variants, ...]:
    """The names that occur in several spellings, those with the largest count of other spellings
    first. ``counts`` has a number of visitors, visits or views for each name."""
    groups: dict[str, list[tuple[str, int]]] = {}
    letters: dict[str, _Letters] = {}
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], _capitals(item[0]))):
        of_name = _Letters.of(name)
        if of_name.text:
            letters.setdefault(of_name.text, of_name)
            groups.setdefault(of_name.text, []).append((name, count))
    sums = {text: sum(count for _name, count in group) for text, group in groups.items()}
    mistyped = _mistyped(letters, sums)
    targets = set(mistyped.values())
    joined: dict[str, list[tuple[str, int]]] = {}
    for text, group in groups.items():
        joined.setdefault(mistyped.get(text, text), []).extend(group)
    spelled = [
        Variants(
            "spelling" if text in targets else "letters",
            tuple(sorted(group, key=lambda item: (-item[1], _capitals(item[0])))),
        )
        for text, group in joined.items()
        if len(group) > 1
    ]
    return tuple(sorted(spelled, key=lambda each: (-each.concerned, each.name)))


def _capitals(name: str) -> tuple[int, str]:
    """Sorts the spelling with fewer capital letters first."""
    return sum(letter.isupper() for letter in name), name


def _mistyped(letters: Mapping[str, _Letters], sums: Mapping[str, int]) -> dict[str, str]:
    """The texts that are a mistyped form of a more frequent text, each with that text."""
    targets: dict[str, list[str]] = {}
    mistyped: dict[str, str] = {}
    for text in sorted(sums, key=lambda text: -sums[text]):
        if len(text) > LONGEST:
            continue
        keys = _keys(text)
        for target in _candidates(targets, keys):
            frequent = sums[text] * RARER <= sums[target]
            if frequent and is_mistyped(letters[text], letters[target]):
                mistyped[text] = target
                break
        else:
            for key in keys:
                targets.setdefault(key, []).append(text)
    return mistyped


def _keys(text: str) -> list[str]:
    """The text and the text without each of its letters: two texts that differ by one mistake have
    a common key."""
    return list(dict.fromkeys((text, *(text[:at] + text[at + 1 :] for at in range(len(text))))))


def _candidates(targets: Mapping[str, list[str]], keys: Iterable[str]) -> Iterable[str]:
    alike = (target for key in keys for target in islice(targets.get(key, ()), MOST_COMPARED))
    return dict.fromkeys(alike)


def is_mistyped(text: _Letters, target: _Letters) -> bool:
    """Whether two texts differ by one typing mistake that real names do not differ by: a letter
    that is doubled, missing, added or another one, or two that are swapped, within a long word."""
    if _DIGITS.findall(text.text) != _DIGITS.findall(target.text):
        return False
    short, long = sorted((text, target), key=lambda each: len(each.text))
    at = _first_difference(short.text, long.text)
    if not long.text[at : at + 1].isalpha():
        return False
    if len(short.text) < len(long.text):
        is_doubled = at > 0 and long.text[at] == long.text[at - 1]
        kind = "doubled" if is_doubled else "other"
        is_one = short.text[at:] == long.text[at + 1 :]
        # Either of doubled letters can be the added one.
        places = (at - 1, at) if is_doubled else (at,)
        is_within = is_doubled or long.is_within(at, at)
        is_within &= any(short.is_within(place, place - 1) for place in places)
    else:
        is_swapped = short.text[at : at + 2] == long.text[at : at + 2][::-1]
        kind, last = ("swapped", at + 1) if is_swapped else ("other", at)
        is_one = short.text[last + 1 :] == long.text[last + 1 :]
        is_within = short.is_within(at, last) and long.is_within(at, last)
    if not (is_one and is_within):
        return False
    length = max(len(each.word_at(at)[0]) for each in (short, long))
    return length >= SHORTEST[kind] or target.word_at(at)[0] in KNOWN


def _first_difference(short: str, long: str) -> int:
    pairs = zip(short, long, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), len(short))
