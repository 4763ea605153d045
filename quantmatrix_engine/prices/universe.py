"""The universe: what a strategy considers, as its user sets it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from quantmatrix_engine import documents
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import InstrumentKind

Names = Annotated[tuple[str, ...], Field(min_length=1)]
Amount = Annotated[float, Field(gt=0)]


class Universe(BaseModel):
    """What a strategy considers: a base, and what is left out of it.

    The base is one of `symbols`, `index` and `positions`; where none is named, all that trades. An
    instrument is left out where it is excluded or a filter says so. A filter whose value is not
    known (there is no bar) leaves nothing out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    symbols: Annotated[
        tuple[str, ...] | None, Field(description="The symbols considered; null: all that trade.")
    ] = None
    index: Annotated[
        str | None, Field(description="Index whose members on the session are considered; or null.")
    ] = None
    positions: Annotated[
        bool, Field(description="Whether what the user holds on the session is considered.")
    ] = False
    kinds: Annotated[
        tuple[InstrumentKind, ...] | None,
        Field(min_length=1, description="Only instruments of these kinds; null: of any."),
    ] = None
    exchanges: Annotated[
        Names | None,
        Field(description="Only instruments listed on one of these on the session; null: on any."),
    ] = None
    min_price: Annotated[
        Amount | None, Field(description="Least close of the session, as traded; null: any.")
    ] = None
    max_price: Annotated[
        Amount | None, Field(description="Greatest close of the session, as traded; null: any.")
    ] = None
    min_dollar_volume: Annotated[
        Amount | None,
        Field(description="Least dollar volume a session, over the newest 20; null: any."),
    ] = None
    excluded: Annotated[
        tuple[str, ...], Field(description="Symbols left out, whatever the rest says.")
    ] = ()

    @model_validator(mode="after")
    def _names_one_base(self) -> Self:
        bases = {"symbols": self.symbols is not None, "index": self.index is not None}
        named = [
            name for name, is_named in (bases | {"positions": self.positions}).items() if is_named
        ]
        if len(named) > 1:
            raise ValueError(f"name one of symbols, index and positions, not {' and '.join(named)}")
        return self

    @model_validator(mode="after")
    def _prices_are_ordered(self) -> Self:
        low, high = self.min_price, self.max_price
        if low is not None and high is not None and low >= high:
            raise ValueError(f"min_price = {low:g} must be below max_price = {high:g}")
        return self


SCHEMA: dict[str, Any] = {
    "strategy_id": pl.Int64,
    "user_id": pl.Int64,
    "symbols": pl.List(pl.String),
    "index": pl.String,
    "positions": pl.Boolean,
    "kinds": pl.List(pl.String),
    "exchanges": pl.List(pl.String),
    "min_price": pl.Float64,
    "max_price": pl.Float64,
    "min_dollar_volume": pl.Float64,
    "excluded": pl.List(pl.String),
}
FILTERS = ("excluded", "kinds", "exchanges", "min_price", "max_price", "min_dollar_volume")
"""The filters in the order they are asked; an instrument is left out by the first that says so."""


def read(document: Mapping[str, Any]) -> Universe:
    """Gives the universe a document states.

    Raises SettingsError naming each field that is wrong, its value, and what would be right.
    """
    try:
        return Universe.model_validate(dict(document))
    except ValidationError as error:
        wrong = documents.in_words(Universe, error, what="field of a universe")
        raise SettingsError(f"{wrong}.") from None


def prepare(
    strategies: Iterable[tuple[int, int, Mapping[str, Any]]],
) -> tuple[pl.DataFrame, dict[int, str]]:
    """Reads (strategy_id, user_id, document) of each universe; one that is wrong stops no other.

    Gives a frame of SCHEMA, and the error by strategy_id of those that have none.
    """
    rows: list[dict[str, Any]] = []
    errors: dict[int, str] = {}
    for strategy_id, user_id, document in strategies:
        try:
            asked = read(document)
        except SettingsError as error:
            errors[strategy_id] = str(error)
            continue
        rows.append(
            {"strategy_id": strategy_id, "user_id": user_id} | asked.model_dump(mode="json")
        )
    return pl.DataFrame(rows, schema=SCHEMA), errors
