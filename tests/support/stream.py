"""A viewer without a browser: what the app sends over a raw WebSocket.

A raw client follows none of the rules that a browser's page does. It can stay silent for hours,
rerun one fragment of a page only, press what is no longer drawn, and ask for files that way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

FINISHED = (
    ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY,
    ForwardMsg.ScriptFinishedStatus.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
)
Value = bool | str | list[str]


class Tab:
    """One tab of a browser: a session, from its first page until it is closed.

    ``elements`` holds what was drawn last under each widget key, ``fragments`` the ids of the
    fragments of the page in the order in which the app named them.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._query = ""
        self._page = ""
        self._held: set[str] = set()
        self.elements: dict[str, Any] = {}
        self.fragments: list[str] = []
        self._labelled: dict[str, str] = {}
        self.id = ""
        """The id of the session, once a run has begun."""

    def open(self, page: str, query: str = "") -> list[ForwardMsg]:
        """Open a page; everything sent until a run was finished."""
        self._query = query
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        return self._run(message)

    def rerun(self, fragment: str = "", press: str = "", **values: Value) -> list[ForwardMsg]:
        """Run the page that is open again, or one fragment of it by its id.

        ``press`` is the key of a button and ``values`` are those of other widgets, by their keys: a
        text input's is a string, a toggle's a boolean, a multiselect's or a popover's whatever
        its browser side sends. What the tab holds already is named, as browsers do, and is sent by
        name only.
        """
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.cached_message_hashes.extend(self._held)
        states = message.rerun_script.widget_states.widgets
        if press:
            states.append(WidgetState(id=self.widget(press), trigger_value=True))
        states.extend(_state(self.widget(key), value) for key, value in values.items())
        return self._run(message)

    def submit(self, button: str, **texts: str) -> list[ForwardMsg]:
        """Fill in the fields of these labels (``_`` for a space), and press a form's button."""
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        states = message.rerun_script.widget_states.widgets
        for label, text in texts.items():
            states.add(id=self._labelled[label.replace("_", " ")], string_value=text)
        states.add(id=self._labelled[button], trigger_value=True)
        return self._run(message)

    def send(self, content: bytes) -> None:
        """Send a message that may be none."""
        self._socket.send(content)

    def widget(self, key: str) -> str:
        """The id of the widget with a key. Raises ``KeyError`` where none was drawn."""
        return str(self.elements[key].id)

    def download(self, button: Any) -> str:
        """Press a download button whose file is made on demand, drawn now or earlier; the path of
        the file, or ``""`` where the app gives none."""
        message = BackMsg()
        operation = message.backend_operation_request
        operation.request_id, operation.session_id = "file", self.id
        operation.deferred_file.file_id = button.deferred_file_id
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._next()
            if answer.WhichOneof("type") == "backend_operation_response":
                return str(answer.backend_operation_response.deferred_file.url)

    def wait(self) -> list[ForwardMsg]:
        """Everything sent until a run that the app began by itself was finished."""
        messages: list[ForwardMsg] = []
        while True:
            message = self._next()
            messages.append(message)
            if (
                message.WhichOneof("type") == "script_finished"
                and message.script_finished in FINISHED
            ):
                return messages

    def _run(self, message: BackMsg) -> list[ForwardMsg]:
        self._socket.send(message.SerializeToString())
        return self.wait()

    def _next(self) -> ForwardMsg:
        message = ForwardMsg()
        answer = self._socket.recv(timeout=60)
        assert isinstance(answer, bytes)
        message.ParseFromString(answer)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "new_session":
            self.id = message.new_session.initialize.session_id or self.id
            if not message.metadata.run.fragment_ids:
                self.fragments.clear()
        elif kind == "delta":
            self._drawn(message)
        if message.metadata.cacheable:
            self._held.add(message.hash)
        return message

    def _drawn(self, message: ForwardMsg) -> None:
        if message.delta.fragment_id and message.delta.fragment_id not in self.fragments:
            self.fragments.append(message.delta.fragment_id)
        what = message.delta.WhichOneof("type")
        if what not in ("new_element", "add_block"):
            return
        drawn = getattr(message.delta, what)
        kind = drawn.WhichOneof("type")
        element = getattr(drawn, kind) if kind else None
        # Ids of widgets are “$$ID-hash-key”.
        if named := getattr(element, "id", ""):
            self.elements[named.split("-", 2)[-1]] = element
            if kind in ("text_input", "button"):
                self._labelled[element.label] = named


def _state(widget: str, value: Value) -> WidgetState:
    state = WidgetState(id=widget)
    if isinstance(value, bool):
        state.bool_value = value
    elif isinstance(value, str):
        state.string_value = value
    else:
        state.string_array_value.data.extend(value)
    return state


@contextmanager
def tab(
    address: str,
    headers: Mapping[str, str] | None = None,
    *,
    cookies: Mapping[str, str] | None = None,
    session: str = "",
) -> Iterator[Tab]:
    """A new tab at the app's address, closed at the end.

    ``session`` is the id of one to take over, as a tab does whose connection was lost.
    """
    place = urlsplit(address)
    sent = {"Origin": f"{place.scheme}://{place.netloc}", **(headers or {})}
    if cookies:
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    known = ["no-token", session] if session else []
    with connect(
        f"ws://{place.netloc}{place.path}/_stcore/stream",
        subprotocols=[Subprotocol(protocol) for protocol in ("streamlit", *known)],
        additional_headers=sent,
        max_size=None,
    ) as socket:
        yield Tab(socket)


def opened(
    address: str, page: str, query: str = "", headers: dict[str, str] | None = None
) -> list[ForwardMsg]:
    """Open a page as the first thing of a session; everything sent until a run was finished."""
    with tab(address, headers) as opened_tab:
        return opened_tab.open(page, query)
