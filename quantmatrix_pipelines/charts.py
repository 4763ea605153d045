"""Pictures of an instrument: bars, averages, bands, RSI, distance in ATR, and what was said."""

import base64
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.prices.adjustment import View, adjusted
from quantmatrix_engine.prices.restatement import newest_known
from quantmatrix_engine.vocabulary import Action

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["png", "svg"]

AVERAGES = (spec("sma", window=20), spec("sma", window=50), spec("sma", window=200))
BANDS = spec("bollinger", window=20, deviations=2.0)
RSI = spec("rsi", window=14)
DISTANCE = spec("atr_distance", average=50, window=14)
SPECS: tuple[Spec, ...] = (*AVERAGES, BANDS, RSI, DISTANCE)
"""The indicators a chart draws."""

SESSIONS = 150
"""How many sessions a chart shows where nobody says."""

NO_SIGNALS = pl.DataFrame(schema={"session": pl.Date, "action": pl.String})

RISING, FALLING, QUIET, LOUD = "#1a7f4b", "#b3362c", "#8a93a0", "#2457a6"
AVERAGE_COLOURS = ("#d98a1f", "#2457a6", "#6b3fa0")
SIGNAL_MARKS: dict[str, tuple[str, str, str]] = {
    Action.ENTRY: ("^", RISING, "entry"),
    Action.SCALE_OUT: ("v", "#d98a1f", "scale out"),
    Action.EXIT: ("X", FALLING, "exit"),
}
"""Marker, colour and word of each action."""


@dataclass(frozen=True)
class Chart:
    """What is drawn, one row a session, oldest first.

    `bars` has session, open, high, low, close and volume in one price basis; `indicators` has
    session and the columns of `SPECS`, null where unknown, of the same sessions in the same basis;
    `signals` has session and action, and may be empty.
    """

    title: str
    bars: pl.DataFrame
    indicators: pl.DataFrame
    signals: pl.DataFrame

    def drawn(self, format: Format = "png", *, dots_per_inch: int = 110) -> bytes:  # noqa: A002
        """Gives the picture as a file's bytes. The same rows give the same bytes."""
        import matplotlib as mpl

        target = io.BytesIO()
        # Without these two, a file says when it was made and ids are drawn by lot.
        with mpl.rc_context({"svg.hashsalt": "quantmatrix", "svg.fonttype": "none"}):
            self.figure().savefig(
                target,
                format=format,
                dpi=dots_per_inch,
                metadata={"Date": None} if format == "svg" else None,
            )
        return target.getvalue()

    def figure(self) -> "Figure":
        """Gives the picture: price above, then RSI, then distance from SMA50 in ATR."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11, 7.5), layout="constrained")
        prices, momentum, distance = figure.subplots(
            3, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1, 1]}
        )
        self._draw_prices(prices)
        self._draw_signals(prices)
        _draw_level(momentum, self._values(RSI.columns()[0]), (30, 50, 70), "RSI 14")
        momentum.set_ylim(0, 100)
        _draw_level(distance, self._values(DISTANCE.columns()[0]), (0, 4, 7, 10), "ATR from SMA50")
        prices.set_title(self.title, loc="left", fontsize=12, fontweight="bold")
        prices.legend(loc="upper left", fontsize=8, ncols=4, framealpha=0.6)
        _name_sessions(distance, self.bars.get_column("session").to_list())
        return figure

    def _draw_prices(self, axes: "Axes") -> None:
        """Draws each session as a bar of its own place: weekends and holidays leave no gap."""
        places = np.arange(self.bars.height)
        opened, closed = (self.bars.get_column(name).to_numpy() for name in ("open", "close"))
        colours = np.where(closed >= opened, RISING, FALLING).tolist()
        axes.vlines(places, self.bars["low"], self.bars["high"], colors=colours, linewidth=0.8)
        body = np.maximum(np.abs(closed - opened), closed * 1e-4)
        axes.bar(places, body, 0.7, np.minimum(opened, closed), color=colours)
        for one, colour in zip(AVERAGES, AVERAGE_COLOURS, strict=True):
            (name,) = one.columns()
            axes.plot(places, self._values(name), color=colour, linewidth=1.1, label=_word(name))
        upper, _, lower = (self._values(name) for name in BANDS.columns()[:3])
        axes.fill_between(places, lower, upper, color=QUIET, alpha=0.15, label="Bollinger 20, 2")
        axes.set_ylabel("price")
        axes.grid(visible=True, color=QUIET, alpha=0.2)

    def _draw_signals(self, axes: "Axes") -> None:
        placed = self.bars.with_row_index("place").select("session", "place", "high", "low")
        for action, (marker, colour, word) in SIGNAL_MARKS.items():
            said = self.signals.filter(pl.col("action") == action).select("session").unique()
            at = placed.join(said, on="session", maintain_order="left")
            if at.height:
                below = action == Action.ENTRY
                height = at["low"] * 0.985 if below else at["high"] * 1.015
                axes.scatter(
                    at["place"], height, marker=marker, color=colour, s=45, zorder=5, label=word
                )

    def _values(self, column: str) -> np.ndarray:
        """Gives a column of the indicators in the order of the bars, NaN where unknown."""
        joined = self.bars.select("session").join(
            self.indicators.select("session", column),
            on="session",
            how="left",
            maintain_order="left",
        )
        return joined.get_column(column).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def charted(
    bars: pl.DataFrame,
    actions: pl.DataFrame,
    signals: pl.DataFrame,
    *,
    name: str,
    session: dt.date,
    sessions: int = SESSIONS,
) -> Chart:
    """Gives the chart of one instrument's last `sessions` bars up to `session`, in its price basis.

    `bars` keeps the contract Bars, all the history there is, of one provider a session; `actions`
    keeps the contract PriceActions; `signals` has session and action. Raises SettingsError where
    there is no bar up to then.
    """
    known = newest_known(bars.filter(pl.col("session") <= session))
    if known.is_empty():
        raise SettingsError(f"{name} has no bar up to {session}.")
    shown = adjusted(known, actions, as_of=session, view=View.SPLIT_ADJUSTED)
    last = known.row(-1, named=True)
    return Chart(
        title=f"{name} · {last['session']} · {last['close']:,.2f}",
        bars=shown.tail(sessions),
        indicators=compute(shown, SPECS).tail(sessions),
        signals=signals,
    )


def sample_picture(bars: pl.DataFrame, actions: pl.DataFrame, session: dt.date) -> str | None:
    """Gives, as Markdown, the chart of the first instrument with a bar of a session; None: none.

    `bars` and `actions` as for `charted`, of any instruments.
    """
    traded = bars.filter(pl.col("session") == session).get_column("instrument_id")
    if traded.is_empty():
        return None
    (first,) = traded.sort().head(1)
    chart = charted(
        bars.filter(pl.col("instrument_id") == first),
        actions.filter(pl.col("instrument_id") == first),
        NO_SIGNALS,
        name=f"instrument {first}",
        session=session,
    )
    encoded = base64.b64encode(chart.drawn(dots_per_inch=70)).decode()
    return f"![{chart.title}](data:image/png;base64,{encoded})"


def _draw_level(axes: "Axes", values: np.ndarray, levels: Sequence[float], name: str) -> None:
    axes.plot(np.arange(values.size), values, color=LOUD, linewidth=1.1)
    for level in levels:
        axes.axhline(level, color=QUIET, linewidth=0.7, linestyle="--")
    axes.set_yticks(levels)
    axes.set_ylabel(name, fontsize=8)
    axes.tick_params(labelsize=8)


def _name_sessions(axes: "Axes", sessions: Sequence[dt.date], *, names: int = 9) -> None:
    step = max(1, len(sessions) // names)
    places = list(range(0, len(sessions), step))
    axes.set_xticks(places, [f"{sessions[place]:%Y-%m-%d}" for place in places])
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlim(-1, max(len(sessions), 1))


def _word(column: str) -> str:
    """Gives `sma_50` as `SMA 50`."""
    return column.upper().replace("_", " ")
