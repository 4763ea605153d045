"""Business rules that many tables state, each under the same name everywhere."""

from sqlalchemy import CheckConstraint


def is_currency(column: str = "currency") -> CheckConstraint:
    """Gives the check that a column holds an ISO 4217 code: three capital letters."""
    return CheckConstraint(f"{column} ~ '^[A-Z]{{3}}$'", name=f"{column}_is_iso_4217")


def is_exchange(column: str = "exchange") -> CheckConstraint:
    """Gives the check that a column holds an ISO 10383 MIC: four capital letters or digits."""
    return CheckConstraint(f"{column} ~ '^[A-Z0-9]{{4}}$'", name=f"{column}_is_mic")


def not_negative(*columns: str) -> CheckConstraint:
    """Gives the check that no column is below 0; a null passes. Named for the first column."""
    rule = " AND ".join(f"{column} >= 0" for column in columns)
    return CheckConstraint(rule, name=f"{columns[0]}_not_negative")


def positive(column: str) -> CheckConstraint:
    """Gives the check that a column is above 0; a null passes."""
    return CheckConstraint(f"{column} > 0", name=f"{column}_positive")


def in_percent(column: str, *, lowest: str = ">= 0") -> CheckConstraint:
    """Gives the check that a column lies within 0-100; a null passes."""
    return CheckConstraint(f"{column} {lowest} AND {column} <= 100", name=f"{column}_in_range")


def filled(*columns: str) -> CheckConstraint:
    """Gives the check that a text is not blank; a null passes. Named for the first column."""
    rule = " AND ".join(f"btrim({column}) <> ''" for column in columns)
    return CheckConstraint(rule, name=f"{columns[0]}_filled")
