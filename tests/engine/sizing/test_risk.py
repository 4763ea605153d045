import polars as pl
import pytest

from quantmatrix_engine.sizing.risk import position_pct


def size(*, price=100.0, stop=90.0, risk_pct=2.0, max_position_pct=5.0) -> float | None:
    expression = position_pct(
        price=pl.lit(price, dtype=pl.Float64),
        stop=pl.lit(stop, dtype=pl.Float64),
        risk_pct=pl.lit(risk_pct),
        max_position_pct=pl.lit(max_position_pct),
    )
    return pl.select(expression).item()


@pytest.mark.parametrize(
    ("facts", "pct"),
    [
        # 2 % of the account over a loss of 50 % of the price.
        ({"stop": 50.0}, 4.0),
        # 0.3 % over a loss of 10 %.
        ({"risk_pct": 0.3}, 3.0),
        # 1 % over 25 %, at another price.
        ({"price": 8.0, "stop": 6.0, "risk_pct": 1.0}, 4.0),
    ],
)
def test_a_position_loses_the_risk_at_its_stop(facts, pct):
    assert size(**facts) == pytest.approx(pct)


def test_a_position_never_exceeds_the_largest():
    # By risk it would be 2 / 10 % = 20 % of the account.
    assert size() == 5.0


def test_a_stop_that_costs_just_the_largest_position_gives_it():
    assert size(risk_pct=0.5) == pytest.approx(5.0)


@pytest.mark.parametrize("stop", [100.0, 101.0, None])
def test_without_a_stop_below_the_price_there_is_no_size(stop):
    assert size(stop=stop) is None


def test_every_row_has_a_size_of_its_own():
    rows = pl.DataFrame({"price": [100.0, 100.0], "stop": [50.0, 90.0], "risk": [2.0, 0.1]})
    sizes = rows.select(
        position_pct(
            price=pl.col("price"),
            stop=pl.col("stop"),
            risk_pct=pl.col("risk"),
            max_position_pct=pl.lit(5.0),
        )
    )
    assert sizes.to_series().to_list() == pytest.approx([4.0, 1.0])
