"""A register of issuers, on its way into the catalogue."""

import datetime as dt

from quantmatrix_adapters.listings.registers import Register
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.universe.symbol_history import Imported
from quantmatrix_pipelines.stores import market_data
from quantmatrix_pipelines.stores.symbol_history import named, work_in


def read(database: Database, register: Register, *, seen_on: dt.date) -> Imported:
    """Works the list of a register into the catalogue; bad rows become findings.

    `seen_on` is the date a symbol begins that the catalogue did not know. Raises what asking the
    register raises; then nothing is changed.
    """
    told = register.history(named(database, register.name))
    parted = quarantine.part(SymbolHistory, told, provider=register.name, key=("key", "symbol"))
    market_data.record_findings(database, parted.findings)
    changes = work_in(database, parted.good, source=register.name, seen_on=seen_on)
    return Imported(changes, parted.findings)
