"""Bad series and their repairs, from yfinance's own tests (Apache-2.0)."""

import pytest
from support import yfinance_repair as pairs


@pytest.mark.parametrize("name", pairs.UNITS + pairs.SPLITS)
def test_the_bars_in_another_scale_are_those_that_were_repaired(shared_data, name):
    bad, good = pairs.told(shared_data, name), pairs.told(shared_data, f"{name}-fixed")
    assert pairs.off_rows(bad) == pairs.repaired_rows(bad, good) != set()


@pytest.mark.parametrize("name", pairs.UNITS + pairs.SPLITS)
def test_a_repaired_series_has_one_scale(shared_data, name):
    assert pairs.off_rows(pairs.told(shared_data, f"{name}-fixed")) == set()


@pytest.mark.parametrize("name", pairs.DIVIDENDS)
def test_the_dividends_found_are_those_that_were_repaired(shared_data, name):
    bad, good = pairs.told(shared_data, name), pairs.told(shared_data, f"{name}-fixed")
    assert pairs.found_dividends(bad) == pairs.repaired_dividends(bad, good) != set()


@pytest.mark.parametrize("name", pairs.DIVIDENDS)
def test_repaired_dividends_contradict_nothing(shared_data, name):
    assert pairs.found_dividends(pairs.told(shared_data, f"{name}-fixed")) == set()


@pytest.mark.parametrize("name", pairs.CONTROLS)
def test_a_control_raises_no_alarm(shared_data, name):
    rows = pairs.told(shared_data, name)
    assert rows.filter(dividend=0).height < rows.height
    assert pairs.off_rows(rows) | pairs.found_dividends(rows) == set()
