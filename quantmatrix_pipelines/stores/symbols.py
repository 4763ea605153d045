"""The symbol of an instrument on a session, as a part of statements."""


def symbol_then(row: str) -> str:
    """Gives the SQL of the symbol that `instrument_id` of `row` had on its `session`; never null.

    `row` is an alias of the statement. One that a corrected history does not know any more is
    called by the instrument's newest symbol, and without any by its number.
    """
    is_valid = (
        f"(y.valid_from <= {row}.session AND (y.valid_to IS NULL OR y.valid_to > {row}.session))"
    )
    return (
        "coalesce((SELECT y.symbol FROM instrument_symbols y"
        f" WHERE y.instrument_id = {row}.instrument_id"
        f" ORDER BY {is_valid} DESC, CASE WHEN {is_valid} THEN y.symbol END,"
        f" y.valid_from DESC, y.symbol LIMIT 1), 'instrument ' || {row}.instrument_id)"
    )
