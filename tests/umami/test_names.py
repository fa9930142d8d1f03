"""Names for codes; junk stays as it came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umami import names

FIELDS = (
    "path",
    "title",
    "query",
    "referrer",
    "channel",
    "browser",
    "os",
    "device",
    "screen",
    "language",
    "country",
    "region",
    "city",
    "event",
)


@pytest.mark.parametrize(
    ("field", "code", "name"),
    [
        ("country", "DE", "Germany"),
        ("country", "gb", "United Kingdom"),
        ("country", "XK", "Kosovo"),
        ("country", "ZZZ", "ZZZ"),
        ("region", "DE-BE", "Berlin"),
        ("region", "GB-ENG", "England"),
        ("region", "XX-99", "XX-99"),
        ("language", "de", "German"),
        ("language", "pt-BR", "Portuguese (Brazil)"),
        ("language", "klingonish", "klingonish"),
        ("browser", "crios", "Chrome (iOS)"),
        ("browser", "edge-chromium", "Edge"),
        ("browser", "ios", "Safari (iOS)"),
        ("browser", "netscape", "netscape"),
        ("os", "Mac OS", "macOS"),
        ("device", "mobile", "Mobile"),
        ("channel", "organicSearch", "Organic search"),
        ("screen", "1920x1080", "1920x1080"),
        ("referrer", "www.example.com", "example.com"),
        ("referrer", None, "Direct / none"),
        ("referrer", "", "Direct / none"),
        ("country", None, "Unknown"),
        ("tag", None, "(none)"),
        ("event", "video <play>", "video <play>"),
    ],
)
def test_a_code_has_a_name(field: str, code: str | None, name: str) -> None:
    assert names.label(field, code) == name


def test_a_place_names_its_country() -> None:
    assert names.label("city", "Zürich", of="CH") == "Zürich, Switzerland"
    assert names.label("region", "US-CA", of="US") == "California, United States"


@pytest.mark.parametrize(
    ("two", "three"), [("DE", "DEU"), ("us", "USA"), ("XK", "XKX"), ("QQ", None), ("", None)]
)
def test_maps_want_three_letters(two: str, three: str | None) -> None:
    assert names.iso3(two) == three


@given(st.sampled_from(FIELDS), st.text(max_size=40), st.none() | st.text(max_size=4))
def test_junk_has_a_name_too(field: str, value: str, of: str | None) -> None:
    assert names.label(field, value, of=of)
    names.iso3(value)
