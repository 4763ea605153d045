"""Findings: what is wrong with a row or a file of market data, one row a broken rule."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.vocabulary import FindingRule, Severity


class Findings(pa.DataFrameModel):
    """A broken rule, with the row it was found in, so that nothing is lost.

    Key: provider, source, source_row, symbol, session, rule, column, known_at: a row that is wrong
    again when it is restated is another finding.
    """

    provider: str = pa.Field(description="The provider that delivered the data.")
    symbol: str = pa.Field(nullable=True, description="The provider's symbol; null: a whole file.")
    session: dt.date = pa.Field(nullable=True, description="Trading date; null: unreadable.")
    rule: str = pa.Field(isin=list(FindingRule), description="The rule that was broken.")
    column: str = pa.Field(nullable=True, description="The column at fault; null: the whole row.")
    value: str = pa.Field(nullable=True, description="The value found, as text; null: none.")
    expected: str = pa.Field(description="What would be right, for a person.")
    severity: str = pa.Field(isin=list(Severity), description="How much the finding weighs.")
    source: str = pa.Field(description="Where the row was read: a file's name or a request.")
    source_row: int = pa.Field(
        nullable=True, description="Line of the file (its header is line 1), or null."
    )
    known_at: UtcTime = pa.Field(
        nullable=True,
        description="Moment (UTC) the row became known; null: not about one statement.",
    )
    row: str = pa.Field(nullable=True, description="The row as it was delivered, as JSON.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True


class UserFindings(Findings):
    """A finding in a row of one user, which nobody else sees."""

    user_id: int = pa.Field(description="The user the row belongs to.")
