"""Applies a contract once: which rows keep it, which break it, and by which rule."""

from dataclasses import dataclass

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.vocabulary import FindingRule

FAILURE_SCHEMA = {
    "row_index": pl.Int64,
    "column": pl.String,
    "rule": pl.String,
    "value": pl.String,
}


@dataclass(frozen=True)
class Gate:
    """A frame split by a contract.

    `good` keeps the order and the columns of the input. `failures` has one row for each broken
    rule of each row: `row_index` (0-based, into the input), `column` (null where the rule is about
    the row), `rule`, and `value` as text (null where it is null).
    """

    good: pl.DataFrame
    failures: pl.DataFrame

    @property
    def failing_rows(self) -> int:
        """Gives how many rows break at least one rule."""
        return self.failures.get_column("row_index").n_unique()


def apply(contract: type[pa.DataFrameModel], frame: pl.DataFrame) -> Gate:
    """Splits `frame` into the rows that keep `contract` and the rules the others break.

    Raises ContractError where the frame as a whole is not of the agreed shape: a column is
    missing, unknown or of another type. No row of such a frame can be trusted.
    """
    _refuse_another_shape(contract, frame)
    try:
        contract.validate(frame, lazy=True)
    except SchemaErrors as broken:
        cases = broken.failure_cases
    else:
        return Gate(good=frame, failures=pl.DataFrame(schema=FAILURE_SCHEMA))
    _refuse_a_check_that_failed(contract, cases)
    failures = _failures(contract, cases)
    bad = frame.with_row_index("row_index").join(
        failures.select(pl.col("row_index").cast(pl.UInt32)).unique(), on="row_index", how="anti"
    )
    return Gate(good=bad.drop("row_index"), failures=failures)


def _refuse_another_shape(contract: type[pa.DataFrameModel], frame: pl.DataFrame) -> None:
    # Pandera would go on to the checks of such a frame and report what they stumble over.
    expected = types_of(contract)
    absent = [f"no column {name}" for name in expected if name not in frame.columns]
    unknown = [f"unknown column {name}" for name in frame.columns if name not in expected]
    retyped = [
        f"column {name} is {dtype}, not {expected[name]}"
        for name, dtype in frame.schema.items()
        if name in expected and dtype != expected[name]
    ]
    if wrong := [*absent, *(unknown if contract.to_schema().strict else []), *retyped]:
        shape = ", ".join(f"{name} {dtype}" for name, dtype in expected.items())
        raise ContractError(f"{contract.__name__}: {'; '.join(wrong)}. Expected: {shape}.")


def _refuse_a_check_that_failed(contract: type[pa.DataFrameModel], cases: pl.DataFrame) -> None:
    """Refuses a frame that a check could not be applied to, since no row answers for it."""
    for case in cases.filter(pl.col("index").is_null()).iter_rows(named=True):
        said = str(case["failure_case"]).partition("\n")[0]
        raise ContractError(f"{contract.__name__}: {case['check']} cannot be checked: {said}")


def _failures(contract: type[pa.DataFrameModel], cases: pl.DataFrame) -> pl.DataFrame:
    about_the_row = pl.col("schema_context") != "Column"
    return cases.select(
        row_index=pl.col("index").cast(pl.Int64),
        column=pl.when(about_the_row).then(None).otherwise(pl.col("column")),
        rule=pl.struct("column", "check").map_elements(
            lambda case: _rule(contract, case["column"], case["check"]), return_dtype=pl.String
        ),
        value=pl.when(pl.col("check") == "not_nullable")
        .then(None)
        .otherwise(pl.col("failure_case")),
    ).sort("row_index", "column", "rule")


def _rule(contract: type[pa.DataFrameModel], column: str, check: str) -> str:
    """Gives the finding rule a pandera check stands for, or the check's own name."""
    named = set(FindingRule)
    if check in named:
        return check
    columns = contract.to_schema().columns
    notes = (columns[column].metadata or {}) if column in columns else {}
    key = "null_rule" if check == "not_nullable" else "bound_rule"
    return str(notes.get(key, check))
