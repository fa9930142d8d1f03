"""Everything that Streamlit runs outside ``app.py`` is created through ``authorized``."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest
import streamlit as st

from tests.test_architecture import MODULES, ROOT, layer

CALLBACK = re.compile(r"on_(click|change|submit|select|dismiss|commit|\w+_change)")
LEAVING = {"viewer.leave_link", "_leave", "st.login"}
"""Callbacks that ask for no permission: they give up what the viewer has, or show the way in."""
ELSEWHERE = {
    "fragment": {"components/authorized.py"},
    "dialog": {"components/authorized.py"},
    "download_button": {"components/export_permissions.py"},
    "BackgroundTask": {"components/authorized.py"},
    # They start servers, once a process: the collector, and the monitor with its readiness check.
    "Thread": {"components/collecting.py", "components/metrics.py"},
    # It ends a connection, and knows no viewer.
    "Timer": {"reports/webhooks.py"},
    "Process": set(),
}
"""What runs apart from the page, and where it may be created."""
UNSEEN = {
    # Its ``callback`` is ``authorized.callback``.
    "components/authorized.py": {"on_dismiss=callback(close)"},
    # It hears of a sign-in that is not known yet, and checks the cookie that it is told.
    "components/session_cookie.py": {"on_brought_change=brought", "on_ended_change=on_ended"},
}


def unauthorized(source: str, path: str = "components/some.py") -> list[str]:
    """What a module creates without ``authorized``, as code."""
    return list(_unauthorized(ast.parse(source), path))


def _unauthorized(tree: ast.Module, path: str) -> Iterator[str]:
    known = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "streamlit":
            yield from (
                ast.unparse(node)
                for alias in node.names
                if hasattr(st, alias.name) and callable(getattr(st, alias.name))
            )
        elif isinstance(node, (ast.Attribute, ast.Name)):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            ours = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "authorized"
            typed = name == "BackgroundTask" and node not in known
            if path not in ELSEWHERE.get(name, {path}) and not ours and not typed:
                yield ast.unparse(node)
        elif isinstance(node, ast.Call):
            yield from _callbacks(node, path)
            if ast.unparse(node.func) == "st.dataframe" and not _eager(node):
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and CALLBACK.fullmatch(str(node.value)):
            yield repr(node.value)


def _callbacks(call: ast.Call, path: str) -> Iterator[str]:
    arguments = [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    if isinstance(call.func, ast.Attribute):
        # Some callbacks can be given by their place.
        widget = getattr(st, call.func.attr, None)
        if callable(widget) and not inspect.isclass(widget):
            arguments += list(zip(inspect.signature(widget).parameters, call.args, strict=False))
    for name, value in arguments:
        code = f"{name}={ast.unparse(value)}"
        unseen = code in UNSEEN.get(path, ())
        if CALLBACK.fullmatch(name) and not unseen and not _checked(value):
            yield code


def _checked(value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return _checked(value.body) and _checked(value.orelse)
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) == "authorized.callback"
    return isinstance(value, ast.Constant) or ast.unparse(value) in LEAVING


def _eager(call: ast.Call) -> bool:
    """Whether a table is sent at once; rows of a lazy table are sent without a run."""
    return any(
        keyword.arg == "lazy" and ast.unparse(keyword.value) == "False" for keyword in call.keywords
    )


def test_callbacks_fragments_and_jobs_are_authorized() -> None:
    violations = {}
    for path in MODULES:
        if layer(path) in ("app", "components", "pages", "reports"):
            name = path.relative_to(ROOT).as_posix()
            violations[name] = unauthorized(path.read_text(), name)
    assert not {name: codes for name, codes in violations.items() if codes}


@pytest.mark.parametrize(
    "code",
    [
        "st.button('x', on_click=act)",
        "st.button('x', None, None, act)",
        "st.container().button('x', on_click=lambda: act())",
        "st.form_submit_button('x', on_click=partial(act, client))",
        "st.selectbox('x', [], on_change=act if able else 'ignore')",
        "draw(on_select=act)",
        "COMPONENT(on_chosen_change=act)",
        "options = {'on_click': act}",
        "st.fragment(draw, run_every=2)()",
        "@st.fragment\ndef draw(): ...",
        "from streamlit import fragment",
        "@st.dialog('x')\ndef draw(): ...",
        "st.download_button('x', b'rows')",
        "place.download_button('x', make)",
        "BackgroundTask(make, 'report')",
        "threading.Thread(target=make).start()",
        "st.dataframe(frame)",
        "st.dataframe(frame, lazy=None)",
    ],
)
def test_unauthorized_creation_is_detected(code: str) -> None:
    assert unauthorized(code)


@pytest.mark.parametrize(
    "code",
    [
        "st.button('x', on_click=authorized.callback(act), args=(1,))",
        "st.popover('x', on_change='rerun')",
        "chart(on_select=authorized.callback(act) if able else 'ignore')",
        "st.button('x', on_click=viewer.leave_link)",
        "work: BackgroundTask[bytes] = authorized.job(make, 'report')",
        "authorized.dialog('x', draw)",
    ],
)
def test_authorized_creation_is_accepted(code: str) -> None:
    assert not unauthorized(code)
