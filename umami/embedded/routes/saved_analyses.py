"""Saved funnels and goals of a website (3.4), which are saved reports of these two types and have
the same ids; and all saved reports of a website."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from umami.embedded import saved_reports
from umami.embedded.http import Call, Nothing, Parameters, Routes, Text
from umami.embedded.listing import Listing
from umami.embedded.parameters import Ranged, scope
from umami.embedded.refusals import BadRequest, Refusal
from umami.embedded.routes import reports
from umami.embedded.routes.saved_reports import spelled_report
from umami.embedded.saved_reports import Saved

routes = Routes()

Kind = Literal["funnel", "goal"]
ANALYSES: dict[Kind, type[reports.Funnel] | type[reports.Goal]] = {
    "funnel": reports.Funnel,
    "goal": reports.Goal,
}


class Listed(Listing):
    """A page of saved reports, of one type or of all."""

    type: Text | None = None


class Given(Parameters):
    """What every saved analysis has."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=500)] = ""


class GivenFunnel(Given):
    """A funnel to save."""

    parameters: reports.Funnel


class GivenGoal(Given):
    """A goal to save."""

    parameters: reports.Goal


@routes("GET", "/websites/{website_id}/reports", Listed)
def listed(call: Call[Listed]) -> Any:
    """The saved reports of a website, by name."""
    return _page(call, call.params.type)


def _declare(kind: Kind, given: type[GivenFunnel] | type[GivenGoal]) -> None:
    path = f"/websites/{{website_id}}/{kind}s"

    @routes("GET", path, Listing)
    def saved(call: Call[Listing]) -> Any:
        """Those that are saved, by name."""
        return _page(call, kind)

    @routes("POST", path, given)
    def create(call: Call[Any]) -> Any:
        """Save one."""
        return _save(call, kind, None)

    @routes("GET", f"{path}/{{report_id}}", Nothing)
    def read(call: Call[Nothing]) -> Any:
        """One that is saved."""
        return spelled_report(_found(call, kind))

    @routes("POST", f"{path}/{{report_id}}", given)
    def update(call: Call[Any]) -> Any:
        """Save one again."""
        return _save(call, kind, _found(call, kind))

    @routes("DELETE", f"{path}/{{report_id}}", Nothing)
    def delete(call: Call[Nothing]) -> Any:
        """Delete one."""
        saved_reports.delete(call.umami.store, _found(call, kind).id)
        return {"ok": True}

    @routes("GET", f"{path}/{{report_id}}/stats", Ranged)
    def stats(call: Call[Ranged]) -> Any:
        """The answer of one that is saved, over a range."""
        parameters = _found(call, kind).parameters
        analysis = ANALYSES[kind]
        try:
            # A report that was saved by /reports may have more parameters, such as its range.
            chosen = analysis.model_validate(
                {name: parameters[name] for name in analysis.model_fields if name in parameters}
            )
        except (ValidationError, TypeError):
            raise BadRequest(f"The parameters of this {kind} cannot be read") from None
        return chosen.answer(call.umami.store, scope(call))


_declare("funnel", GivenFunnel)
_declare("goal", GivenGoal)


def _page(call: Call[Any], kind: str | None) -> dict[str, Any]:
    rows = saved_reports.of_website(call.umami.store, call.id("website_id"), kind)
    searched = call.params.searched
    return dict(
        call.params.answer([spelled_report(row) for row in rows if searched in row.name.lower()])
    )


def _found(call: Call[Any], kind: Kind) -> Saved:
    """The saved analysis of the path's id; ``Refusal`` 404 if the website has none such."""
    found = saved_reports.by_id(call.umami.store, call.id("report_id"))
    if found is None or (found.website, found.type) != (call.id("website_id"), kind):
        raise Refusal(404, "Not found")
    return found


def _save(call: Call[Any], kind: Kind, instead: Saved | None) -> Any:
    assert call.user
    saved = saved_reports.save(
        call.umami.store,
        call.user.id,
        call.id("website_id"),
        kind,
        call.params.name,
        call.params.description,
        call.params.parameters.model_dump(mode="json", exclude_unset=True),
        instead=instead,
    )
    return spelled_report(saved)
