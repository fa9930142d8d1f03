"""PostgreSQL databases as the versions of Umami make them, and the contract's rows in them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Final

import psycopg

UUID, TIME, COUNT = "uuid", "timestamptz(6)", "integer"


def _texts(*names: str, length: int) -> dict[str, str]:
    return dict.fromkeys(names, f"varchar({length})")


DATES: Final = {"created_at": f"{TIME} DEFAULT now()", "updated_at": TIME}
BASE: Final[dict[str, dict[str, str]]] = {
    "website": {
        "website_id": f"{UUID} PRIMARY KEY",
        **_texts("name", length=100),
        **_texts("domain", length=500),
        "share_id": "varchar(50) UNIQUE",
        "reset_at": TIME,
        "user_id": UUID,
        "team_id": UUID,
        **DATES,
        "deleted_at": TIME,
    },
    "session": {
        "session_id": f"{UUID} PRIMARY KEY",
        "website_id": f"{UUID} NOT NULL",
        **_texts("hostname", length=100),
        **_texts("browser", "os", "device", "region", length=20),
        **_texts("screen", length=11),
        **_texts("language", length=35),
        "country": "char(2)",
        **_texts("city", length=50),
        "created_at": f"{TIME} DEFAULT now()",
    },
    "website_event": {
        "event_id": f"{UUID} PRIMARY KEY",
        **dict.fromkeys(("website_id", "session_id", "visit_id"), f"{UUID} NOT NULL"),
        "created_at": f"{TIME} DEFAULT now()",
        "url_path": "varchar(500) NOT NULL",
        **_texts("url_query", "referrer_path", "referrer_query", "referrer_domain", length=500),
        **_texts("page_title", length=500),
        "event_type": f"{COUNT} NOT NULL DEFAULT 1",
        **_texts("event_name", "tag", length=50),
    },
    "event_data": {
        "event_data_id": f"{UUID} PRIMARY KEY",
        **dict.fromkeys(("website_id", "website_event_id"), f"{UUID} NOT NULL"),
        **_texts("data_key", "string_value", length=500),
        "number_value": "numeric(19,4)",
        "date_value": TIME,
        "data_type": COUNT,
        "created_at": f"{TIME} DEFAULT now()",
    },
    "session_data": {
        "session_data_id": f"{UUID} PRIMARY KEY",
        **dict.fromkeys(("website_id", "session_id"), f"{UUID} NOT NULL"),
        **_texts("data_key", "string_value", length=500),
        "number_value": "numeric(19,4)",
        "date_value": TIME,
        "data_type": COUNT,
        "created_at": f"{TIME} DEFAULT now()",
    },
    "report": {
        "report_id": f"{UUID} PRIMARY KEY",
        **dict.fromkeys(("user_id", "website_id"), UUID),
        **_texts("type", "name", length=200),
        **_texts("description", length=500),
        "parameters": "varchar(6000)",
        **DATES,
    },
    "user": {"user_id": f"{UUID} PRIMARY KEY", **_texts("username", "password", length=255)},
    "team": {
        "team_id": f"{UUID} PRIMARY KEY",
        **_texts("name", "access_code", length=50),
        **DATES,
    },
    "team_user": {
        "team_user_id": f"{UUID} PRIMARY KEY",
        **dict.fromkeys(("team_id", "user_id"), UUID),
        **_texts("role", length=50),
        **DATES,
    },
}
"""The tables of 2.16."""
_LINK: Final = {
    **_texts("name", length=100),
    "slug": "varchar(100) UNIQUE",
    **dict.fromkeys(("user_id", "team_id"), UUID),
    **DATES,
    "deleted_at": TIME,
}
_NAMED: Final = {"website_id": UUID, **_texts("type", "name", length=200), "parameters": "jsonb"}
ADDED: Final[dict[str, dict[str, dict[str, str]]]] = {
    "2.17": {
        "website_event": {
            **_texts("utm_source", "utm_medium", "utm_campaign", "utm_content", length=255),
            **_texts("utm_term", "gclid", "fbclid", "msclkid", "ttclid", length=255),
            **_texts("li_fat_id", "twclid", length=255),
            **_texts("hostname", length=100),
        }
    },
    "2.18": {name: _texts("distinct_id", length=50) for name in ("session", "session_data")},
    "2.19": {
        "revenue": {
            "revenue_id": f"{UUID} PRIMARY KEY",
            **dict.fromkeys(("website_id", "session_id", "event_id"), UUID),
            **_texts("event_name", length=50),
            **_texts("currency", length=100),
            "revenue": "numeric(19,4)",
            "created_at": f"{TIME} DEFAULT now()",
        },
        "segment": {"segment_id": f"{UUID} PRIMARY KEY", **_NAMED, **DATES},
    },
    "2.20": {},
    "3.0": {
        "link": {"link_id": f"{UUID} PRIMARY KEY", **_LINK, **_texts("url", length=500)},
        "pixel": {"pixel_id": f"{UUID} PRIMARY KEY", **_LINK},
    },
    "3.1": {
        "website_event": {
            **dict.fromkeys(("lcp", "inp", "fcp", "ttfb"), "numeric(10,1)"),
            "cls": "numeric(10,4)",
        },
        "share": {
            "share_id": f"{UUID} PRIMARY KEY",
            "entity_id": UUID,
            **_texts("name", length=200),
            "share_type": "smallint",
            "slug": "varchar(100) UNIQUE",
            "parameters": "jsonb",
            **DATES,
        },
        "board": {"board_id": f"{UUID} PRIMARY KEY"},
    },
    "3.2": {"heatmap_event": {"heatmap_event_id": f"{UUID} PRIMARY KEY"}},
    "3.3": {
        "session_link": {
            "website_id": UUID,
            "session_id": UUID,
            **_texts("distinct_id", length=50),
            "created_at": TIME,
        },
        "app_setting": _texts("key", "value", length=255),
    },
    "3.4": {
        "annotation": {
            "annotation_id": f"{UUID} PRIMARY KEY",
            **dict.fromkeys(("website_id", "user_id"), UUID),
            "date": TIME,
            "all_day": "boolean DEFAULT true",
            **_texts("note", length=500),
            **DATES,
        },
    },
    "3.5": {"error_issue": {"issue_id": f"{UUID} PRIMARY KEY"}},
}
"""What each version added: tables and columns."""
REMOVED: Final = {"2.17": ("session", "hostname"), "3.1": ("website", "share_id")}
INDEXED: Final = ("website_event", "session", "event_data", "session_data")


def upgrade(connection: psycopg.Connection, version: str) -> None:
    """Upgrade the tables of the version before."""
    tables = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables")}
    for table, columns in ADDED[version].items():
        defined = [f'"{name}" {kind}' for name, kind in columns.items()]
        if table in tables:
            changes = ", ".join(f"ADD COLUMN {column}" for column in defined)
            connection.execute(f'ALTER TABLE "{table}" {changes}'.encode())
        else:
            connection.execute(f'CREATE TABLE "{table}" ({", ".join(defined)})'.encode())
    if version in REMOVED:
        table, column = REMOVED[version]
        connection.execute(f'ALTER TABLE "{table}" DROP COLUMN {column}'.encode())


def create(connection: psycopg.Connection, version: str) -> None:
    """Create the empty tables of a version."""
    for table, columns in BASE.items():
        defined = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f'CREATE TABLE "{table}" ({defined})'.encode())
    for table in INDEXED:
        connection.execute(f"CREATE INDEX ON {table} (created_at)".encode())
        connection.execute(f"CREATE INDEX ON {table} (website_id, created_at)".encode())
    connection.execute("CREATE INDEX ON event_data (website_event_id)")
    for added in ADDED:
        if tuple(map(int, added.split("."))) <= tuple(map(int, version.split("."))):
            upgrade(connection, added)


def fill(connection: psycopg.Connection, folder: Path) -> None:
    """Insert the rows of exported tables, as far as the version has such tables and columns."""
    for path in sorted(folder.glob("*.csv.gz")):
        table = path.name.split(".")[0]
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            header = next(csv.reader([file.readline()]))
            known = {
                row[0]
                for row in connection.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) "
                    "AND attnum > 0 AND NOT attisdropped",
                    [table],
                )
            }
            if not known:
                continue
            columns = [f'"{name}" {"text" if name not in known else ""}' for name in header]
            listed = ", ".join(f'"{name}"' for name in header if name in known)
            connection.execute(
                f'CREATE TEMP TABLE incoming AS SELECT * FROM "{table}" LIMIT 0'.encode()
            )
            for name, column in zip(header, columns, strict=True):
                if name not in known:
                    connection.execute(f"ALTER TABLE incoming ADD COLUMN {column}".encode())
            names = ", ".join(f'"{name}"' for name in header)
            command = f"COPY incoming ({names}) FROM STDIN (FORMAT csv)".encode()
            with connection.cursor() as cursor, cursor.copy(command) as copy:
                copy.write(file.read())
            connection.execute(
                f'INSERT INTO "{table}" ({listed}) SELECT {listed} FROM incoming'.encode()
            )
            connection.execute("DROP TABLE incoming")
