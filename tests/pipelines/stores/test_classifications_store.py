import datetime as dt
from pathlib import Path

import pytest
from pipelines.rows import add_instrument, query

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.universe.sectors import Imported, import_file
from quantmatrix_pipelines.stores import classifications

TODAY = dt.date(2026, 11, 20)
HEADER = "symbol,sector,industry,scheme,valid_from,valid_to\n"


def imported(database: Database, path: Path, *rows: str) -> Imported:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return import_file(database, path, today=TODAY)


def kept(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT instrument_id, scheme, sector, industry, valid_from, valid_to"
        " FROM instrument_classifications ORDER BY instrument_id, scheme, valid_from",
    )


def test_sectors_of_a_file_are_kept_once_and_a_later_one_ends_the_one_before(
    database: Database, tmp_path: Path
):
    aaa, bbb = add_instrument(database, "AAA"), add_instrument(database, "BBB")
    path = tmp_path / "sectors.csv"
    assert not classifications.any_known(database)
    first = ("AAA,Energy,Oil,,2020-01-02,", "BBB,Mining,,sic,2020-01-02,2024-01-02")
    assert imported(database, path, *first).added == 2
    assert imported(database, path, *first).added == 0
    assert imported(database, path, "AAA,Utilities,,gics,2025-01-02,").added == 1
    day, end, change = dt.date(2020, 1, 2), dt.date(2024, 1, 2), dt.date(2025, 1, 2)
    assert kept(database) == [
        (aaa, "gics", "Energy", "Oil", day, change),
        (aaa, "gics", "Utilities", None, change, None),
        (bbb, "sic", "Mining", None, day, end),
    ]
    assert classifications.any_known(database)


def test_what_contradicts_a_known_sector_changes_nothing(database: Database, tmp_path: Path):
    add_instrument(database, "AAA")
    path = tmp_path / "sectors.csv"
    imported(database, path, "AAA,Energy,,,2020-01-02,")
    before = kept(database)
    assert imported(database, path, "AAA,Utilities,,,2020-01-02,").added == 0
    assert kept(database) == before


def test_a_symbol_that_means_nobody_is_a_finding(database: Database, tmp_path: Path):
    add_instrument(database, "AAA")
    path = tmp_path / "sectors.csv"
    done = imported(database, path, "AAA,Energy,,,2020-01-02,", "NONE,Energy,,,2020-01-02,")
    assert done.added == 1
    assert done.findings.select("symbol", "rule").rows() == [("NONE", "unknown_symbol")]


def test_a_file_without_sectors_is_refused(database: Database, tmp_path: Path):
    path = tmp_path / "sectors.csv"
    path.write_text("symbol,valid_from\nAAA,2020-01-02\n")
    with pytest.raises(SettingsError, match="has no column 'sector'"):
        import_file(database, path, today=TODAY)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("AAA,Energy,,my scheme,2020-01-02,", "line 2: scheme = 'my scheme' should be a word"),
        ("AAA,Energy,,,2020-01-02,2020-01-02", "line 2: valid_to = '2020-01-02' should be a date"),
    ],
)
def test_a_row_that_no_table_could_hold_is_refused_by_its_line(
    database: Database, tmp_path: Path, row: str, told: str
):
    with pytest.raises(SettingsError, match=told):
        imported(database, tmp_path / "sectors.csv", row)
    assert kept(database) == []
