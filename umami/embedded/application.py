"""The Starlette application: all routes over one state."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from umami.embedded.http import Refusal, refuse
from umami.embedded.routes import ROUTES
from umami.embedded.state import Umami


async def _no_route(_request: Request, problem: Exception) -> Response:
    """An unknown path or method: an empty 404 or 405, as Umami's."""
    assert isinstance(problem, HTTPException)
    return PlainTextResponse("", status_code=problem.status_code)


def application(umami: Umami) -> Starlette:
    """The embedded server's application over this state."""
    app = Starlette(
        routes=ROUTES,
        exception_handlers={Refusal: refuse, HTTPException: _no_route},
    )
    app.state.umami = umami
    return app
