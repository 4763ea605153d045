"""The users of a first start: two, with params of their own, so that there is something to see."""

from collections.abc import Mapping
from typing import Any

from quantmatrix_adapters.channels.discord import DiscordChannel
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.stores import strategies, users
from quantmatrix_pipelines.stores.trail import Trail

USERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ada": ("ATR Matrix", {}),
    "ben": (
        "ATR Matrix, close to the trend",
        {
            "entry_max_atr_distance": 1.5,
            "min_strength": 0.6,
            "min_atr_pct": 1.0,
            "stop_atr_multiple": 2.0,
            "scale_out_levels": [5.0, 6.0, 7.0],
            "scale_out_pct": 33.0,
            "max_position_pct": 3.0,
        },
    ),
}


def seed(database: Database, trail: Trail) -> bool:
    """Adds the users and their strategies where there is nobody else; says whether it did.

    What is there already stays as it is, so that a start that was interrupted is completed.
    """
    if {user.name for user in users.listed(database)} - set(USERS):
        return False
    added = [_seed_user(database, trail, name, *setting) for name, setting in USERS.items()]
    return any(added)


def _seed_user(
    database: Database, trail: Trail, name: str, title: str, params: dict[str, Any]
) -> bool:
    users.add(database, name, trail=trail)
    found = [user for user in users.listed(database) if user.name == name]
    added = [
        strategies.add(
            database,
            user_id=user.id,
            name=title,
            kind="atr_matrix",
            params=params,
            universe={"symbols": None},
            trail=trail,
        )
        for user in found
    ]
    return any(one is not None for one in added)


def set_webhooks(
    database: Database,
    vault: Vault,
    discord: DiscordChannel,
    webhooks: Mapping[str, str],
    *,
    trail: Trail,
) -> None:
    """Points the signals of the named users at their webhooks. Raises SettingsError.

    One that points there already is left alone: a webhook Discord has deleted stays disabled.
    """
    for name, url in webhooks.items():
        user, target = users.named(database, name), discord.check_target(url)
        if users.webhook(database, vault, user_id=user.id, channel=Channel.SIGNALS) != target:
            users.set_webhook(
                database,
                vault,
                user_id=user.id,
                channel=Channel.SIGNALS,
                url=target,
                trail=trail,
            )
