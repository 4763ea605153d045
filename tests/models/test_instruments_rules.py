"""What the instruments' tables take and what they refuse, told as what happens on a market."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.rows import fill
from models.rows_of.moments import moment
from models.test_constraints import broken
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_models.database import Database
from quantmatrix_models.instruments import CorporateActionKind
from quantmatrix_models.privileges import Role

# Row 3's instrument and its companions (rows_of/instruments.py), and one of row 1.
STOCK, OPTION, INDEX, ANOTHER = 3, 13, 23, 1
JULY = dt.date(2024, 7, 1)


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    """Rows 1 and 2 of every table, and row 3 of those the instruments' tables refer to."""
    with populated.engine.connect() as made:
        fill(made, 3, until="corporate_actions")
        yield made


# Instruments


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({}, True),
        ({"status": "listed", "delisted_on": None}, True),
        ({"status": "listed", "delisted_on": JULY}, False),
        ({"status": "delisted", "delisted_on": JULY}, True),
        ({"status": "delisted", "delisted_on": None}, False),
        ({"country": "US"}, True),
        ({"country": "us"}, False),
    ],
    ids=str,
)
def test_a_delisted_instrument_says_since_when_and_a_country_is_two_letters(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert (broken(connection, "instruments", {"id": 4, **changes}) is None) == is_taken


@pytest.mark.parametrize("kind", InstrumentKind)
def test_an_instrument_can_be_of_every_kind(connection: Connection, kind: InstrumentKind) -> None:
    assert broken(connection, "instruments", {"id": 4, "kind": kind.value}) is None


# Symbols


def symbol_refused(connection: Connection, number: int, **changes: Any) -> str | None:
    of_nasdaq = {"id": number, "exchange": "XNAS", "valid_to": None, **changes}
    return broken(connection, "instrument_symbols", of_nasdaq)


def test_fb_is_one_company_and_later_another(connection: Connection) -> None:
    first = {"valid_from": dt.date(2012, 5, 18), "valid_to": dt.date(2022, 6, 9)}
    renamed = {"symbol": "META", "valid_from": dt.date(2022, 6, 9)}
    taken_again = {"symbol": "FB", "valid_from": dt.date(2025, 6, 26)}
    assert symbol_refused(connection, 3, symbol="FB", **first) is None
    assert symbol_refused(connection, 4, **renamed) is None
    assert symbol_refused(connection, 5, instrument_id=ANOTHER, **taken_again) is None


def test_fb_is_not_two_companies_on_one_date(connection: Connection) -> None:
    first = {"valid_from": dt.date(2012, 5, 18), "valid_to": dt.date(2022, 6, 9)}
    a_day_early = {"instrument_id": ANOTHER, "valid_from": dt.date(2022, 6, 8)}
    assert symbol_refused(connection, 3, symbol="FB", **first) is None
    name = "ex_instrument_symbols_symbol_exchange_valid"
    assert symbol_refused(connection, 4, symbol="FB", **a_day_early) == name


def test_a_share_is_listed_on_two_exchanges_under_one_symbol_or_two(connection: Connection) -> None:
    assert symbol_refused(connection, 3, symbol="SHEL", exchange="XNYS") is None
    assert symbol_refused(connection, 4, symbol="SHEL", exchange="XLON") is None
    assert symbol_refused(connection, 5, symbol="R6C0", exchange="XETR") is None


def test_a_share_has_one_symbol_on_an_exchange_on_one_date(connection: Connection) -> None:
    name = "ex_instrument_symbols_instrument_id_exchange_valid"
    assert symbol_refused(connection, 3, symbol="FB") is None
    assert symbol_refused(connection, 4, symbol="META") == name


# Identifiers


@pytest.mark.parametrize(
    ("scheme", "value", "is_taken"),
    [
        ("isin", "US0378331005", True),
        ("isin", "us0378331005", False),
        ("isin", "US037833100", False),
        ("isin", "US037833100X", False),
        ("cusip", "037833100", True),
        ("cusip", "G0176J109", True),
        ("cusip", "03783310", False),
        ("sedol", "2046251", True),
        ("sedol", "204625", False),
        ("figi", "BBG000B9XRY4", True),
        ("figi", "KKG00000DV14", True),
        ("figi", "ABC000B9XRY4", False),
        ("figi", "BBG000B9XRY", False),
        ("cik", "0000320193", True),
        ("cik", "320193", False),
        ("ibkr_conid", "265598", True),
        ("ibkr_conid", "0265598", False),
        ("ibkr_conid", "AAPL", False),
        ("occ", "AAPL  260116C00150000", True),
        ("occ", "AAPL260116C00150000", False),
    ],
)
def test_an_identifier_looks_as_its_scheme_writes_it(
    connection: Connection, scheme: str, value: str, is_taken: bool
) -> None:
    row = {"scheme": scheme, "provider": None, "value": value}
    refused_by = broken(connection, "instrument_identifiers", row)
    assert refused_by == (None if is_taken else "ck_instrument_identifiers_value_fits_scheme")


def test_the_share_classes_of_one_issuer_have_one_cik_and_a_figi_each(
    connection: Connection,
) -> None:
    table = "instrument_identifiers"
    cik = {"scheme": "cik", "provider": None, "value": "0001652044"}
    figi = {"scheme": "figi", "provider": None, "value": "BBG009S3NB30"}
    for number, instrument_id in ((4, 1), (5, 2)):
        row = {"id": number, "instrument_id": instrument_id}
        assert broken(connection, table, row | cik) is None
    assert broken(connection, table, {"id": 6, "instrument_id": 1} | figi) is None
    assert broken(connection, table, {"id": 7, "instrument_id": 2} | figi) == (
        "ex_instrument_identifiers_scheme_provider_value_valid"
    )


@pytest.mark.parametrize(
    ("scheme", "provider", "value", "is_taken"),
    [
        ("provider", "provider-1", "AAPL.US", True),
        ("provider", None, "AAPL.US", False),
        ("isin", None, "US0378331005", True),
        ("isin", "provider-1", "US0378331005", False),
    ],
)
def test_only_a_key_of_a_providers_own_names_the_provider(
    connection: Connection, scheme: str, provider: str | None, value: str, is_taken: bool
) -> None:
    row = {"scheme": scheme, "provider": provider, "value": value}
    refused_by = broken(connection, "instrument_identifiers", row)
    assert refused_by == (None if is_taken else "ck_instrument_identifiers_provider_of_own_keys")


def test_a_key_means_one_instrument_at_a_time(connection: Connection) -> None:
    figi = {"scheme": "figi", "provider": None, "value": "BBG000B9XRY4"}
    before = figi | {"valid_from": JULY, "valid_to": JULY.replace(month=8)}
    from_then = figi | {"instrument_id": ANOTHER, "valid_from": JULY.replace(month=8)}
    meanwhile = from_then | {"valid_from": JULY.replace(day=31), "valid_to": JULY.replace(month=8)}
    table, name = "instrument_identifiers", "ex_instrument_identifiers_scheme_provider_value_valid"
    assert broken(connection, table, before) is None
    assert broken(connection, table, {"id": 4, **meanwhile}) == name
    assert broken(connection, table, {"id": 5, **from_then}) is None


def test_two_providers_may_use_the_same_key_for_different_instruments(
    connection: Connection,
) -> None:
    theirs = {"instrument_id": ANOTHER, "provider": "provider-2", "value": "KEY1"}
    assert broken(connection, "instrument_identifiers", theirs) is None


# Options


def option_refused(connection: Connection, changes: dict[str, Any]) -> str | None:
    return broken(connection, "option_contracts", changes)


def another_option(connection: Connection) -> int:
    assert broken(connection, "instruments", {"id": 40, "kind": "option"}) is None
    return 40


def test_the_instrument_of_an_option_contract_is_no_stock(connection: Connection) -> None:
    of_stock = {"instrument_id": STOCK, "underlying_id": ANOTHER}
    name = "fk_option_contracts_instrument_id_kind_instruments"
    assert option_refused(connection, of_stock) == name
    assert option_refused(connection, of_stock | {"kind": "stock"}) == (
        "ck_option_contracts_kind_is_option"
    )


def test_an_instrument_with_an_option_contract_stays_an_option(connection: Connection) -> None:
    assert option_refused(connection, {}) is None
    becomes_stock = text("UPDATE instruments SET kind = 'stock' WHERE id = :id")
    with pytest.raises(IntegrityError, match="fk_option_contracts_instrument_id_kind_instruments"):
        connection.execute(becomes_stock, {"id": OPTION})


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({}, False),
        ({"strike": Decimal("100.5")}, True),
        ({"option_right": "put"}, True),
        ({"expires_on": JULY}, True),
        ({"root": "SYM1"}, True),
        ({"multiplier": Decimal(150)}, True),
        ({"exercise_style": "european"}, False),
        ({"settlement": "cash"}, False),
    ],
    ids=str,
)
def test_two_contracts_differ_in_what_they_promise(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert option_refused(connection, {}) is None
    other = {"instrument_id": another_option(connection), "occ_symbol": None, **changes}
    name = None if is_taken else "uq_option_contracts_identity"
    assert option_refused(connection, other) == name


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"strike": Decimal("0.000001")}, True),
        ({"strike": Decimal(0)}, False),
        ({"strike": Decimal("NaN")}, False),
        ({"multiplier": Decimal(10)}, True),
        ({"multiplier": Decimal(0)}, False),
        ({"occ_symbol": None}, True),
        ({"occ_symbol": "SPXW  261231P06500000"}, True),
        ({"occ_symbol": "SPXW  261231X06500000"}, False),
        ({"occ_symbol": "      261231P06500000"}, False),
        ({"underlying_id": OPTION}, False),
    ],
    ids=str,
)
def test_the_terms_of_an_option_are_within_their_bounds(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert (option_refused(connection, changes) is None) == is_taken


# Corporate actions

CASH = {"amount": Decimal("0.25"), "currency": "USD"}
NO_RATIO = {"ratio_from": None, "ratio_to": None}
NEEDED = {
    "split": {"ratio_from": 1, "ratio_to": 4},
    "stock_dividend": {"ratio_from": 20, "ratio_to": 21},
    "cash_dividend": CASH,
    "special_dividend": CASH,
    "return_of_capital": CASH,
    "spin_off": {"other_instrument_id": ANOTHER},
    "merger": {"other_instrument_id": ANOTHER},
    "rights": {},
    "symbol_change": {},
    "delisting": {},
}


def action_refused(connection: Connection, **changes: Any) -> str | None:
    return broken(connection, "corporate_actions", changes)


@pytest.mark.parametrize("kind", CorporateActionKind)
def test_an_action_needs_what_makes_it_that_kind(
    connection: Connection, kind: CorporateActionKind
) -> None:
    bare = {"kind": kind.value, **NO_RATIO}
    is_taken_bare = action_refused(connection, id=4, provider="provider-1", **bare) is None
    assert is_taken_bare == (NEEDED[kind] == {})
    assert action_refused(connection, **(bare | NEEDED[kind])) is None


def test_a_takeover_for_cash_needs_no_other_instrument(connection: Connection) -> None:
    for_cash = {"kind": "merger", **NO_RATIO, "amount": Decimal("54.20"), "currency": "USD"}
    assert action_refused(connection, **for_cash) is None


@pytest.mark.parametrize(
    ("changes", "refused_by"),
    [
        ({"ratio_from": 1, "ratio_to": 4}, None),
        ({"ratio_from": 10, "ratio_to": 1}, None),
        ({"ratio_from": Decimal("1.0000000001"), "ratio_to": 1}, None),
        (NO_RATIO, "ck_corporate_actions_split_has_ratio"),
        ({"ratio_to": None}, "ck_corporate_actions_ratio_is_whole"),
        ({"ratio_from": 0}, "ck_corporate_actions_ratio_positive"),
        ({"ratio_to": -4}, "ck_corporate_actions_ratio_positive"),
        ({"ratio_to": Decimal("NaN")}, "ck_corporate_actions_amounts_are_numbers"),
        ({"amount": 0, "currency": "USD"}, None),
        ({"amount": -1, "currency": "USD"}, "ck_corporate_actions_amount_not_negative"),
        ({"currency": "USD"}, "ck_corporate_actions_amount_has_currency"),
    ],
    ids=str,
)
def test_a_split_has_a_whole_ratio_and_cash_has_a_currency(
    connection: Connection, changes: dict[str, Any], refused_by: str | None
) -> None:
    assert action_refused(connection, **changes) == refused_by


def test_a_large_dividend_goes_ex_after_it_was_paid(connection: Connection) -> None:
    paid_first = {
        "announced_on": dt.date(2024, 6, 3),
        "record_date": dt.date(2024, 6, 14),
        "pay_date": dt.date(2024, 6, 28),
        "ex_date": JULY,
    }
    assert action_refused(connection, **paid_first) is None


@pytest.mark.parametrize(
    ("changes", "refused_by"),
    [
        ({"announced_on": JULY}, None),
        ({"announced_on": dt.date(2024, 7, 2)}, "ck_corporate_actions_announced_before_ex"),
        ({"record_date": JULY, "pay_date": JULY}, None),
        (
            {"record_date": JULY, "pay_date": dt.date(2024, 6, 28)},
            "ck_corporate_actions_recorded_before_paid",
        ),
    ],
    ids=str,
)
def test_what_is_announced_and_recorded_comes_before_what_follows_it(
    connection: Connection, changes: dict[str, Any], refused_by: str | None
) -> None:
    assert action_refused(connection, ex_date=JULY, **changes) == refused_by


@pytest.mark.parametrize(
    ("status", "reason", "is_taken"),
    [
        ("confirmed", None, True),
        ("confirmed", "was in doubt until the prospectus came", True),
        ("quarantined", None, False),
        ("quarantined", "no other provider has it", True),
        ("rejected", None, False),
        ("rejected", " ", False),
    ],
)
def test_an_action_in_doubt_says_why(
    connection: Connection, status: str, reason: str | None, is_taken: bool
) -> None:
    since = moment(3) if status == "confirmed" else None
    found = action_refused(connection, status=status, reason=reason, confirmed_at=since)
    assert (found is None) == is_taken


def test_a_restated_action_is_a_row_of_its_own(connection: Connection) -> None:
    assert action_refused(connection, known_at=moment(3), confirmed_at=moment(3)) is None
    restated = {"id": 4, "ratio_to": Decimal(5), "confirmed_at": moment(4)}
    assert action_refused(connection, **restated, known_at=moment(4)) is None
    assert action_refused(connection, **restated | {"id": 5}, known_at=moment(4)) == (
        "uq_corporate_actions_identity"
    )


@pytest.mark.parametrize("role", [Role.PIPELINE, Role.ADMIN])
def test_of_an_action_the_status_can_change_and_nothing_else(
    populated: Database, role: Role
) -> None:
    with populated.transaction(role) as connection:
        doubted = (
            "UPDATE corporate_actions SET status = 'quarantined', reason = 'alone',"
            " confirmed_at = NULL"
        )
        assert connection.execute(text(doubted)).rowcount == 2
        with pytest.raises(ProgrammingError) as caught:
            connection.execute(text("UPDATE corporate_actions SET ratio_to = 5"))
        assert isinstance(caught.value.orig, errors.InsufficientPrivilege)
        connection.rollback()


# Memberships and classifications

MEMBERS = text(
    """
    SELECT instrument_id FROM index_memberships
    WHERE index_id = :index_id AND valid_from <= :date AND (valid_to IS NULL OR valid_to > :date)
    ORDER BY instrument_id
    """
)


def member_refused(connection: Connection, number: int, **changes: Any) -> str | None:
    return broken(connection, "index_memberships", {"id": number, "valid_to": None, **changes})


def members(connection: Connection, date: dt.date) -> list[int]:
    return list(connection.execute(MEMBERS, {"index_id": INDEX, "date": date}).scalars())


def test_a_membership_ends_and_begins_again(connection: Connection) -> None:
    until_july = {"valid_from": dt.date(2020, 3, 2), "valid_to": JULY}
    again = dt.date(2025, 3, 3)
    assert member_refused(connection, 3, **until_july) is None
    assert member_refused(connection, 4, valid_from=again) is None
    assert members(connection, dt.date(2020, 3, 1)) == []
    assert members(connection, dt.date(2024, 6, 30)) == [STOCK]
    assert members(connection, JULY) == []
    assert members(connection, again) == [STOCK]


def test_an_instrument_is_in_an_index_once_at_a_time(connection: Connection) -> None:
    name = "ex_index_memberships_index_id_instrument_id_valid"
    assert member_refused(connection, 3, valid_from=dt.date(2020, 3, 2), valid_to=JULY) is None
    assert member_refused(connection, 4, valid_from=dt.date(2024, 6, 30)) == name


def test_a_delisted_member_is_found_on_the_dates_it_was_one(connection: Connection) -> None:
    failed = {"valid_from": dt.date(2018, 3, 19), "valid_to": dt.date(2023, 3, 15)}
    assert member_refused(connection, 3, **failed) is None
    assert member_refused(connection, 4, instrument_id=ANOTHER, valid_from=JULY) is None
    gone = "UPDATE instruments SET status = 'delisted', delisted_on = '2023-03-28' WHERE id = 3"
    connection.execute(text(gone))
    assert members(connection, dt.date(2023, 3, 14)) == [STOCK]
    assert members(connection, JULY) == [ANOTHER]


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"valid_from": dt.date(2018, 9, 24)}, True),
        ({"valid_from": dt.date(2018, 9, 23)}, False),
        ({"valid_from": dt.date(2018, 9, 23), "scheme": "sic"}, True),
        ({"valid_from": dt.date(2018, 9, 23), "instrument_id": OPTION}, True),
    ],
    ids=str,
)
def test_an_instrument_is_in_one_sector_of_a_scheme_at_a_time(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    table = "instrument_classifications"
    until_then = {"valid_from": JULY.replace(year=2015), "valid_to": dt.date(2018, 9, 24)}
    assert broken(connection, table, {"sector": "Information Technology", **until_then}) is None
    from_then = {"id": 4, "sector": "Communication Services", "valid_to": None, **changes}
    assert (broken(connection, table, from_then) is None) == is_taken
