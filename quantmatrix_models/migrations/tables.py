"""The metadata with every domain in it: importing the domain files is what fills it."""

from quantmatrix_models import (
    accounts,
    audit,
    instruments,
    market_data,
    positions,
    signals,
    strategies,
    tax_lots,
    transactions,
    users,
)
from quantmatrix_models.base import Base

DOMAINS = (
    users,
    accounts,
    instruments,
    positions,
    transactions,
    tax_lots,
    market_data,
    strategies,
    signals,
    audit,
)
metadata = Base.metadata
