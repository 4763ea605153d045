"""The metadata with every domain in it: importing the domain files is what fills it."""

from quantmatrix_models import audit, instruments, market_data, signals, strategies, users
from quantmatrix_models.base import Base

DOMAINS = (users, instruments, market_data, strategies, signals, audit)
metadata = Base.metadata
