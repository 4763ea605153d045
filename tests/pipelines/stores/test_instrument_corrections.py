import datetime as dt

import pytest
from pipelines.rows import TRAIL, listing, query
from support.symbol_histories import told

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import instrument_edits, instruments
from quantmatrix_pipelines.stores.instrument_corrections import (
    move_exchange,
    relist,
    set_end,
    set_exchange,
)
from quantmatrix_pipelines.stores.symbol_history import work_in

BEGINS = dt.date(2012, 5, 18)
RENAMED = dt.date(2022, 6, 9)
MOVED = dt.date(2021, 1, 4)


@pytest.fixture
def facebook(database: Database) -> None:
    """FB, which becomes META, and IBM."""
    instruments.record(database, listing("FB", "IBM", first_session=BEGINS))
    instrument_edits.rename(database, "FB", "META", on=RENAMED, trail=TRAIL)


pytestmark = pytest.mark.usefixtures("facebook")


def spells(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT symbol, exchange, valid_from::text, valid_to::text FROM instrument_symbols"
        " WHERE symbol <> 'IBM' ORDER BY valid_from, symbol",
    )


def add_fund(database: Database, symbol: str, since: dt.date) -> int:
    new = instrument_edits.Addition(symbol, "XNAS", "USD", InstrumentKind.ETF, None, since)
    return instrument_edits.add(database, new, trail=TRAIL)


def last_changes(database: Database) -> dict[str, object]:
    ((changes,),) = query(database, "SELECT changes FROM audit_events ORDER BY id DESC LIMIT 1")
    return changes


def refusal(database: Database, correct) -> str:
    """Gives what a correction is refused with, once it is seen that it changed nothing."""
    before = (spells(database), query(database, "SELECT count(*) FROM audit_events"))
    with pytest.raises(SettingsError) as refused:
        correct()
    assert (spells(database), query(database, "SELECT count(*) FROM audit_events")) == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_an_exchange_that_was_wrong_is_corrected_from_the_beginning(database: Database):
    set_exchange(database, "META", "XNAS", on=MOVED.replace(year=2023), trail=TRAIL)
    assert spells(database) == [
        ("FB", "XNYS", "2012-05-18", "2022-06-09"),
        ("META", "XNAS", "2022-06-09", None),
    ]
    assert query(
        database,
        "SELECT i.exchange FROM instruments i JOIN instrument_symbols s ON s.instrument_id = i.id"
        " WHERE s.symbol = 'META'",
    ) == [("XNAS",)]
    assert last_changes(database)["exchange"] == {"old": "XNYS", "new": "XNAS"}


def test_a_move_to_another_exchange_leaves_the_days_before_as_they_were(database: Database):
    move_exchange(database, "FB", "XNAS", since=MOVED, trail=TRAIL)
    assert spells(database) == [
        ("FB", "XNYS", "2012-05-18", "2021-01-04"),
        ("FB", "XNAS", "2021-01-04", "2022-06-09"),
        ("META", "XNYS", "2022-06-09", None),
    ]
    assert last_changes(database)["valid_from"] == {"old": "2012-05-18", "new": "2021-01-04"}


def test_a_history_told_again_does_not_undo_a_corrected_exchange(database: Database):
    history = told("fb", "FB", "2012-05-18", "2022-06-09").vstack(told("fb", "META", "2022-06-09"))

    def changes():
        return work_in(database, history, source="maps", seen_on=dt.date(2024, 1, 2))

    changes()
    set_exchange(database, "META", "XNAS", on=RENAMED, trail=TRAIL)
    move_exchange(database, "META", "BATS", since=dt.date(2023, 1, 3), trail=TRAIL)
    assert changes().is_empty


def test_an_exchange_on_which_another_instrument_has_the_symbol_is_refused(database: Database):
    instruments.record(database, listing("META", exchange="XLON", first_session=BEGINS))
    said = refusal(
        database, lambda: set_exchange(database, "META", "XLON", on=RENAMED, trail=TRAIL)
    )
    assert "means instruments" in said
    said = refusal(database, lambda: set_exchange(database, "FB", "XNYS", on=BEGINS, trail=TRAIL))
    assert said == "FB is on XNYS already."


def test_an_exchange_whose_symbol_was_another_instruments_later_is_refused(database: Database):
    later = dt.date(2022, 1, 3)
    instruments.record(database, listing("FB", exchange="XLON", first_session=later))
    said = refusal(database, lambda: set_exchange(database, "FB", "XLON", on=MOVED, trail=TRAIL))
    assert said.startswith("FB on XLON from 2012-05-18 until 2022-06-09 would overlap instrument ")
    assert "'s FB on XLON from 2022-01-03 on" in said


def test_a_move_on_the_first_date_is_no_move(database: Database):
    said = refusal(
        database, lambda: move_exchange(database, "FB", "XNAS", since=BEGINS, trail=TRAIL)
    )
    assert "leave out --from" in said


@pytest.mark.parametrize("right", [dt.date(2022, 6, 1), dt.date(2022, 6, 10)])
def test_the_date_of_a_rename_is_corrected_on_both_sides(database: Database, right: dt.date):
    _, wrong = set_end(database, "FB", right, on=None, trail=TRAIL)
    assert wrong == RENAMED
    assert spells(database) == [
        ("FB", "XNYS", "2012-05-18", str(right)),
        ("META", "XNYS", str(right), None),
    ]
    moved = {"old": "2022-06-09", "new": str(right)}
    assert last_changes(database) == {
        "symbol": {"old": "FB", "new": "FB"},
        "valid_to": moved,
        "valid_from": moved,
    }


@pytest.mark.parametrize("right", [dt.date(2023, 1, 3), dt.date(2023, 9, 1)])
def test_the_date_of_a_delisting_is_corrected_with_the_symbol(database: Database, right: dt.date):
    instrument_edits.delist(database, "META", on=dt.date(2023, 6, 1), trail=TRAIL)
    set_end(database, "META", right, on=None, trail=TRAIL)
    assert spells(database)[-1] == ("META", "XNYS", "2022-06-09", str(right))
    assert query(
        database, "SELECT status, delisted_on::text FROM instruments WHERE status = 'delisted'"
    ) == [("delisted", str(right))]
    assert last_changes(database)["delisted_on"] == {"old": "2023-06-01", "new": str(right)}


def test_an_end_beyond_another_instruments_use_of_the_symbol_is_refused(database: Database):
    another = add_fund(database, "FB", dt.date(2022, 6, 20))
    late = dt.date(2022, 6, 21)
    said = refusal(database, lambda: set_end(database, "FB", late, on=None, trail=TRAIL))
    assert said == (
        "FB on XNYS from 2012-05-18 until 2022-06-21 would overlap instrument"
        f" {another}'s FB on XNAS from 2022-06-20 on; nothing is changed."
    )
    # Up to the day on which the other begins there is room.
    set_end(database, "FB", dt.date(2022, 6, 20), on=None, trail=TRAIL)
    assert spells(database)[0] == ("FB", "XNYS", "2012-05-18", "2022-06-20")


def test_a_next_symbol_is_not_moved_into_another_instruments_use_of_it(database: Database):
    another = add_fund(database, "NEW", MOVED)
    instrument_edits.delist(database, "NEW", on=RENAMED, trail=TRAIL)
    instrument_edits.rename(database, "IBM", "NEW", on=RENAMED, trail=TRAIL)
    early = dt.date(2022, 6, 1)
    said = refusal(database, lambda: set_end(database, "IBM", early, on=None, trail=TRAIL))
    assert said == (
        f"NEW on XNYS from 2022-06-01 on would overlap instrument {another}'s"
        " NEW on XNAS from 2021-01-04 until 2022-06-09; nothing is changed."
    )


@pytest.mark.parametrize(
    ("symbol", "end", "on", "said"),
    [
        ("FB", BEGINS, None, "FB begins on 2012-05-18, so 2012-05-18 cannot be where it ends."),
        ("FB", RENAMED, None, "FB ends on 2022-06-09 already."),
        ("IBM", RENAMED, None, "IBM never ended"),
        ("META", RENAMED, RENAMED, "META has no end on 2022-06-09"),
        ("METTA", RENAMED, None, "Did you mean 'META'?"),
    ],
)
def test_an_end_that_cannot_be_is_refused(
    database: Database, symbol: str, end: dt.date, on: dt.date | None, said: str
):
    assert said in refusal(database, lambda: set_end(database, symbol, end, on=on, trail=TRAIL))


DELISTED = dt.date(2023, 6, 1)


def status(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT i.status, i.delisted_on::text FROM instruments i JOIN instrument_symbols s"
        " ON s.instrument_id = i.id WHERE s.symbol = 'META'",
    )


def test_a_delisting_that_never_was_is_taken_back_with_its_symbol(database: Database):
    before = spells(database)
    instrument_edits.delist(database, "META", on=DELISTED, trail=TRAIL)
    _, wrong = relist(database, "META", on=None, trail=TRAIL)
    assert (wrong, spells(database), status(database)) == (DELISTED, before, [("listed", None)])
    taken_back = {"old": "2023-06-01", "new": None}
    assert last_changes(database) == {
        "symbol": {"old": "META", "new": "META"},
        "status": {"old": "delisted", "new": "listed"},
        "delisted_on": taken_back,
        "valid_to": taken_back,
    }


def test_a_symbol_that_ended_otherwise_is_not_relisted(database: Database):
    renamed = refusal(database, lambda: relist(database, "FB", on=None, trail=TRAIL))
    assert renamed.startswith("FB ended on 2022-06-09 and instrument ")
    assert renamed.endswith(" is listed; `set-end` corrects the date of a rename.")
    instrument_edits.delist(database, "META", on=DELISTED, trail=TRAIL)
    earlier = refusal(database, lambda: relist(database, "FB", on=None, trail=TRAIL))
    assert "was delisted on 2023-06-01 as META, and FB ended on 2022-06-09 already" in earlier
    never = refusal(database, lambda: relist(database, "IBM", on=None, trail=TRAIL))
    assert "IBM never ended" in never
    assert "Did you mean 'META'?" in refusal(
        database, lambda: relist(database, "METTA", on=None, trail=TRAIL)
    )


def test_a_symbol_another_instrument_has_since_is_not_taken_back(database: Database):
    instrument_edits.delist(database, "META", on=DELISTED, trail=TRAIL)
    another = add_fund(database, "META", dt.date(2023, 7, 3))
    said = refusal(database, lambda: relist(database, "META", on=RENAMED, trail=TRAIL))
    assert said == (
        "META on XNYS from 2022-06-09 on would overlap instrument"
        f" {another}'s META on XNAS from 2023-07-03 on; nothing is changed."
    )
