"""Users."""

from typing import Any

from quantmatrix_engine.vocabulary import Channel

CHANNELS = [channel.value for channel in Channel]


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:  # noqa: ARG001
    return {
        "users": {"id": number, "name": f"user-{number}", "cohort": number},
        "discord_webhooks": {
            "id": number,
            "sealed_url": "sealed",
            "channel": CHANNELS[number],
        },
    }
