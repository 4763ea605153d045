"""What providers answer when they are asked for fundamentals.

The overviews of Alpha Vantage have the shape it documents and figures it gave: IBM's of 2020 and
Atlantic American's of 2024, which makes a loss and is followed by no analyst. FMP's profile is the
example of its documentation. What no test reads is left out of each.
"""

from collections.abc import Callable
from typing import Any

from support.replay_server import Reply

IBM = {
    "Symbol": "IBM",
    "AssetType": "Common Stock",
    "Currency": "USD",
    "FullTimeEmployees": "352600",
    "LatestQuarter": "2020-06-30",
    "MarketCapitalization": "111277842432",
    "PERatio": "14.0782",
    "PEGRatio": "8.7188",
    "BookValue": "23.076",
    "DividendPerShare": "6.52",
    "DividendYield": "0.0525",
    "EPS": "8.811",
    "ProfitMargin": "0.1043",
    "OperatingMarginTTM": "0.1185",
    "ReturnOnAssetsTTM": "0.0362",
    "ReturnOnEquityTTM": "0.4097",
    "QuarterlyEarningsGrowthYOY": "-0.458",
    "QuarterlyRevenueGrowthYOY": "-0.054",
    "AnalystTargetPrice": "135.19",
    "ForwardPE": "11.2486",
    "PriceToSalesRatioTTM": "1.4705",
    "PriceToBookRatio": "5.3809",
    "Beta": "1.2071",
}
ATLANTIC_AMERICAN = {
    "Symbol": "AAME",
    "Currency": "USD",
    "LatestQuarter": "2024-09-30",
    "MarketCapitalization": "32639700",
    "PERatio": "None",
    "DividendPerShare": "0",
    "DividendYield": "0.0118",
    "EPS": "-0.36",
    "ProfitMargin": "-0.0169",
    "AnalystTargetPrice": "None",
    **{f"AnalystRating{one}": "-" for one in ("StrongBuy", "Buy", "Hold", "Sell", "StrongSell")},
    "ForwardPE": "-",
    "Beta": "0.462",
    "SharesOutstanding": "20399800",
}
PROFILE = {
    "symbol": "AAPL",
    "price": 262.82,
    "marketCap": 3900351299800,
    "beta": 1.109,
    "lastDividend": 1.04,
    "companyName": "Apple Inc.",
    "currency": "USD",
    "ceo": "Timothy D. Cook",
    "fullTimeEmployees": "164000",
    "ipoDate": "1980-12-12",
}


Answers = Callable[[str, float | None], Any]
# By provider: the answer that states a market capitalization, or none, of a symbol.
ANSWERS: dict[str, Answers] = {
    "polygon": lambda symbol, cap: {"results": {"ticker": symbol, "market_cap": cap}},
    "alpha_vantage": lambda symbol, cap: {
        "Symbol": symbol,
        "MarketCapitalization": "None" if cap is None else str(cap),
    },
    "fmp": lambda symbol, cap: [{"symbol": symbol, "marketCap": cap}],
}
# By provider: the answer of one that has no figures of the symbol.
NOTHING = {
    "polygon": Reply(404, {"status": "NOT_FOUND", "message": "Ticker not found."}),
    "alpha_vantage": Reply(200, {}),
    "fmp": Reply(200, []),
}
