"""The most frequent values of several fields as CSV files in one archive."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from typing import Any

from umami.embedded.http import Call, Routes
from umami.embedded.parameters import Paged
from umami.embedded.routes import traffic

routes = Routes()

FILES = {
    "events": "event",
    "pages": "path",
    "referrers": "referrer",
    "browsers": "browser",
    "os": "os",
    "devices": "device",
    "countries": "country",
}
"""The files and the type of metric that each of them holds."""


@routes("GET", "/websites/{website_id}/export", Paged)
def export(call: Call[Paged]) -> Any:
    """A zip in base64 with the metrics of each field; the page has no effect."""
    asked = call.params
    given = asked.filter_params | {"startAt": asked.startAt, "endAt": asked.endAt}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, kind in FILES.items():
            metrics = traffic.Metrics.model_validate({**given, "type": kind})
            rows = traffic.metrics(Call(call.umami, metrics, call.path, call.headers, call.user))
            text = io.StringIO()
            writer = csv.writer(text)
            writer.writerow(["x", "y"])
            writer.writerows([row["x"], row["y"]] for row in rows)
            archive.writestr(f"{name}.csv", text.getvalue().encode(errors="replace"))
    return {"zip": base64.b64encode(packed.getvalue()).decode()}
