"""What a kind decides about: runs beside instruments, as places in two small frames.

Millions of pairs are two numbers each. What is asked of instruments alone is asked of each
instrument once, what is asked of runs alone of each run once; values are put beside each other only
for the pairs that are left.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Places: TypeAlias = npt.NDArray[np.uint32]
_Met: TypeAlias = npt.NDArray[np.bool_]

# With a space, which no param's or indicator's name has.
_OF_RUN, _OF_INSTRUMENT = "row of run", "row of instrument"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Runs of one kind, each beside every instrument it is asked about.

    `runs` has strategy_id and the params in which runs differ, `shared` the params that all have in
    common, `instruments` has instrument_id, price and every name of the kind's sources; no name is
    in two of them. `run` and `instrument`, of one length, say of each pair which row of `runs` and
    which row of `instruments` it is.
    """

    runs: pl.DataFrame
    shared: Mapping[str, Any]
    instruments: pl.DataFrame
    run: Places
    instrument: Places

    def where(self, *conditions: pl.Expr) -> "Pairs":
        """Gives the pairs that meet all conditions; null meets none."""
        of_instruments: list[pl.Expr] = []
        of_runs: list[pl.Expr] = []
        of_both: list[pl.Expr] = []
        for condition in conditions:
            if self._is_of(self.instruments, condition):
                of_instruments.append(condition)
            elif self._is_of(self.runs, condition):
                of_runs.append(condition)
            else:
                of_both.append(condition)
        left = self
        if of_instruments:
            left = left._kept(
                self._met(self.instruments.lazy(), of_instruments).take(left.instrument)
            )
        if of_runs:
            left = left._kept(self._met(self.runs.lazy(), of_runs).take(left.run))
        if of_both:
            left = left._kept(self._met(left._beside(of_both).lazy(), of_both))
        return left

    def noting(self, columns: Mapping[str, pl.Expr]) -> "Pairs":
        """Gives the pairs with further columns, by name, beside their instruments.

        Each is worked out once for each instrument that is left. One that asks more than the
        instrument and what all runs share is not among them. A name must not be one of a param's.
        """
        noted = {name: one for name, one in columns.items() if self._is_of(self.instruments, one)}
        if not noted:
            return self
        is_left = np.zeros(self.instruments.height, dtype=np.bool_)
        is_left[self.instrument] = True
        number = (np.cumsum(is_left) - 1).astype(np.uint32)
        own = self.instruments.columns
        left = self.instruments.filter(pl.Series(is_left, dtype=pl.Boolean)).lazy()
        known = left.with_columns(**self._shared(self.shared)).with_columns(**noted)
        instruments = known.select(*own, *noted).collect(engine="in-memory")
        return replace(self, instruments=instruments, instrument=number.take(self.instrument))

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self.run.size == 0

    def frame(self) -> pl.LazyFrame:
        """Gives a row a pair with all columns of its run and its instrument, and the shared params.

        It is lazy: a column that is not read is not put beside the others.
        """
        # Columns gathered from literal series would be shorter; polars 2.1 takes one for another.
        joined = (
            pl.LazyFrame({_OF_RUN: self.run, _OF_INSTRUMENT: self.instrument})
            .join(self.instruments.lazy().with_row_index(_OF_INSTRUMENT), on=_OF_INSTRUMENT)
            .join(self.runs.lazy().with_row_index(_OF_RUN), on=_OF_RUN)
        )
        return joined.drop(_OF_RUN, _OF_INSTRUMENT).with_columns(**self._shared(self.shared))

    def by_params(self, *names: str) -> Iterator[tuple[dict[str, Any], "Pairs"]]:
        """Gives the values of some params, and the pairs of the runs that have these.

        Those pairs know the params no more: their names are free for other columns.
        """
        same = {name: self.shared[name] for name in names if name in self.shared}
        shared = {name: value for name, value in self.shared.items() if name not in same}
        left = replace(self, shared=shared, runs=self.runs.drop(names, strict=False))
        differing = [name for name in names if name not in same]
        if not differing:
            yield same, left
            return
        numbers: dict[str, int] = {}
        values: list[dict[str, Any]] = []
        of_run: list[int] = []
        for row in self.runs.select(differing).iter_rows(named=True):
            number = numbers.setdefault(repr(row), len(values))
            if number == len(values):
                values.append(row)
            of_run.append(number)
        places = pl.DataFrame({"run": self.run, "instrument": self.instrument})
        parts = places.with_columns(
            value=np.array(of_run, dtype=np.uint32).take(self.run)
        ).partition_by("value", as_dict=True)
        for (number,), part in parts.items():
            run, instrument = (part.get_column(name).to_numpy() for name in places.columns)
            yield values[number] | same, replace(left, run=run, instrument=instrument)

    def _is_of(self, frame: pl.DataFrame, asked: pl.Expr) -> bool:
        """Whether what is asked is known of the rows of one frame alone."""
        return {*asked.meta.root_names()} <= {*frame.columns, *self.shared}

    def _beside(self, asked: Sequence[pl.Expr]) -> pl.DataFrame:
        """Gives the columns that are asked, a row a pair."""
        names = {name for one in asked for name in one.meta.root_names()}
        return pl.DataFrame(
            [
                frame.get_column(name).gather(place)
                for frame, place in ((self.runs, self.run), (self.instruments, self.instrument))
                for name in frame.columns
                if name in names
            ]
        )

    def _met(self, rows: pl.LazyFrame, conditions: Sequence[pl.Expr]) -> _Met:
        met = pl.all_horizontal(conditions).fill_null(value=False)
        read = {name for one in conditions for name in one.meta.root_names()}
        known = rows.with_columns(**self._shared(read)).with_columns(met=met).select("met")
        return known.collect(engine="in-memory").get_column("met").to_numpy()

    def _kept(self, met: _Met) -> "Pairs":
        """Gives the pairs of which it is said that they are met."""
        if met.all():
            return self
        rows = np.flatnonzero(met)
        return replace(self, run=self.run.take(rows), instrument=self.instrument.take(rows))

    def _shared(self, names: Collection[str]) -> dict[str, pl.Expr]:
        return {name: pl.lit(self.shared[name]) for name in self.shared if name in names}
