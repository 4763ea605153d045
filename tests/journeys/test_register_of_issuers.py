"""The SEC's list of tickers, selected in the settings, reaches the catalogue."""

import datetime as dt

import pytest
from journeys.conftest import Installation
from pipelines.rows import query
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters.listings.sec import SecRegister
from quantmatrix_engine.errors import SettingsError, UnknownPlugin
from quantmatrix_pipelines.resources import registers_of

CONTACT = "Example Ltd admin@example.com"
IBM = {"cik_str": 51143, "ticker": "IBM", "title": "INTERNATIONAL BUSINESS MACHINES CORP"}
FACEBOOK = {"cik_str": 1326801, "ticker": "FB", "title": "Facebook, Inc."}


def spells(installation: Installation) -> list[tuple[object, ...]]:
    return query(
        installation.database,
        "SELECT s.symbol, k.value, s.valid_from::text, s.valid_to::text FROM instrument_symbols s"
        " LEFT JOIN instrument_identifiers k ON k.instrument_id = s.instrument_id"
        " ORDER BY s.symbol",
    )


def test_a_list_is_worked_in_and_a_later_one_renames(installation: Installation):
    lists = [
        {"0": IBM, "1": FACEBOOK},
        {"0": IBM, "1": FACEBOOK | {"ticker": "META", "title": "Meta Platforms, Inc."}},
    ]
    with ReplayServer() as server:
        installation.registers = (SecRegister(CONTACT, base_url=server.base_url),)
        for number, told in enumerate(lists):
            server.queue(Reply(200, told))
            installation.now += dt.timedelta(days=3 * number)
            installation.run("market_data", {}, "instruments")
    ibm, fb = "0000051143:IBM", "0001326801:FB"
    # The clock stood at Friday, then at Monday: on 2013-03-04 the session has closed.
    assert spells(installation) == [
        ("FB", fb, "2013-03-01", "2013-03-04"),
        ("IBM", ibm, "2012-04-02", None),
        ("META", fb, "2013-03-04", None),
        ("MSFT", None, "2012-04-02", None),
    ]


def test_the_settings_name_the_registers(installation: Installation):
    def chosen(**given: str):
        settings = installation.settings.model_copy(update=given)
        return registers_of(settings, installation.database)

    assert chosen() == ()
    (register,) = chosen(registers="sec", sec_contact=CONTACT)
    assert register.name == "sec"
    with pytest.raises(SettingsError, match="QUANTMATRIX_SEC_CONTACT"):
        chosen(registers="sec")
    with pytest.raises(UnknownPlugin, match="There are: sec"):
        chosen(registers="nyse")
