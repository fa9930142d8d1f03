"""Text of data is escaped."""

from __future__ import annotations

import pytest

from components.escaping import harmless, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("video <play>", r"video \<play\>"),
        ("**bold** _it_", r"\*\*bold\*\* \_it\_"),
        ("[a](b)", r"\[a\]\(b\)"),
        (":red[x]", ":\u2060red\\[x\\]"),
        ("Paused: nothing", "Paused: nothing"),
        ("two\nlines", "two lines"),
        ("$x$", r"\$x\$"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_addresses_do_not_become_links() -> None:
    assert "http://" not in plain("http://a.example").replace("\\", "")
    assert "www." not in plain("www.a.example").replace("\\", "")


def test_long_text_is_cut() -> None:
    assert plain("x" * 300, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize("sign", [*"=+-@", *"＝＋－＠", *"﹦﹢﹣﹫−"])
@pytest.mark.parametrize("unseen", ["", " ", "\t", "\r\n", "\xa0", "\ufeff", "\u200b", "\0 "])
def test_formula_cells_are_escaped(unseen: str, sign: str) -> None:
    assert harmless(f"{unseen}{sign}1+1") == f"'{unseen}{sign}1+1"


@pytest.mark.parametrize("start", ["\t", "\r", "\n"])
def test_cells_cannot_start_a_new_cell(start: str) -> None:
    assert harmless(f"{start}x") == f"'{start}x"


def test_other_cells_are_unchanged() -> None:
    for cell in ("/pricing", " a=b", "1-2", "\u200b", "", -5, None):
        assert harmless(cell) is cell
