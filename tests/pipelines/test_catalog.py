import datetime as dt

import polars as pl

from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_pipelines import catalog


def test_columns_say_name_type_description_and_whether_null_is_allowed():
    found = {column.name: column for column in catalog.columns(Instruments).columns}
    assert list(found)[:2] == ["instrument_id", "symbol"]
    assert found["symbol"].description == "A symbol of the instrument."
    assert found["symbol"].type == "String"
    assert not found["symbol"].constraints.nullable
    assert found["name"].constraints.nullable


def test_measures_stand_beside_the_columns_of_a_contract():
    *own, measure = catalog.columns(Instruments, measures={"sma_2": "Mean of two."}).columns
    assert own == catalog.columns(Instruments).columns
    assert (measure.name, measure.type, measure.description) == ("sma_2", "Float64", "Mean of two.")
    assert measure.constraints.nullable


def test_an_asset_is_described_by_its_contract_and_its_table():
    described = catalog.described(Instruments, table="quantmatrix.public.x", further=1)
    assert described["dagster/table_name"] == "quantmatrix.public.x"
    assert described["dagster/column_schema"] == catalog.columns(Instruments)
    assert described["further"] == 1


def test_rows_are_counted_under_dagsters_own_name():
    assert catalog.rows(3, added=1) == {"dagster/row_count": 3, "added": 1}


def test_a_table_shows_its_first_rows_as_texts():
    frame = pl.DataFrame({"n": [1, 2, 3], "day": [dt.date(2026, 11, 20), None, None]})
    shown = catalog.table(frame, limit=2)
    assert [record.data for record in shown.records] == [
        {"n": "1", "day": "2026-11-20"},
        {"n": "2", "day": ""},
    ]
    assert [column.name for column in shown.schema.columns] == ["n", "day"]


def test_a_table_without_rows_keeps_its_columns():
    shown = catalog.table(pl.DataFrame(schema={"n": pl.Int64}))
    assert shown.records == []
    assert [column.name for column in shown.schema.columns] == ["n"]
