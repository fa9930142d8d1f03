"""A page's sections: each draws its own answer or its own trouble."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest


def page_of_three() -> None:
    """One section that answers late, one that cannot be asked, one that cannot be drawn."""
    from concurrent.futures import ThreadPoolExecutor
    from typing import Any

    import streamlit as st

    from components.asking import asking
    from umami.endpoints import account
    from umami.errors import Unreachable
    from umami.question import Question

    def late(_: Any) -> str:
        return "late but here"

    def gone(_: Any) -> str:
        raise Unreachable("No connection to *umami.example* could be made.")

    def question(name: str, read: Any) -> Question[str]:
        endpoint = account.verify.endpoint
        return Question(endpoint, f"/{name}", (), None, {}, read, None, name)

    def broken(_: str) -> None:
        raise KeyError("a secret")

    with ThreadPoolExecutor() as pool:

        class Client:
            def submit(self, question: Question[Any]) -> Any:
                return pool.submit(question.read, None)

            def ignores_filters(self, question: Question[Any]) -> bool:
                return question.name == "late"

        with asking(Client()) as page:
            page.section(st.markdown, page.ask(question("gone", gone)))
            page.section(st.markdown, page.ask(question("late", late)))
            page.section(broken, page.ask(question("late", late)))


@pytest.fixture
def run() -> AppTest:
    return AppTest.from_function(page_of_three, default_timeout=20).run()


def test_one_failing_section_leaves_the_others_standing(run: AppTest) -> None:
    said = [one.value for one in run.markdown]
    assert "late but here" in said
    assert any("No connection to \\*umami\\.example\\*" in one for one in said)
    assert any("could not be drawn" in one for one in said)
    assert "Check the address and that the server is running\\." in [
        one.value for one in run.caption
    ]
    assert not run.exception


def test_what_a_server_cannot_filter_is_said_to_be_whole(run: AppTest) -> None:
    assert len([one for one in run.caption if "Not filtered" in one.value]) == 2


def test_a_fault_is_logged_without_what_it_held(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    AppTest.from_function(page_of_three, default_timeout=20).run()
    assert "KeyError at" in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text
