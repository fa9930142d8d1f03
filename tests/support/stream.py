"""A viewer without a browser: what the app sends over a raw WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

FINISHED = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


class Tab:
    """One tab of a browser: a session, from its first page until it is closed."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._query = ""
        self._page = ""
        self._held: set[str] = set()
        self._widgets: dict[str, str] = {}

    def open(self, page: str, query: str = "") -> list[ForwardMsg]:
        """Open a page; everything sent until a run was finished."""
        self._query = query
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = page
        return self._run(asked)

    def rerun(self) -> list[ForwardMsg]:
        """Run the page that is open again, as a widget does that changes nothing.

        What the tab holds already is named, as browsers do, and is sent by name only.
        """
        asked = BackMsg()
        asked.rerun_script.query_string = self._query
        asked.rerun_script.page_script_hash = self._page
        asked.rerun_script.cached_message_hashes.extend(self._held)
        return self._run(asked)

    def submit(self, button: str, **texts: str) -> list[ForwardMsg]:
        """Fill in the fields of these labels (``_`` for a space), and press a form's button."""
        asked = BackMsg()
        asked.rerun_script.query_string = self._query
        asked.rerun_script.page_script_hash = self._page
        states = asked.rerun_script.widget_states.widgets
        for label, text in texts.items():
            states.add(id=self._widgets[label.replace("_", " ")], string_value=text)
        states.add(id=self._widgets[button], trigger_value=True)
        return self._run(asked)

    def _run(self, asked: BackMsg) -> list[ForwardMsg]:
        self._socket.send(asked.SerializeToString())
        found: list[ForwardMsg] = []
        while True:
            told = ForwardMsg()
            answer = self._socket.recv(timeout=60)
            assert isinstance(answer, bytes)
            told.ParseFromString(answer)
            found.append(told)
            kind = told.WhichOneof("type")
            if kind == "navigation":
                self._page = told.navigation.page_script_hash
            element = told.delta.new_element
            if element.WhichOneof("type") in ("text_input", "button"):
                widget = getattr(element, element.WhichOneof("type"))
                self._widgets[widget.label] = widget.id
            if told.metadata.cacheable:
                self._held.add(told.hash)
            if kind == "script_finished" and told.script_finished == FINISHED:
                return found


@contextmanager
def tab(address: str, headers: dict[str, str] | None = None) -> Iterator[Tab]:
    """A new tab at the app's address, closed at the end."""
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers=headers,
        max_size=None,
    ) as socket:
        yield Tab(socket)


def opened(
    address: str, page: str, query: str = "", headers: dict[str, str] | None = None
) -> list[ForwardMsg]:
    """Open a page as the first thing of a session; everything sent until a run was finished."""
    with tab(address, headers) as one:
        return one.open(page, query)
