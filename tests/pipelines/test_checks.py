import dagster as dg
import polars as pl
import pytest
from pipelines.rows import findings

from quantmatrix_pipelines import checks

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def broken(rows: int) -> pl.DataFrame:
    return findings(*({"source_row": number} for number in range(rows)))


def told(found: pl.DataFrame, *, rows: int, bad_rows: int) -> dg.AssetCheckResult:
    tally = checks.Tally()
    tally.add(found, rows=rows, bad_rows=bad_rows)
    return tally.result()


@pytest.mark.parametrize(
    ("rows", "bad_rows", "severity"),
    [
        *((10, 1, WARN), (10, 9, WARN), (1, 1, ERROR), (10, 10, ERROR)),
        *((400, 99, WARN), (400, 100, ERROR), (1000, 200, WARN), (1000, 201, ERROR)),
    ],
)
def test_bad_rows_are_an_error_where_they_are_a_hundred_and_over_a_fifth_or_all_there_are(
    rows: int, bad_rows: int, severity: dg.AssetCheckSeverity
):
    result = told(broken(bad_rows), rows=rows, bad_rows=bad_rows)
    assert not result.passed
    assert result.severity == severity
    assert f"{bad_rows} of {rows:,} rows" in str(result.description)


def test_no_rows_at_all_are_an_error():
    result = told(broken(0), rows=0, bad_rows=0)
    assert (result.passed, result.severity) == (False, ERROR)
    assert result.description == "There are no rows at all."


def test_rows_without_a_finding_pass():
    result = told(broken(0), rows=1000, bad_rows=0)
    assert result.passed
    assert result.description == "All 1,000 rows keep the contract."


def test_stretches_add_up_and_what_was_written_before_counts_as_good():
    tally = checks.Tally()
    tally.add(broken(1), rows=10, bad_rows=1)
    tally.add(broken(2), rows=10, bad_rows=2)
    tally.add_written_before(80)
    result = tally.result()
    assert result.severity == WARN
    assert "3 of 100 rows" in str(result.description)
    resumed = checks.Tally()
    resumed.add_written_before(80)
    assert resumed.result().passed


def test_a_contract_says_which_rules_were_broken_the_most_frequent_first():
    found = findings(
        {"source_row": 1},
        {"source_row": 2, "rule": "high_below_low"},
        {"source_row": 3, "rule": "high_below_low"},
    )
    result = told(found, rows=100, bad_rows=3)
    records = [record.data for record in result.metadata["by_rule"].records]
    assert records == [
        {"rule": "high_below_low", "findings": "2"},
        {"rule": "null_price", "findings": "1"},
    ]


@pytest.mark.parametrize(("is_error", "severity"), [(True, ERROR), (False, WARN)])
def test_a_check_passes_where_no_row_offends(is_error: bool, severity: dg.AssetCheckSeverity):
    offending = pl.DataFrame({"strategy_id": [7]})
    failed = checks.result("ran", offending, is_error=is_error, description="1 of 2 ran.")
    passed = checks.result("ran", offending.clear(), is_error=is_error, description="2 of 2 ran.")
    assert (failed.passed, failed.severity, passed.passed) == (False, severity, True)
    assert failed.metadata["offending_rows"].value == 1


def test_a_contract_blocks():
    spec = checks.contract("bars", "Prices can be true.")
    assert spec.blocking
    assert (spec.name, spec.asset_key) == ("contract", dg.AssetKey("bars"))
