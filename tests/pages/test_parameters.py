"""URL parameters of pages have unique names, and each page the controls that apply to it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from components.page_registry import ALL_PAGES
from components.url_state import SPELLED
from tests.pages.conftest import open_page, opened_at
from tests.support.fault_proxy import Between
from tests.support.pages import CHOICES


def bound(app: AppTest) -> set[str]:
    """The URL parameters of the page's inputs, without those of the View."""
    inputs = (*app.text_input, *app.multiselect, *app.toggle)
    return {input_.proto.query_param_key for input_ in inputs} - {"", "filter", "share", *SPELLED}


@pytest.mark.thorough
def test_url_parameters_are_unique_across_pages(quick: Between) -> None:
    parameters = {area.name: bound(opened_at(area)) for area in ALL_PAGES}
    assert all(CHOICES[name].keys() - SPELLED <= parameters[name] for name in CHOICES)
    names = [name for page_names in parameters.values() for name in page_names]
    assert sorted(names) == sorted(set(names))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("page", "dated"), [("realtime", False), ("overview", True)])
def test_only_pages_of_a_period_offer_one(page: str, dated: bool) -> None:
    app = open_page(page)
    app.session_state["period_menu"] = app.session_state["comparison_menu"] = True
    app.run()
    assert app.selectbox(key="pick_website")
    keys = {choice.key for choice in app.radio}
    assert ("pick_period" in keys) == ("pick_comparison" in keys) == dated
