"""A viewer without a browser: what the app sends over a raw WebSocket."""

from __future__ import annotations

from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

FINISHED = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY


def opened(
    address: str, page: str, query: str = "", headers: dict[str, str] | None = None
) -> list[ForwardMsg]:
    """Open a page as the first thing of a session; everything sent until a run was finished."""
    found: list[ForwardMsg] = []
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers=headers,
        max_size=None,
    ) as socket:
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_name = page
        socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            answer = socket.recv(timeout=60)
            assert isinstance(answer, bytes)
            told.ParseFromString(answer)
            found.append(told)
            if told.WhichOneof("type") == "script_finished" and told.script_finished == FINISHED:
                return found
