"""The metadata with every domain in it: importing the domain files is what fills it."""

from quantmatrix_models import instruments, market_data, signals, strategies, users
from quantmatrix_models.base import Base

DOMAINS = (users, instruments, market_data, strategies, signals)
metadata = Base.metadata
