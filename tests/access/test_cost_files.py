"""Files with costs: formats of Google Ads, Meta Ads and spreadsheets, and what is refused."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from access.cost_files import MOST_BYTES, MOST_ROWS, parse
from umami.errors import InvalidView

GOOGLE = """Campaign report
"October 1, 2026 - October 31, 2026"
Day,Campaign,Currency code,Cost,Clicks,Impr.
2026-10-01,Spring Sale,EUR,"1,234.56",12,"1,234"
2026-10-02,=cmd(),EUR, --,0,0
2026-10-02,Total: brand,EUR,5.00,1,10
Total: Account,,EUR,"1,239.56",13,"1,244"
Total: Campaigns,,EUR,"1,239.56",13,"1,244"
"""
META = """Reporting starts,Reporting ends,Campaign name,Amount spent (EUR),Link clicks,Clicks (all)
2026-10-01,2026-10-01,Brand,12.5,3,9
2026-10-01,2026-10-01,Brand,,,
,,,12.5,3,9
"""
GERMAN = """Tag;Kampagne;Kosten;Währung;Impr.
31.10.2026;Grün;1.234,56;eur;1.000
01.10.2026;Grün;1.234;USD;7
"""


def costs(content: bytes | str, currency: str = "", source: str = "") -> list[tuple[Any, ...]]:
    """Day, campaign, source, currency and amount of each row."""
    rows = parse(content).rows(currency, source)
    return [
        (f"{row.day:%Y-%m-%d}", row.campaign, row.source, row.currency, row.micros / 1e6)
        for row in rows.itertuples()
    ]


def refusal(content: bytes | str, currency: str = "EUR") -> str:
    with pytest.raises(InvalidView) as refused:
        parse(content).rows(currency)
    return f"{refused.value} {refused.value.remedy}"


@pytest.mark.parametrize("encode", [str, str.encode, lambda text: text.encode("utf-8-sig")])
def test_google_ads(encode: Any) -> None:
    file = parse(encode(GOOGLE))
    assert (file.kind, file.names_currency, file.names_source) == ("google", True, False)
    assert costs(encode(GOOGLE), source="google") == [
        ("2026-10-01", "Spring Sale", "google", "EUR", 1234.56),
        ("2026-10-02", "=cmd()", "google", "EUR", 0.0),
        ("2026-10-02", "Total: brand", "google", "EUR", 5.0),
    ]
    assert file.rows()["impressions"].tolist() == [1234, 0, 10]


def test_google_ads_in_utf_16_with_tabs() -> None:
    rows = csv.reader(StringIO(GOOGLE))
    text = "\n".join("\t".join(row) for row in rows)
    assert costs(text.encode("utf-16")) == costs(GOOGLE)


def test_meta_ads() -> None:
    file = parse(META)
    assert (file.kind, file.names_currency) == ("meta", True)
    assert costs(META) == [("2026-10-01", "Brand", "", "EUR", 12.5)]
    assert file.rows()["clicks"].tolist() == [3]
    over_days = META.replace("2026-10-01,2026-10-01,Brand,12", "2026-10-01,2026-10-07,Brand,12")
    said = refusal(over_days)
    assert "Line 2, column “Reporting ends”" in said
    assert "break down by day in Meta Ads" in said


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_german_numbers_and_days(encoding: str) -> None:
    assert costs(GERMAN.encode(encoding)) == [
        ("2026-10-31", "Grün", "", "EUR", 1234.56),
        ("2026-10-01", "Grün", "", "USD", 1234.0),
    ]


def test_currencies_are_not_added() -> None:
    lines = "day,campaign,cost,currency\n" + "".join(
        f"2026-10-01,a,{amount},{currency}\n" for amount, currency in [(1, "EUR"), (2, "USD")] * 2
    )
    assert [row[3:] for row in costs(lines)] == [("EUR", 2.0), ("USD", 4.0)]
    assert "Choose the currency" in refusal("day,campaign,cost\n2026-10-01,a,1", "")


@pytest.mark.parametrize(
    ("days", "read"),
    [
        (["10/31/2026", "10/01/2026"], ["2026-10-31", "2026-10-01"]),
        (["31/10/2026", "01/10/2026"], ["2026-10-31", "2026-10-01"]),
        (["10/10/2026"], ["2026-10-10"]),
        (["2026-1-2", "2026/01/03"], ["2026-01-02", "2026-01-03"]),
        (["01/10/2026", "2026-10-31"], None),
        (["31/10/2026", "10/31/2026"], None),
        (["2026-02-29"], None),
        (["1850-01-01"], None),
    ],
)
def test_days_have_one_reading(days: list[str], read: list[str] | None) -> None:
    lines = "day,campaign,cost\n" + "".join(f"{day},a{at},1\n" for at, day in enumerate(days))
    if read is None:
        assert "column “day”" in refusal(lines)
        assert "2026-10-31" in refusal(lines)
    else:
        assert [row[0] for row in costs(lines, "EUR")] == read


@pytest.mark.parametrize(
    ("amounts", "read"),
    [
        (["1,234.56", "1,234"], [1234.56, 1234.0]),
        (["1.234,56", "1.234"], [1234.56, 1234.0]),
        (["12,5", "1.234"], [12.5, 1234.0]),
        (["1 234,50", "1’234,50"], [1234.5, 1234.5]),
        (["0", "0.000001"], [0.0, 0.000001]),
        (["1,234", "7"], None),
        (["1.234", "7"], None),
        (["-1"], None),
        (["=1+1"], None),
        (["€5"], None),
        (["1e5"], None),
        (["nan"], None),
        (["９"], None),
        ([""], None),
        (["1.5", "1,5"], None),
    ],
)
def test_amounts_have_one_reading(amounts: list[str], read: list[float] | None) -> None:
    lines = "day\tcampaign\tcost\n" + "".join(
        f"2026-10-01\ta{at}\t{amount}\n" for at, amount in enumerate(amounts)
    )
    if read is None:
        assert "column “cost”" in refusal(lines)
    else:
        assert [row[4] for row in costs(lines, "EUR")] == read


@pytest.mark.parametrize(
    "line", ["Total: Account,,9.00", "Summe,,9.00", " -- ,Total: Campaigns,9.00", ",,9.00"]
)
def test_totals_are_left_out(line: str) -> None:
    lines = f"day,campaign,cost\n2026-10-01,Total Care,1.00\n{line}\n"
    assert [row[1] for row in costs(lines, "EUR")] == ["Total Care"]
    turned = "\n".join(",".join((b, a, c)) for a, b, c in csv.reader(StringIO(lines)))
    assert [row[1] for row in costs(turned, "EUR")] == ["Total Care"]


def test_tags_come_before_names_of_ads() -> None:
    lines = "day,campaign name,source,utm_campaign,utm_source,cost\n2026-10-01,A,B,a,b,1.00\n"
    assert costs(lines, "EUR")[0][1:3] == ("a", "b")


def test_whole_numbers_tell_the_sign_of_decimals() -> None:
    lines = 'day,campaign,cost,impressions\n2026-10-01,a,"1,234","12,345"\n'
    assert costs(lines, "JPY")[0][4] == 1234.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "names its columns"),
        ("a,b\n1,2", "names its columns"),
        ("campaign,cost\na,2", "names no column of the day"),
        ("day,cost\n2026-10-01,2", "names no column of the campaign"),
        ("day,campaign,cost\n", "has no costs"),
        ("day,campaign,cost\n2026-10-01,,2", "Line 2, column “campaign”: The line names no"),
        (f"day,campaign,cost\n2026-10-01,{'x' * 201},2", "longer than 200"),
        ("day,campaign,cost,currency\n2026-10-01,a,2,Euro", "“Euro” is no currency"),
        ("day,campaign,cost,clicks\n2026-10-01,a,2,1.5", "Line 2, column “clicks”"),
        (
            "day,campaign,cost (EUR),currency\n2026-10-01,a,1,USD",
            "“USD” is not the currency",
        ),
        ("campaign,day,cost\nTotal Care,Oct 5,1\nb,2026-10-05,1\n", "“Oct 5” is no day"),
        ("day,campaign,amount spent (EUR),amount spent (USD)\n2026-10-01,a,2,2", "Several col"),
        (b"PK\x03\x04\x00\x00", "is no text"),
        (b"x" * (MOST_BYTES + 1), "larger than 10 MB"),
        ("day,campaign,cost\n" + f"2026-10-01,{'y' * 140_000},1\n", "cannot be read as CSV"),
        ("day,campaign,cost\nsoon,a,1\nlater,b,1\n", "Line 2, column “day”: “soon” is no day"),
        ("day,campaign,cost\nsoon,a,1\nlater,b,1\n", "Further faults: 1."),
        ('day,campaign,cost\n"2026-10-01","a\nb",1\n2026-10-01,c,x\n', "Line 4"),
    ],
)
def test_faults_name_their_place(content: bytes | str, said: str) -> None:
    assert said in refusal(content)


def test_names_are_on_one_line() -> None:
    lines = 'day,campaign,cost\n2026-10-01,"<script>\n\x00\u202ealert(1)",1\n'
    assert costs(lines, "EUR")[0][1] == "<script> alert(1)"


def test_largest_file_is_read() -> None:
    header = "day,campaign,cost,currency\n"
    lines = [f"2026-10-{1 + at % 31:02},campaign {at},{at}.25,EUR\n" for at in range(MOST_ROWS)]
    rows = parse((header + "".join(lines)).encode()).rows()
    assert len(rows) == MOST_ROWS
    assert rows["micros"].sum() == MOST_ROWS * 250_000 + 10**6 * sum(range(MOST_ROWS))
    doubled = [line.replace("\n", "\r\r\n") for line in lines]
    assert len(parse(header + "".join(doubled)).frame) == MOST_ROWS
    said = refusal(header + "".join([*doubled, lines[0]]))
    assert "more than 50000 lines" in said
    assert "Split it by month" in said


@given(
    rows=some.lists(
        some.tuples(
            some.dates(date(2020, 1, 1), date(2030, 1, 1)),
            some.sampled_from(["brand", "Spring, Sale", "=1+1", 'the "best"', "Ä; ö"]),
            some.integers(0, 10**12),
            some.sampled_from(["EUR", "USD", "JPY"]),
        ),
        min_size=1,
        max_size=20,
    ),
    style=some.sampled_from([(",", ","), (",", "."), ("\t", "."), (";", ","), ("\t", ",")]),
)
def test_what_is_written_is_read(rows: list[tuple[date, str, int, str]], style: Any) -> None:
    delimiter, decimal = style
    file = StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["Date", "Campaign", "Spend", "Currency"])
    for day, campaign, cents, currency in rows:
        grouped = f"{cents // 100:,}.{cents % 100:02}"
        amount = grouped if decimal == "." else grouped.translate(str.maketrans(",.", ".,"))
        writer.writerow([day.isoformat(), campaign, amount, currency])
    expected: dict[tuple[Any, ...], int] = {}
    for day, campaign, cents, currency in rows:
        key = (pd.Timestamp(day), campaign, currency)
        expected[key] = expected.get(key, 0) + cents * 10_000
    read = parse(file.getvalue()).rows()
    keys = zip(read["day"], read["campaign"], read["currency"], strict=True)
    assert dict(zip(keys, read["micros"], strict=True)) == expected
