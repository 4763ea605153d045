import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

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
