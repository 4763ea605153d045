"""What assets and sensors are handed: database, lake, feed, vault, channels, clock.

Each is made when a run or a tick asks for it, from settings that were read once.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from quantmatrix_adapters.channels.console import ConsoleChannel
from quantmatrix_adapters.channels.discord import DiscordChannel
from quantmatrix_adapters.limits import Limiter, Limits
from quantmatrix_adapters.listings.registers import Register, registers_from
from quantmatrix_adapters.providers.base import Given, Provider
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_adapters.providers.select import intraday_from, provider_from
from quantmatrix_models.database import Database
from quantmatrix_pipelines import home
from quantmatrix_pipelines.clock import utc_now
from quantmatrix_pipelines.io_managers.lake import lake_input
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores.provider_limits import DatabaseLimiter


def resources(settings: Settings) -> Mapping[str, Any]:
    """Gives every resource by the name assets ask for it."""

    def made(make: Callable[[], Any], description: str) -> dg.ResourceDefinition:
        return dg.ResourceDefinition(resource_fn=lambda _: make(), description=description)

    return {
        "settings": made(lambda: settings, "Settings of this installation."),
        "database": dg.ResourceDefinition(
            resource_fn=lambda _: _connected(settings), description="PostgreSQL of QuantMatrix."
        ),
        "lake": made(lambda: Lake(str(settings.lake)), "Delta tables of the long series."),
        "feed": dg.ResourceDefinition(
            resource_fn=lambda _: _fed(settings), description="The provider of bars."
        ),
        "intraday_feed": dg.ResourceDefinition(
            resource_fn=lambda _: _fed_intraday(settings),
            description="The providers of intraday bars, none where none is configured.",
        ),
        "registers": dg.ResourceDefinition(
            resource_fn=lambda _: _registered(settings), description="Registers of issuers."
        ),
        "vault": made(lambda: home.vault(settings), "Opens sealed secrets."),
        "audit_keys": made(lambda: home.audit_keys(settings), "Sign the audit trail."),
        "discord": made(lambda: DiscordChannel(settings.discord_url), "Posts to webhooks."),
        "console": made(lambda: ConsoleChannel(_print), "Shows messages that have no webhook."),
        "clock": made(lambda: utc_now, "The present moment."),
        "lake_input": lake_input,
    }


def feed_of(settings: Settings, database: Database) -> Provider:
    """Gives the provider, or providers, the settings name; their limits are kept in `database`.

    Raises UnknownPlugin and SettingsError as `provider_from` does.
    """
    return provider_from(_given(settings, database), settings.provider_names)


def intraday_of(settings: Settings, database: Database) -> IntradayFailover:
    """Gives the providers of intraday bars the settings name; their limits are in `database`.

    Raises UnknownPlugin and SettingsError as `intraday_from` does.
    """
    return intraday_from(_given(settings, database), settings.intraday_names)


def registers_of(settings: Settings, database: Database) -> tuple[Register, ...]:
    """Gives the registers the settings name; their limits are kept in `database`.

    Raises UnknownPlugin and SettingsError as `registers_from` does.
    """
    return registers_from(_given(settings, database), settings.register_names)


def _given(settings: Settings, database: Database) -> Given:
    def limiter_of(name: str, limits: Limits) -> Limiter:
        return DatabaseLimiter(database, name, limits, clock=utc_now)

    return Given(
        bars=settings.bars,
        intraday_bars=settings.intraday_bars,
        symbols=settings.provider_symbols,
        keys=settings.provider_keys,
        contacts={"sec": settings.sec_contact},
        limiter_of=limiter_of,
    )


@contextmanager
def _registered(settings: Settings) -> Iterator[tuple[Register, ...]]:
    """Gives the registers of a run, and closes with them the connections of their limits."""
    with _connected(settings) as database:
        yield registers_of(settings, database)


@contextmanager
def _fed(settings: Settings) -> Iterator[Provider]:
    """Gives the feed of a run or a tick, and closes with it the connections of its limits."""
    with _connected(settings) as database:
        yield feed_of(settings, database)


@contextmanager
def _fed_intraday(settings: Settings) -> Iterator[IntradayFailover]:
    """Gives the providers of intraday bars of a run, and closes the connections of their limits."""
    with _connected(settings) as database:
        yield intraday_of(settings, database)


@contextmanager
def _connected(settings: Settings) -> Iterator[Database]:
    """Gives the database of a run or a tick, and closes its connections with it."""
    database = Database(home.our_database_url(settings))
    try:
        yield database
    finally:
        database.dispose()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()
