"""What breaks the checks of the users' tables."""

from typing import Any

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "users": {
        "ck_users_cohort_in_range": {"cohort": 64},
        "ck_users_name_is_plain": {"name": "Ada"},
    },
    "discord_webhooks": {
        "ck_discord_webhooks_disabled_with_reason": {"disabled_reason": "gone"},
    },
}
