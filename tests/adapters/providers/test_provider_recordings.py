"""What real answers of providers come to, read off the recordings by hand."""

import copy
import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.instruments import Listing
from quantmatrix_engine.contracts.raw_actions import RawActions
from quantmatrix_engine.errors import (
    ProviderBusy,
    ProviderError,
    ProviderPaused,
    ProviderRefused,
)

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
COLUMNS = ("session", "open", "high", "low", "close", "volume")
Body = Callable[[str], Any]


@pytest.fixture
def body(shared_data: Path) -> Body:
    """Gives what `provider/name` recorded as the answer's JSON or text."""

    def read(name: str) -> Any:
        told = json.loads((shared_data / "providers" / f"{name}.json").read_text())["response"]
        return told["json"] if "json" in told else told["text"]

    return read


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


def make(name: str, server: ReplayServer, *symbols: str) -> Any:
    patience = Patience(clock=lambda: NOW, sleep=lambda _: None)
    given = Given(
        symbols=symbols,
        keys={name: "key:word"},
        patience=patience,
        base_urls={name: server.base_url},
    )
    return PROVIDERS[name].configured(given)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def bars(name: str, server: ReplayServer, symbol: str, first: str, last: str) -> list[Any]:
    delivery = make(name, server, symbol).daily_bars(day(first), day(last), known_at=NOW)
    assert delivery.findings.is_empty()
    assert set(delivery.bars.get_column("symbol")) <= {symbol}
    return delivery.bars.select(COLUMNS).rows()


def actions(name: str, server: ReplayServer, first: str, last: str, *symbols: str) -> list[Any]:
    made = make(name, server, *symbols)
    delivery = made.corporate_actions(day(first), day(last), known_at=NOW)
    assert gate.apply(RawActions, delivery.actions).failing_rows == 0
    assert delivery.findings.is_empty()
    told = ("symbol", "ex_date", "kind", "ratio", "amount", "currency")
    return delivery.actions.select(told).rows()


def test_tiingo_daily_of_aapl_around_a_dividend(server: ReplayServer, body: Body) -> None:
    server.queue(*[Reply(200, body("tiingo/daily_AAPL_2023_div_excerpt"))] * 2)
    found = bars("tiingo", server, "AAPL", "2023-01-03", "2023-02-13")
    assert len(found) == 5
    assert found[3] == (day("2023-02-10"), 149.46, 151.3401, 149.22, 151.01, 57450708)
    assert actions("tiingo", server, "2023-01-03", "2023-02-13", "AAPL") == [
        ("AAPL", day("2023-02-10"), "cash_dividend", None, 0.23, "USD")
    ]


def test_tiingo_writes_midnight_in_two_ways(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("tiingo/ticker_price")))
    assert bars("tiingo", server, "GOOGL", "2018-04-12", "2018-04-12") == [
        (day("2018-04-12"), 1031.47, 1044.65, 1026.05, 1037.29, 1644794)
    ]


def test_tiingo_weeks_are_not_taken_for_days_nor_hours_for_sessions(
    server: ReplayServer, body: Body
) -> None:
    server.queue(Reply(200, body("tiingo/intraday_price")))
    delivery = make("tiingo", server, "GOOGL").daily_bars(
        day("2018-01-02"), day("2018-01-02"), known_at=NOW
    )
    assert delivery.bars.is_empty()
    assert set(delivery.findings.get_column("rule")) == {"not_a_date"}


def test_tiingo_errors(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(404, body("tiingo/error_404")), Reply(200, body("tiingo/empty")))
    gone = make("tiingo", server, "GONE").daily_bars(
        day("2023-01-03"), day("2023-01-03"), known_at=NOW
    )
    assert gone.findings.select("symbol", "rule", "value").rows() == [
        ("GONE", "unknown_symbol", "Error: Ticker 'GONE' not found")
    ]
    assert bars("tiingo", server, "EMPTY", "2023-01-03", "2023-01-03") == []
    server.queue(*[Reply(429, body("tiingo/error_429"))] * 4)
    with pytest.raises(ProviderBusy, match="run over your hourly request allocation"):
        bars("tiingo", server, "AAPL", "2023-01-03", "2023-01-03")


def as_asked(recorded: Any) -> Any:
    """It was recorded with adjusted=true; GIK had no split since, so that it is as traded."""
    return recorded | {"adjusted": False}


def test_polygon_grouped_is_of_its_date_in_new_york(server: ReplayServer, body: Body) -> None:
    # t is 1602705600000: 2020-10-14 20:00 UTC.
    server.queue(Reply(200, as_asked(body("polygon/grouped_daily"))))
    assert bars("polygon", server, "GIK", "2020-10-14", "2020-10-14") == [
        (day("2020-10-14"), 9.99, 10.02, 9.9, 10.02, 895345)
    ]


def test_polygon_that_answers_about_another_session_is_not_believed(
    server: ReplayServer, body: Body
) -> None:
    # As recorded: asked about 2005-04-04, it answered about 2020-10-14.
    server.queue(Reply(200, as_asked(body("polygon/grouped_daily"))))
    delivery = make("polygon", server).daily_bars(
        day("2005-04-04"), day("2005-04-04"), known_at=NOW
    )
    assert delivery.bars.is_empty()
    assert delivery.findings.select("symbol", "rule", "value").rows() == [
        ("GIK", "broken_contract", "2020-10-14")
    ]


def test_polygon_that_answers_adjusted_prices_is_refused(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("polygon/grouped_daily")))
    with pytest.raises(ProviderError, match="without 'adjusted': false"):
        bars("polygon", server, "GIK", "2020-10-14", "2020-10-14")


def test_polygon_errors_and_nothing(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("polygon/empty")), Reply(401, body("polygon/error_401")))
    assert bars("polygon", server, "ZZZZ", "2024-01-05", "2024-01-05") == []
    with pytest.raises(ProviderRefused, match="Unknown API Key"):
        bars("polygon", server, "ZZZZ", "2024-01-05", "2024-01-05")
    server.queue(Reply(403, body("polygon/error_403")))
    with pytest.raises(ProviderRefused, match="not entitled to this data"):
        bars("polygon", server, "ZZZZ", "2024-01-05", "2024-01-05")


def test_polygon_splits_and_dividends(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("polygon/splits")), Reply(200, body("polygon/dividends")))
    found = actions("polygon", server, "2022-05-20", "2023-12-14", "GOOG", "BRW", "CSSEN")
    assert found[0] == ("BRW", day("2022-05-20"), "split", 0.5, None, None)
    assert found[-1] == ("GOOG", day("2022-07-18"), "split", 20.0, None, None)
    assert ("CSSEN", day("2023-12-14"), "cash_dividend", None, 0.59375, "USD") in found
    first = server.requests[0].query
    assert (first["execution_date.gte"], first["execution_date.lte"]) == (
        "2022-05-20",
        "2023-12-14",
    )


def test_polygon_lists_what_its_page_of_tickers_has(server: ReplayServer, body: Body) -> None:
    page = body("polygon/tickers_page1")
    more = page | {"next_url": "https://evil.example/v3/reference/tickers?cursor=abc"}
    server.queue(Reply(200, more), Reply(200, {"results": []}))
    listing = make("polygon", server).listing()
    assert listing.row(0)[:5] == ("A", "XNYS", "USD", "stock", "Agilent Technologies Inc.")
    # The next page is asked of our server, whatever host the answer names.
    assert server.requests[1].query == {"cursor": "abc"}


def test_polygon_says_what_its_symbols_are(server: ReplayServer, body: Body) -> None:
    page = body("polygon/tickers_page1")
    server.queue(Reply(200, page), Reply(200, {"results": []}))
    provider = make("polygon", server, "AA", "ZZZZ", "A")
    assert provider.listing_of(["ZZZZ", "A", "AA"]).drop("first_session").rows() == [
        ("A", "XNYS", "USD", "stock", "Agilent Technologies Inc."),
        ("AA", "XNYS", "USD", "stock", "Alcoa Corporation"),
    ]
    first, second = (asked.query for asked in server.requests)
    assert (first["ticker.gte"], first["ticker.lte"]) == ("A", "ZZZZ")
    # The next page is the one its `next_url` names.
    assert page["next_url"].endswith(f"cursor={second['cursor']}")


def test_polygon_says_which_are_funds_and_on_which_exchange(
    server: ReplayServer, body: Body
) -> None:
    held = body("polygon/tickers_page1")["results"][0]
    spy = held | {"ticker": "SPY", "type": "ETF", "primary_exchange": "ARCX", "name": "SPDR"}
    unit = held | {"ticker": "SPYU", "type": "UNIT"}
    server.queue(Reply(200, {"results": [spy, unit, {}, None]}))
    said = make("polygon", server, "SPY", "SPYU").listing_of(["SPY", "SPYU"])
    assert said.drop("first_session").rows() == [("SPY", "ARCX", "USD", "etf", "SPDR")]


def test_polygon_for_the_whole_market_has_said_it_in_its_listing(server: ReplayServer) -> None:
    assert make("polygon", server).listing_of(["A"]).is_empty()
    assert server.requests == []


def test_tiingo_says_exchange_and_name_of_its_symbols(server: ReplayServer, body: Body) -> None:
    known = body("tiingo/ticker_metadata")
    server.queue(
        Reply(200, known),
        Reply(404, body("tiingo/error_404")),
        Reply(200, known | {"ticker": "BRK-B", "exchangeCode": "MARS", "name": None}),
    )
    said = make("tiingo", server, "GOOGL").listing_of(["GOOGL", "ZZZZ", "BRK.B"])
    assert said.drop("first_session").rows() == [
        ("BRK.B", "'MARS'", "USD", "stock", None),
        ("GOOGL", "XNAS", "USD", "stock", 'Alphabet Inc.("Google") - Class A'),
    ]
    assert gate.apply(Listing, said).good.get_column("symbol").to_list() == ["GOOGL"]
    assert [asked.path for asked in server.requests] == [
        "/tiingo/daily/GOOGL",
        "/tiingo/daily/ZZZZ",
        "/tiingo/daily/BRK-B",
    ]
    server.queue(Reply(200, [known]))
    with pytest.raises(ProviderError, match="without 'exchangeCode'"):
        make("tiingo", server, "GOOGL").listing_of(["GOOGL"])


def test_alpaca_bars_of_two_symbols(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("alpaca/test_multisymbol_get_bars_2")))
    delivery = make("alpaca", server, "AAPL", "TSLA").daily_bars(
        day("2022-03-09"), day("2022-03-09"), known_at=NOW
    )
    assert delivery.bars.select("symbol", *COLUMNS).rows() == [
        ("AAPL", day("2022-03-09"), 161.51, 163.41, 159.41, 162.95, 88496480),
        ("TSLA", day("2022-03-09"), 839, 860.56, 832.01, 858.97, 19227323),
    ]
    # Midnight in New York in winter; asked as traded, under the symbol of the day.
    asked = server.requests[0].query
    assert (asked["start"], asked["adjustment"], asked["asof"]) == (
        "2022-03-09T05:00:00Z",
        "raw",
        "-",
    )


def test_alpaca_summer_bars_follow_the_pages_to_their_end(server: ReplayServer, body: Body) -> None:
    first = body("alpaca/test_get_bars_desc_1")
    server.queue(Reply(200, first), Reply(200, body("alpaca/test_get_bars_multi_empty_response_4")))
    found = bars("alpaca", server, "TSLA", "2023-09-25", "2023-09-27")
    assert [row[0] for row in found] == [day("2023-09-25"), day("2023-09-26"), day("2023-09-27")]
    assert found[2][1:] == (244.262, 245.33, 234.58, 240.5, 136616287)
    assert server.requests[1].query["page_token"] == first["next_page_token"]
    assert server.requests[0].query["end"] == "2023-09-27T04:00:00Z"


def test_alpaca_pages_without_end_are_an_error(server: ReplayServer, body: Body) -> None:
    server.route = lambda _: Reply(200, body("alpaca/test_get_bars_desc_1"))
    with pytest.raises(ProviderError, match="pages without end"):
        bars("alpaca", server, "TSLA", "2023-09-25", "2023-09-27")
    assert len(server.requests) == 2


def test_alpaca_corporate_actions(server: ReplayServer, body: Body) -> None:
    server.queue(
        Reply(200, body("alpaca/corporate_actions_0")),
        Reply(200, body("alpaca/corporate_actions_1")),
    )
    symbols = ("MNTS", "SRE", "MSBC", "FCF", "ZMTBY", "JUPW")
    assert actions("alpaca", server, "2023-01-01", "2024-12-31", *symbols) == [
        ("FCF", day("2023-05-04"), "cash_dividend", None, 0.125, "USD"),
        ("MNTS", day("2023-08-24"), "split", 0.02, None, None),
        ("MSBC", day("2023-05-19"), "split", 1.05, None, None),
        ("SRE", day("2023-08-22"), "split", 2.0, None, None),
        ("ZMTBY", day("2024-08-07"), "cash_dividend", None, 0.086928, "USD"),
    ]


def unadjusted(recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The recording is of `full`; AAPL had no split since, so that only the names differ."""
    names = {"open": "adjOpen", "high": "adjHigh", "low": "adjLow", "close": "adjClose"}
    return [{names.get(name, name): cell for name, cell in row.items()} for row in recorded]


def test_fmp_days_come_newest_first_and_are_sorted(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, unadjusted(body("fmp/historical_price_eod_full"))))
    found = bars("fmp", server, "AAPL", "2023-01-03", "2023-01-10")
    assert found[0] == (day("2023-01-03"), 130.28, 130.9, 124.17, 125.07, 112117500)
    assert found[-1] == (day("2023-01-10"), 130.26, 131.26, 128.12, 130.73, 63896200)
    assert len(found) == 6


@pytest.mark.parametrize("status", [200, 401])
def test_fmp_refuses_a_key_with_either_status(
    server: ReplayServer, body: Body, status: int
) -> None:
    server.queue(Reply(status, body("fmp/error_401")))
    with pytest.raises(ProviderRefused, match="Invalid API KEY"):
        bars("fmp", server, "AAPL", "2023-01-03", "2023-01-10")


def test_alpha_vantage_says_with_status_200_that_its_day_is_used_up(
    server: ReplayServer, body: Body
) -> None:
    server.queue(Reply(200, body("alpha_vantage/error_quota_daily")))
    with pytest.raises(ProviderPaused, match="25 requests per day"):
        bars("alpha_vantage", server, "MSFT", "2026-11-18", "2026-11-18")
    server.queue(Reply(200, body("alpha_vantage/error_invalid_key")))
    with pytest.raises(ProviderRefused, match="apikey is invalid or missing"):
        bars("alpha_vantage", server, "MSFT", "2026-11-18", "2026-11-18")
    assert len(server.requests) == 2


def test_alpha_vantage_minutes_are_not_days(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("alpha_vantage/time_series")))
    with pytest.raises(ProviderError, match="without 'Time Series \\(Daily\\)'"):
        bars("alpha_vantage", server, "MSFT", "2017-12-18", "2017-12-18")


# ------------------------------------------------------------------------------------ Yahoo


def with_split(chart: Any, at: str, ratio: int) -> Any:
    """Adds a split that came after the recorded range, as an answer up to the present has it."""
    made = copy.deepcopy(chart)
    moment = int(dt.datetime.fromisoformat(at).timestamp())
    events = made["chart"]["result"][0].setdefault("events", {})
    split = {"date": moment, "numerator": ratio, "denominator": 1, "splitRatio": f"{ratio}:1"}
    events.setdefault("splits", {})[str(moment)] = split
    return made


NVDA = "yahoo/historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31"


def test_yahoo_is_as_traded_before_and_after_its_splits(server: ReplayServer, body: Body) -> None:
    # Recorded in 2025: 18.77975082397461 on 2021-07-19 is 751.19 before 4:1 (2021-07-20) and 10:1
    # (2024-06-10). The recorded range ends before the second; one up to the present has it.
    server.queue(Reply(200, with_split(body(NVDA), "2024-06-10T13:30:00+00:00", 10)))
    found = bars("yahoo", server, "NVDA", "2021-02-01", "2021-07-20")
    assert [row[4] for row in found[-2:]] == [751.19, 186.12]
    assert found[-2] == (day("2021-07-19"), 716.61, 761.68, 714.62, 751.19, 749060000 / 40)


def test_yahoo_is_always_asked_up_to_the_present(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body(NVDA)))
    bars("yahoo", server, "NVDA", "2021-02-01", "2021-07-20")
    asked = server.requests[0].query
    begin, end = (int(asked[name]) for name in ("period1", "period2"))
    assert dt.datetime.fromtimestamp(begin, dt.UTC) == dt.datetime(2021, 2, 1, tzinfo=dt.UTC)
    assert dt.datetime.fromtimestamp(end, dt.UTC) == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert asked["events"] == "div,split"


def test_yahoo_of_before_a_split_equals_another_source_as_traded(
    server: ReplayServer, body: Body, shared_data: Path
) -> None:
    import polars as pl

    recorded = body("yahoo/chart-AAPL-2020-01-01-to-2020-01-03")
    server.queue(Reply(200, with_split(recorded, "2020-08-31T13:30:00+00:00", 4)))
    found = bars("yahoo", server, "AAPL", "2020-01-02", "2020-01-02")
    lean = pl.read_parquet(shared_data / "ohlcv" / "lean_us_daily_raw.parquet").filter(
        pl.col("symbol") == "AAPL", pl.col("date") == dt.date(2020, 1, 2)
    )
    assert found[0][4] == pytest.approx(lean.get_column("close").item(), rel=1e-3)
    assert found[0][4] == 300.35


def test_yahoo_days_of_summer_and_winter_time(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("yahoo/chart-AAPL-2020-08-31-to-2020-11-07")))
    found = bars("yahoo", server, "AAPL", "2020-08-31", "2020-11-06")
    assert len(found) == 49
    assert found[0] == (day("2020-08-31"), 127.58, 131.0, 126.0, 129.04, 225702700)
    assert found[-1][:2] == (day("2020-11-06"), 118.32)


def test_yahoo_splits_and_dividends(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("yahoo/chart-AAPL-2020-08-31-to-2020-11-07")))
    assert actions("yahoo", server, "2020-08-31", "2020-11-06", "AAPL") == [
        ("AAPL", day("2020-08-31"), "split", 4.0, None, None),
        ("AAPL", day("2020-11-06"), "cash_dividend", None, 0.205, "USD"),
    ]


def test_yahoo_split_that_cannot_be_read_lets_no_price_of_the_symbol_through(
    server: ReplayServer, body: Body
) -> None:
    broken = copy.deepcopy(body(NVDA))
    next(iter(broken["chart"]["result"][0]["events"]["splits"].values()))["denominator"] = 0
    server.queue(Reply(200, broken))
    delivery = make("yahoo", server, "NVDA").daily_bars(
        day("2021-07-19"), day("2021-07-20"), known_at=NOW
    )
    assert delivery.bars.is_empty()
    assert delivery.findings.select("symbol", "rule", "severity").rows() == [
        ("NVDA", "broken_contract", "error")
    ]


@pytest.mark.parametrize(
    ("recording", "symbol", "said"),
    [
        ("MSFT-dividends-2021-02-01", "MSFT", ("XNAS", "USD", "stock", "Microsoft Corporation")),
        (
            "0P0000XTS7-2024-09-12",
            "0P0000XTS7",
            ("OTCM", "USD", "mutual_fund", "GS USD Liquid Reserve R Acc"),
        ),
        ("WSU.DE-2023-08-04", "WSU.DE", ("XETR", "EUR", "stock", "WashTec AG")),
        ("BTC-USD-2020-01-01", "BTC-USD", ("'CCC'", "USD", "crypto", "Bitcoin USD")),
    ],
)
def test_yahoo_says_what_its_symbols_are(
    server: ReplayServer, shared_data: Path, recording: str, symbol: str, said: tuple[str, ...]
) -> None:
    (path,) = (shared_data / "providers" / "yahoo").glob(f"*{recording}*.json")
    server.queue(Reply(200, json.loads(path.read_text())["response"]["json"]))
    assert make("yahoo", server, symbol).listing_of([symbol]).row(0)[:5] == (symbol, *said)
    assert server.requests[0].query == {"interval": "1d", "range": "1d"}


def test_yahoo_says_no_more_of_a_shell_than_it_holds(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(200, body("yahoo/empty_shell_result")), Reply(404, body("yahoo/error_404")))
    said = make("yahoo", server, "THF", "ZZZZ").listing_of(["THF", "ZZZZ"])
    assert said.drop("first_session").rows() == [("THF", "XNAS", "USD", "stock", None)]


def test_yahoo_empty_shell_and_a_chart_without_moments_have_no_bars(
    server: ReplayServer, body: Body
) -> None:
    shell = body("yahoo/empty_shell_result")
    server.queue(Reply(200, shell), Reply(200, body("yahoo/chart-notimestamp-weird-quote.fake")))
    assert bars("yahoo", server, "THF", "2020-01-02", "2020-01-02") == []
    assert bars("yahoo", server, "AAPL", "2020-01-02", "2020-01-02") == []


def test_yahoo_errors(server: ReplayServer, body: Body) -> None:
    server.queue(Reply(404, body("yahoo/error_404")))
    gone = make("yahoo", server, "GONE").daily_bars(
        day("2023-01-03"), day("2023-01-03"), known_at=NOW
    )
    assert gone.findings.item(0, "value") == "No data found, symbol may be delisted"
    server.queue(*[Reply(429, body("yahoo/error_429"))] * 4)
    with pytest.raises(ProviderBusy, match="Too Many Requests"):
        bars("yahoo", server, "AAPL", "2023-01-03", "2023-01-03")
