"""Which provider answers a person who names some, a path, or nothing."""

from pathlib import Path

import pytest

from quantmatrix_adapters.providers.base import Given
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_adapters.providers.intraday_folder import IntradayFolder
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_adapters.providers.select import intraday_from, provider_from
from quantmatrix_adapters.providers.tiingo import TiingoProvider
from quantmatrix_engine.errors import SettingsError, UnknownPlugin


def test_without_names_and_path_the_sample_answers() -> None:
    assert isinstance(provider_from(Given()), SampleProvider)


def test_with_a_path_the_files_there_answer(tmp_path: Path) -> None:
    provider = provider_from(Given(bars=tmp_path))
    assert isinstance(provider, FolderProvider)
    assert provider.path == tmp_path


def test_a_name_is_asked_though_there_are_files(tmp_path: Path) -> None:
    given = Given(bars=tmp_path, symbols=("AAPL",), keys={"tiingo": "s3cret"})
    provider = provider_from(given, ["tiingo"])
    assert isinstance(provider, TiingoProvider)
    assert provider.symbols == ("AAPL",)
    assert "s3cret" not in f"{provider!r} {given!r}"


def test_several_names_are_asked_in_their_order(tmp_path: Path) -> None:
    given = Given(bars=tmp_path, symbols=("AAPL",), keys={"tiingo": "s3cret"})
    provider = provider_from(given, ["yahoo", "tiingo", "folder", "yahoo"])
    assert isinstance(provider, Failover)
    assert provider.names == ("yahoo", "tiingo", "folder")
    assert provider.symbols == ("AAPL",)


def test_an_unknown_name_is_an_error_with_the_near_one() -> None:
    with pytest.raises(
        UnknownPlugin, match=r"No provider is called 'tingo'.*Did you mean 'tiingo'"
    ):
        provider_from(Given(), ["tingo"])


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("polygon", Given(), "QUANTMATRIX_POLYGON_KEY"),
        ("polygon", Given(keys={"polygon": "  "}), "QUANTMATRIX_POLYGON_KEY"),
        ("alpaca", Given(), "ID:SECRET"),
        ("yahoo", Given(), "QUANTMATRIX_SYMBOLS"),
        ("folder", Given(), "QUANTMATRIX_BARS"),
    ],
)
def test_what_a_provider_lacks_is_named(name: str, given: Given, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        provider_from(given, [name])


def test_intraday_bars_are_of_nobody_of_files_or_of_those_that_are_named(tmp_path: Path) -> None:
    assert intraday_from(Given()).providers == ()
    (files,) = intraday_from(Given(intraday_bars=tmp_path)).providers
    assert isinstance(files, IntradayFolder)
    assert files.path == tmp_path
    given = Given(intraday_bars=tmp_path, symbols=("AAPL",), keys={"tiingo": "s3cret"})
    assert intraday_from(given, ["yahoo", "folder", "tiingo", "yahoo"]).names == (
        *("yahoo", "folder", "tiingo"),
    )


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("folder", Given(), "QUANTMATRIX_INTRADAY_BARS"),
        ("tiingo", Given(symbols=("AAPL",)), "QUANTMATRIX_TIINGO_KEY"),
        ("polygon", Given(keys={"polygon": "key"}), "QUANTMATRIX_SYMBOLS"),
        ("fmp", Given(symbols=("AAPL",), keys={"fmp": "key"}), "alpaca, polygon, tiingo, yahoo"),
        ("sample", Given(), "gives no intraday bars"),
    ],
)
def test_what_a_provider_of_intraday_bars_lacks_is_named(
    name: str, given: Given, expected: str
) -> None:
    with pytest.raises(SettingsError, match=expected):
        intraday_from(given, [name])


def test_an_unknown_provider_of_intraday_bars_is_an_error_with_the_near_one() -> None:
    with pytest.raises(UnknownPlugin, match="Did you mean 'alpaca'"):
        intraday_from(Given(), ["alpacka"])
