"""Costs in the database: uploads that overlap, their sums, and who reads and writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import Engine

from access.cost_files import parse
from access.costs import CostLedger
from access.permissions import ALL, Forbidden, Grant, Permissions, ViewFilters
from umami.errors import Unreachable
from umami.filters import Filter

SHOP = "47a8e931-d51a-4351-a5e1-51db9a717a5d"
DOCS = "31e8662e-b0ee-4259-b469-24ee0ae1d001"
OCTOBER = date(2026, 10, 1), date(2026, 10, 31)
READS = Grant(frozenset({SHOP}), filters=True, costs=True)
GERMANY = ViewFilters((Filter("country", "eq", "DE"),))


def ledger(engine: Engine, account: str = "ann", *grants: Grant) -> CostLedger:
    return CostLedger(lambda _create: engine, account, Permissions(grants) if grants else ALL)


def rows(*lines: str) -> pd.DataFrame:
    """Rows of ``day,campaign,cost,currency,source``."""
    return parse("day,campaign,cost,currency,source\n" + "\n".join(lines)).rows()


def sums(book: CostLedger, *days: date) -> dict[tuple[str, str, str], float]:
    first, last = days or OCTOBER
    spend = book.spend(SHOP, first, last)
    return {} if spend is None else {tuple(row[:3]): row[3] for row in spend.frame.to_numpy()}


def test_uploads_that_overlap_replace_each_other(engine: Engine) -> None:
    book = ledger(engine)
    first = rows(
        "2026-10-01,brand,10.10,EUR,google",
        "2026-10-02,brand,0,EUR,google",
        "2026-10-02,brand,5,USD,google",
        "2026-11-01,brand,7,EUR,google",
    )
    assert book.overlap(SHOP, first) == (0, 0)
    assert book.add(SHOP, "first.csv", first) == 0
    second = rows(
        "2026-10-01,brand,20.20,EUR,google",
        "2026-10-01,brand,3,EUR,facebook",
        "2026-10-03,=cmd(),1,EUR,google",
    )
    assert book.overlap(SHOP, second) == (1, 0)
    assert book.overlap(SHOP, rows("2026-10-01,brand,3,EUR,facebook")) == (0, 1)
    assert book.add(SHOP, "second.csv", second) == 1
    assert sums(book) == {
        ("brand", "google", "EUR"): 20.2,
        ("brand", "google", "USD"): 5.0,
        ("brand", "facebook", "EUR"): 3.0,
        ("=cmd()", "google", "EUR"): 1.0,
    }
    spend = book.spend(SHOP, *OCTOBER)
    assert spend is not None
    assert (spend.days, spend.by_source) == (3, {"google": 3, "facebook": 1})
    assert spend.totals == {"EUR": pytest.approx(24.2), "USD": 5.0}
    assert sums(book, date(2026, 10, 2), date(2026, 10, 2)) == {
        ("brand", "google", "EUR"): 0.0,
        ("brand", "google", "USD"): 5.0,
    }
    assert sums(ledger(engine), date(2026, 9, 1), date(2026, 9, 30)) == {}

    newest, oldest = book.uploads(SHOP)
    assert (newest.name, newest.rows, newest.amounts) == (
        "second.csv",
        3,
        {"EUR": pytest.approx(24.2)},
    )
    assert (oldest.rows, oldest.first, oldest.last) == (3, date(2026, 10, 2), date(2026, 11, 1))
    book.delete(replace(newest, website=DOCS))
    assert len(book.uploads(SHOP)) == 2
    book.delete(newest)
    assert sums(book) == {("brand", "google", "EUR"): 0.0, ("brand", "google", "USD"): 5.0}
    book.delete(oldest)
    assert book.uploads(SHOP) == ()
    assert book.spend(SHOP, *OCTOBER) is None


def test_sums_are_computed_once_for_what_is_saved(engine: Engine) -> None:
    book = ledger(engine)
    book.add(SHOP, "a", rows("2026-10-01,brand,1,EUR,", "2026-10-02,brand,1,EUR,"))
    before = book.spend(SHOP, *OCTOBER)
    assert ledger(engine).spend(SHOP, *OCTOBER) is before
    book.add(SHOP, "b", rows("2026-10-02,brand,5,EUR,"))
    assert sums(book) == {("brand", "", "EUR"): 6.0}
    # The uploads are those of the beginning again, but not the costs.
    book.delete(book.uploads(SHOP)[0])
    assert sums(book) == {("brand", "", "EUR"): 1.0}


def test_upload_that_was_replaced_is_listed(engine: Engine) -> None:
    book = ledger(engine)
    for name in ("a", "b"):
        book.add(SHOP, name, rows("2026-10-01,brand,1,EUR,"))
    assert [(upload.name, upload.rows) for upload in book.uploads(SHOP)] == [("b", 1), ("a", 0)]


@pytest.mark.parametrize(
    ("account", "grant", "reads", "writes"),
    [
        ("cal", READS, True, False),
        ("cal", replace(READS, saves=True), True, True),
        ("cal", replace(READS, costs=False, saves=True, exports=True), False, False),
        ("root", Grant(None, filters=True, admin=True), True, True),
        ("", READS, True, False),
        ("", Grant(None, filters=True, admin=True), True, False),
        ("cal", replace(READS, websites=frozenset({DOCS}), admin=True), False, False),
        ("cal", replace(READS, filters=False, fixed_filters=GERMANY, saves=True), False, False),
        ("cal", replace(READS, filters=False), True, False),
    ],
)
def test_costs_have_rights_of_their_own(
    engine: Engine, account: str, grant: Grant, reads: bool, writes: bool
) -> None:
    day = rows("2026-10-01,brand,1,EUR,google")
    ledger(engine).add(SHOP, "costs.csv", day)
    book = ledger(engine, account, grant)
    assert (book.spend(SHOP, *OCTOBER) is not None) is reads
    assert book.may_write(SHOP) is writes
    (upload,) = ledger(engine).uploads(SHOP)
    assert book.uploads(SHOP) == ((upload,) if writes else ())
    if not writes:
        for act in (
            lambda: book.add(SHOP, "x", day),
            lambda: book.overlap(SHOP, day),
            lambda: book.delete(upload),
        ):
            with pytest.raises(Forbidden):
                act()
        assert ledger(engine).uploads(SHOP) == (upload,)


def test_without_a_database_there_are_no_costs(engine: Engine) -> None:
    nowhere = CostLedger(lambda _create: None, "ann", ALL)
    assert nowhere.spend(SHOP, *OCTOBER) is None
    assert nowhere.uploads(SHOP) == ()
    assert nowhere.overlap(SHOP, rows("2026-10-01,brand,1,EUR,")) == (0, 0)
    engine.dispose()
    with engine.begin() as store:
        store.exec_driver_sql("DROP TABLE dashboard_cost")
    broken = ledger(engine)
    with pytest.raises(Unreachable, match="cannot be read now"):
        broken.spend(SHOP, *OCTOBER)
    assert ledger(engine, "cal", replace(READS, costs=False)).spend(SHOP, *OCTOBER) is None
    with pytest.raises(Unreachable, match="costs cannot be reached"):
        broken.add(SHOP, "x", rows("2026-10-01,brand,1,EUR,"))
