"""Campaigns: the link builder, and the detail of a campaign."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.pages.conftest import Open, said, table
from tests.pages.test_numbers import SEPTEMBER
from umami.analysis.marketing import tagged_link
from umami.errors import InvalidView

ADDRESS = "https://shop.example.com/offer?color=red&utm_source=old#top"
texts = some.text(min_size=1, max_size=30).filter(lambda text: text == text.strip())


@given(source=texts, medium=texts, campaign=texts)
def test_tags_of_a_link_are_read_back(source: str, medium: str, campaign: str) -> None:
    tags = {"source": source, "medium": medium, "campaign": campaign, "content": " "}
    parts = urlsplit(tagged_link(ADDRESS, tags))
    assert (parts.hostname, parts.path, parts.fragment) == ("shop.example.com", "/offer", "top")
    assert parse_qs(parts.query, errors="surrogatepass", max_num_fields=9) == {
        "color": ["red"],
        **{f"utm_{name}": [tags[name]] for name in ("source", "medium", "campaign")},
    }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/offer",
        "shop.example.com/offer",
        "javascript:alert(1)",
        "https://",
        "http://[::1",
        "a b",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidView, match="whole address"):
        tagged_link(address, {"source": "news"})


def test_link_is_built_from_tags_in_use(opened: Open) -> None:
    app = opened("utm", **SEPTEMBER)
    app.text_input(key="link_address").set_value("https://shop.example.com/offer").run()
    assert "needs a source, a medium and a campaign" in said(app)
    offered = {name: app.selectbox(key=f"link_{name}").options for name in ("source", "campaign")}
    assert all(offered.values())
    app.selectbox(key="link_source").select(offered["source"][0])
    app.selectbox(key="link_medium").select(app.selectbox(key="link_medium").options[0])
    app.selectbox(key="link_campaign").select(offered["campaign"][0]).run()
    (link,) = [code.value for code in app.code]
    assert f"utm_campaign={offered['campaign'][0]}" in link
    app.text_input(key="link_address").set_value("javascript:alert(1)").run()
    assert not app.code
    assert "Write the whole address of a page" in said(app)


def test_campaign_opens_with_its_landing_pages(opened: Open) -> None:
    app = opened("utm", **SEPTEMBER, campaign="brand")
    headings = [element.value for element in app.header]
    if any(heading == "Campaign brand" for heading in headings):
        assert table(app, "ranking_entry")
    else:
        assert "cannot filter by the campaign" in said(app)
