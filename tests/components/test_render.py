"""Sections of a page are independent: each draws its answer or its error."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest


def page_of_sections() -> None:
    """Sections that are late, unreachable, unsupported and impossible to draw."""
    from concurrent.futures import ThreadPoolExecutor
    from typing import Any

    import streamlit as st

    from components.render import open_page
    from umami.api import account
    from umami.client import Reply
    from umami.endpoint import Query
    from umami.errors import NotOffered, Unreachable
    from umami.scheduling import settle

    def late(_: Any) -> str:
        return "late but here"

    def gone(_: Any) -> str:
        raise Unreachable("No connection to *umami.example* could be made.")

    def lacking(_: Any) -> str:
        raise NotOffered("Umami 2 has no such thing.")

    def question(name: str, read: Any) -> Query[str]:
        endpoint = account.verify
        return Query(endpoint, f"/{name}", (), None, (), {}, read, None, name)

    def broken(_: str) -> None:
        raise KeyError("a secret")

    with ThreadPoolExecutor() as pool:

        class Client:
            waiting = 0

            def submit(self, question: Query[Any], *_: Any) -> Any:
                reply: Reply[Any] = Reply()
                pool.submit(settle, reply, lambda: question.read(None))
                return reply

        with open_page(Client()) as page:
            page.section(st.markdown, page.ask(question("gone", gone)))
            page.section(st.markdown, page.ask(question("late", late)))
            page.section(st.markdown, page.ask(question("lacking", lacking)))
            page.section(broken, page.ask(question("late", late)))


@pytest.fixture
def run() -> AppTest:
    return AppTest.from_function(page_of_sections, default_timeout=60).run()


def test_failing_section_leaves_the_others(run: AppTest) -> None:
    said = [element.value for element in run.markdown]
    assert "late but here" in said
    assert any("No connection to \\*umami\\.example\\*" in text for text in said)
    assert any("could not be drawn" in text for text in said)
    assert "Check the address and that the server is running\\." in [
        element.value for element in run.caption
    ]
    assert not run.exception


def test_unsupported_feature_is_shown_as_a_caption(run: AppTest) -> None:
    assert "Umami 2 has no such thing\\." in [element.value for element in run.caption]
    assert not any("no such thing" in element.value for element in run.markdown)


def test_exception_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    AppTest.from_function(page_of_sections, default_timeout=60).run()
    assert "KeyError at" in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


def page_that_waits() -> None:
    """A page with one answer that is late."""
    import time
    from concurrent.futures import ThreadPoolExecutor
    from typing import Any

    import streamlit as st

    from components.render import PATIENCE, Page
    from umami.api import account
    from umami.client import Reply
    from umami.endpoint import Query
    from umami.scheduling import settle

    def late(_: Any) -> str:
        time.sleep(PATIENCE * 1.5)
        return "here at last"

    class Notice:
        def html(self, styles: str) -> None:
            assert "min-height" in styles

        def caption(self, sentence: str) -> None:
            st.session_state["said"] = sentence

        def empty(self) -> None:
            st.session_state["taken back"] = True

    with ThreadPoolExecutor() as pool:

        class Client:
            waiting = 2

            def submit(self, question: Query[Any], *_: Any) -> Any:
                reply: Reply[Any] = Reply()
                pool.submit(settle, reply, lambda: question.read(None))
                return reply

        page = Page(Client(), _notice=Notice())
        question = Query(account.verify, "/late", (), None, (), {}, late, None, "late")
        page.section(st.markdown, page.ask(question))
        page.finish()


def test_waiting_run_shows_a_note_and_removes_it() -> None:
    run = AppTest.from_function(page_that_waits, default_timeout=60).run()
    assert not run.exception
    assert "waits for its turn" in run.session_state["said"]
    assert run.session_state["taken back"]
    assert [element.value for element in run.markdown] == ["here at last"]
