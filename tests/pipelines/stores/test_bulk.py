import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from quantmatrix_engine.errors import DatabaseError
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection to a database with a table that any frame of these tests fits into."""
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE kept (id bigint UNIQUE, words text, amount numeric(20, 6),"
                " ratio double precision, at timestamptz, session date, is_final boolean)"
            )
        )
        yield connection


def stored(connection: Connection, column: str) -> list[object]:
    rows = connection.execute(text(f'SELECT "{column}" FROM kept ORDER BY id'))  # noqa: S608
    return [row[0] for row in rows]


def numbered(**columns: pl.Series | list[object]) -> pl.DataFrame:
    return pl.DataFrame(columns).with_row_index("id").cast({"id": pl.Int64})


TEXTS = ["", None, "plain", 'a "quote"', "it's", "two\nlines", "a\r\nb", "a,b;c\td", "\\N", "\\."]
TEXTS += ["ü € 𝄞 نص", "null", "NULL", " blanks ", "1.50", "{}"]


@pytest.mark.parametrize("way", [bulk.insert, bulk.insert_new])
def test_texts_arrive_as_they_are_and_null_is_not_the_empty_text(connection, way):
    way(connection, "kept", numbered(words=TEXTS))
    assert stored(connection, "words") == TEXTS


def test_a_single_column_of_awkward_texts_arrives_as_it_is(connection):
    bulk.copy_into(connection, "kept", pl.DataFrame({"words": ["", None, "\\.", "x"]}))
    assert sorted(map(repr, stored(connection, "words"))) == ["''", "'\\\\.'", "'x'", "None"]


def test_decimals_arrive_to_the_last_digit(connection):
    amounts = [Decimal("0.000001"), Decimal("12345678901234.654321"), Decimal("-1.5"), None]
    frame = numbered(amount=pl.Series(amounts, dtype=pl.Decimal(20, 6)))
    bulk.insert(connection, "kept", frame)
    assert stored(connection, "amount") == amounts


def test_floats_arrive_to_the_last_bit(connection):
    ratios = [0.1, 1e-300, 1.7976931348623157e308, 1 / 3, -0.0, None]
    bulk.insert(connection, "kept", numbered(ratio=ratios))
    assert stored(connection, "ratio") == ratios


MOMENT = dt.datetime(2026, 11, 20, 16, 0, 0, 123456, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("unit", ["us", "ms"])
def test_a_moment_stays_the_same_moment_whatever_zone_it_is_written_in(connection, zone, unit):
    moment = MOMENT.replace(microsecond=123000)
    series = pl.Series([moment, None], dtype=pl.Datetime(unit, zone))
    bulk.insert(connection, "kept", numbered(at=series))
    assert stored(connection, "at") == [moment.astimezone(dt.UTC), None]


def test_microseconds_dates_and_truth_arrive(connection):
    day = dt.date(2026, 11, 20)
    at = pl.Series([MOMENT, None], dtype=pl.Datetime("us", "UTC"))
    bulk.insert(connection, "kept", numbered(at=at, session=[day, None], is_final=[True, False]))
    assert stored(connection, "at") == [MOMENT, None]
    assert stored(connection, "session") == [day, None]
    assert stored(connection, "is_final") == [True, False]


def test_columns_are_matched_by_name_and_not_by_place(connection):
    bulk.insert(connection, "kept", pl.DataFrame({"words": ["seven"], "id": [7]}))
    assert stored(connection, "words") == ["seven"]


def test_rows_that_are_there_are_left_alone_and_the_new_ones_counted(connection):
    first = pl.DataFrame({"id": [1, 2], "words": ["one", "two"]})
    again = pl.DataFrame({"id": [2, 3, 4, 4], "words": ["changed", "three", "four", "again"]})
    assert bulk.insert_new(connection, "kept", first) == 2
    assert bulk.insert_new(connection, "kept", again) == 2
    assert stored(connection, "words") == ["one", "two", "three", "four"]


def test_no_rows_are_no_statement(connection):
    empty = pl.DataFrame(schema={"id": pl.Int64, "no_such_column": pl.Int64})
    assert bulk.insert_new(connection, "kept", empty) == 0
    bulk.insert(connection, "kept", empty)
    assert stored(connection, "id") == []


def test_a_refused_row_is_an_error_and_nothing_is_written(connection):
    with pytest.raises(IntegrityError, match="kept_id_key"), connection.begin_nested():
        bulk.insert(connection, "kept", pl.DataFrame({"id": [1, 2, 2]}))
    assert stored(connection, "id") == []


def test_a_zero_byte_which_no_text_can_have_is_replaced(connection):
    bulk.insert(connection, "kept", numbered(words=["1\x002", "\x00"]))
    assert stored(connection, "words") == ["1\ufffd2", "\ufffd"]


def test_a_large_frame_arrives_whole(connection):
    frame = pl.DataFrame({"id": range(50_000)}).with_columns(words=pl.lit("x" * 50))
    assert bulk.insert_new(connection, "kept", frame) == 50_000
    assert connection.execute(text("SELECT count(*), sum(id) FROM kept")).one() == (
        50_000,
        1_249_975_000,
    )


# Upserts


def test_an_upsert_adds_what_is_new_and_brings_the_rest_up_to_date(connection):
    bulk.insert(connection, "kept", numbered(words=["a", "b", "c"]))
    changed = pl.DataFrame({"id": [1, 2, 3], "words": ["B", "c", "d"]})
    assert bulk.upsert(connection, "kept", changed, key=["id"]) == 2
    assert stored(connection, "words") == ["a", "B", "c", "d"]


def test_an_upsert_leaves_columns_alone_that_the_frame_does_not_have(connection):
    bulk.insert(connection, "kept", numbered(words=["a"], ratio=[0.5]))
    bulk.upsert(connection, "kept", numbered(words=["b"]), key=["id"])
    assert stored(connection, "ratio") == [0.5]


def test_an_upsert_leaves_fixed_columns_of_a_row_that_is_there_alone(connection):
    bulk.insert(connection, "kept", numbered(words=["a"], ratio=[0.5]))
    changed = numbered(words=["b", "c"], ratio=[0.75, 0.25])
    assert bulk.upsert(connection, "kept", changed, key=["id"], fixed=["words"]) == 2
    assert (stored(connection, "words"), stored(connection, "ratio")) == (["a", "c"], [0.75, 0.25])


def test_an_upsert_takes_a_null_for_a_value_and_a_value_for_a_null(connection):
    bulk.insert(connection, "kept", numbered(words=["a", None, None]))
    changed = numbered(words=pl.Series([None, "b", None], dtype=pl.String))
    assert bulk.upsert(connection, "kept", changed, key=["id"]) == 2
    assert stored(connection, "words") == [None, "b", None]


def test_an_upsert_of_keys_alone_changes_nothing_that_is_there(connection):
    bulk.insert(connection, "kept", numbered(words=["a"]))
    assert bulk.upsert(connection, "kept", pl.DataFrame({"id": [0, 1]}), key=["id"]) == 1
    assert stored(connection, "words") == ["a", None]


def test_an_upsert_that_names_a_key_twice_is_refused_and_writes_nothing(connection):
    twice = pl.DataFrame({"id": [5, 5], "words": ["a", "b"]})
    with (
        pytest.raises(DBAPIError, match="cannot affect row a second time"),
        connection.begin_nested(),
    ):
        bulk.upsert(connection, "kept", twice, key=["id"])
    assert stored(connection, "id") == []


def test_an_upsert_of_nothing_writes_nothing(connection):
    assert bulk.upsert(connection, "kept", numbered(words=["a"]).clear(), key=["id"]) == 0


def test_an_upsert_obeys_row_security(database: Database):
    with database.engine.begin() as owner:
        owner.execute(text("INSERT INTO users (id, name) VALUES (1, 'ada'), (2, 'ben')"))
        owner.execute(text("GRANT ALL ON discord_webhooks TO quantmatrix_app"))
    mine = pl.DataFrame({"user_id": [1], "channel": ["signals"], "sealed_url": ["sealed"]})
    with database.transaction(Role.APP, user_id=1) as connection:
        assert bulk.upsert(connection, "discord_webhooks", mine, key=["user_id", "channel"]) == 1
    theirs = mine.with_columns(user_id=pl.lit(2, pl.Int64))
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(Role.APP, user_id=1) as connection,
    ):
        bulk.upsert(connection, "discord_webhooks", theirs, key=["user_id", "channel"])


# ----------------------------------------
# Read
# ----------------------------------------


def everything() -> pl.DataFrame:
    """Rows of each type a column of ours has, with what is awkward in each."""
    rows = len(TEXTS)
    moments = [dt.datetime(2026, 11, 20, 21, 0, 0, n * 100_001, tzinfo=dt.UTC) for n in range(9)]
    return pl.DataFrame(
        {
            "id": range(rows),
            "words": TEXTS,
            "amount": pl.Series(
                [Decimal("12345678901234.654321"), None] + [Decimal("-0.000001")] * (rows - 2),
                dtype=pl.Decimal(20, 6),
            ),
            "ratio": [0.1, None, 1e-300, -1.7976931348623157e308, math.nan, math.inf, -math.inf]
            + [1 / 3] * (rows - 7),
            "at": pl.Series(
                [*moments, None, *moments][:rows], dtype=pl.Datetime("us", time_zone="UTC")
            ),
            "session": [dt.date(1962, 1, 2), None] + [dt.date(2026, 11, 20)] * (rows - 2),
            "is_final": [True, False, None] + [True] * (rows - 3),
        }
    )


def test_what_was_written_is_read_as_it_was(connection):
    rows = everything()
    bulk.insert(connection, "kept", rows)
    read = bulk.read(connection, "SELECT * FROM kept ORDER BY id", {}, rows.schema)
    assert_frame_equal(read, rows)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_moments_are_read_in_utc_whatever_the_zone_of_the_connection(connection, zone):
    rows = everything().select("id", "at")
    bulk.insert(connection, "kept", rows)
    connection.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
    read = bulk.read(connection, "SELECT id, at FROM kept ORDER BY id", {}, rows.schema)
    assert_frame_equal(read, rows)


def test_dates_are_read_as_they_are_whatever_the_style_of_the_server(connection):
    bulk.insert(connection, "kept", everything())
    connection.execute(text("SET LOCAL datestyle = 'SQL, MDY'"))
    asked = "SELECT * FROM kept ORDER BY id"
    assert_frame_equal(bulk.read(connection, asked, {}, everything().schema), everything())


def test_what_the_database_refuses_is_the_error_of_any_other_statement(database: Database):
    with pytest.raises(ProgrammingError), database.transaction(Role.PIPELINE) as connection:
        bulk.read(connection, "SELECT * FROM nowhere", {}, {})
    with database.engine.begin() as connection:
        connection.execute(text(_DEADLOCK))
    broken_off = pytest.raises(DatabaseError, match="broke off")
    with broken_off, database.transaction(Role.PIPELINE) as connection:
        bulk.read(connection, "SELECT deadlock() AS x", {}, {"x": pl.String})


def test_a_query_is_read_with_its_values(connection):
    bulk.insert(connection, "kept", everything())
    asked = {"words": "it's", "ids": [1, 4, 7], "after": dt.date(2026, 1, 1)}
    read = bulk.read(
        connection,
        "SELECT id, words FROM kept WHERE words LIKE '%%' AND session > :after"
        " AND (words = :words OR id = ANY(:ids)) ORDER BY id",
        asked,
        {"id": pl.Int64, "words": pl.String},
    )
    assert read.rows() == [(4, "it's"), (7, "a,b;c\td")]


def test_no_rows_are_read_as_an_empty_frame_of_the_types(connection):
    schema = everything().schema
    read = bulk.read(connection, "SELECT * FROM kept", {}, schema)
    assert read.schema == schema
    assert read.is_empty()


def test_a_single_column_of_texts_and_nulls_is_read_as_it_is(connection):
    bulk.insert(connection, "kept", everything().select("id", "words"))
    read = bulk.read(connection, "SELECT words FROM kept ORDER BY id", {}, {"words": pl.String})
    assert read.to_series().to_list() == TEXTS


def test_only_rows_of_the_user_are_read(database: Database):
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO users (name, cohort) VALUES ('ada', 0), ('bo', 1)"))
        first = connection.execute(text("SELECT min(id) FROM users")).scalar_one()
    with database.transaction(Role.APP, user_id=first) as connection:
        read = bulk.read(
            connection, "SELECT id, name FROM users", {}, {"id": pl.Int64, "name": pl.String}
        )
    assert read.rows() == [(first, "ada")]


_DEADLOCK = """
CREATE FUNCTION deadlock() RETURNS text LANGUAGE plpgsql AS
'BEGIN RAISE EXCEPTION USING ERRCODE = ''40P01''; END'
"""
