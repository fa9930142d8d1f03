"""The palette is Streamlit's theme and has sufficient contrast."""

from __future__ import annotations

from itertools import pairwise

import pytest

from components.theme import PALETTES, Mode, template

MODES: tuple[Mode, ...] = ("light", "dark")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, other: str) -> float:
    dark, light = sorted((luminance(first), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_text_meets_wcag_aa(mode: Mode) -> None:
    palette = PALETTES[mode]
    for text in (palette.text, palette.muted, palette.link, palette.primary):
        for ground in (palette.background, palette.surface):
            assert contrast(text, ground) >= 4.5, (text, ground)


@pytest.mark.parametrize("mode", MODES)
def test_series_stand_out_from_the_page(mode: Mode) -> None:
    palette = PALETTES[mode]
    for colour in palette.categorical:
        assert contrast(colour, palette.background) >= 3, colour


@pytest.mark.parametrize("mode", MODES)
def test_sequential_scale_rises_in_contrast(mode: Mode) -> None:
    palette = PALETTES[mode]
    distances = [contrast(colour, palette.background) for colour in palette.sequential]
    assert len(distances) == 10
    assert all(nearer < further for nearer, further in pairwise(distances))


@pytest.mark.parametrize("mode", MODES)
def test_first_two_series_differ_for_red_green_blindness(mode: Mode) -> None:
    """The difference of blue and yellow, which protanopes and deuteranopes see, separates views and
    visits."""

    def blue_yellow(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return blue - (red + green) / 2

    first, second = PALETTES[mode].categorical[:2]
    assert abs(blue_yellow(first) - blue_yellow(second)) > 60


@pytest.mark.parametrize("mode", MODES)
def test_template_uses_the_palette(mode: Mode) -> None:
    layout = template(mode)["layout"]
    assert layout["colorway"] == PALETTES[mode].categorical
    assert layout["font"]["color"] == PALETTES[mode].text
