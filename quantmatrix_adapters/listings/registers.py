"""Registers of issuers: lists, kept by an authority, of who is called what today."""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from quantmatrix_adapters import listings
from quantmatrix_adapters.providers.base import Given
from quantmatrix_engine import registry


class Register(Protocol):
    """Gives a list of today. An instance is cheap to make; it asks when it is asked."""

    name: str

    def history(self, known: pl.DataFrame) -> pl.DataFrame:
        """Gives the list as a history of today (contract SymbolHistory).

        `known` has key and symbol: what this register's keys are called today.
        """
        ...


def registers_from(given: Given, names: Sequence[str]) -> tuple[Register, ...]:
    """Gives the registers of these names, in their order, each once.

    Raises UnknownPlugin for a name no file answers to, and SettingsError where one lacks what it
    needs.
    """
    known = registry.discover(listings, attribute="REGISTER")
    return tuple(
        registry.pick(known, name, what="register").configured(given)
        for name in dict.fromkeys(names)
    )
