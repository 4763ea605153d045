"""What breaks the checks of the users' tables."""

import datetime as dt
from typing import Any

from models.rows_of.moments import MOMENT, moment

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "users": {
        "ck_users_cohort_in_range": {"cohort": 64},
        "ck_users_name_is_plain": {"name": "Ada"},
        "ck_users_email_is_plain": {"email": "Ada@example.com"},
        "ck_users_verified_has_email": {"email": None, "email_verified_at": MOMENT},
        "ck_users_deactivated_not_active": {"deactivated_at": MOMENT},
    },
    "user_preferences": {
        "ck_user_preferences_time_zone_is_plain": {"time_zone": "New York"},
        "ck_user_preferences_currency_is_iso_4217": {"currency": "usd"},
        "ck_user_preferences_quiet_from_has_until": {"quiet_from": dt.time(22)},
        "ck_user_preferences_quiet_time_not_empty": {
            "quiet_from": dt.time(22),
            "quiet_until": dt.time(22),
        },
        "ck_user_preferences_muted_kinds_are_known": {"muted_kinds": ["advertising"]},
    },
    "risk_limits": {
        "ck_risk_limits_max_position_pct_in_range": {"max_position_pct": 0},
        "ck_risk_limits_max_sector_pct_in_range": {"max_sector_pct": 101},
        "ck_risk_limits_max_heat_pct_in_range": {"max_heat_pct": -1},
        "ck_risk_limits_max_positions_positive": {"max_positions": 0},
    },
    "password_credentials": {
        "ck_password_credentials_password_hash_is_argon2id": {"password_hash": "secret"},
    },
    "oauth_identities": {
        "ck_oauth_identities_issuer_filled": {"issuer": " "},
        "ck_oauth_identities_subject_filled": {"subject": ""},
        "ck_oauth_identities_verified_has_email": {"email_was_verified": True},
    },
    "auth_tokens": {
        "ck_auth_tokens_token_digest_is_sha_256": {"token_digest": b"the token itself"},
        "ck_auth_tokens_personal_has_label": {"kind": "personal"},
        "ck_auth_tokens_label_filled": {"label": " "},
        "ck_auth_tokens_idle_seconds_positive": {"idle_seconds": 0},
        "ck_auth_tokens_expires_after_creation": {"expires_at": moment(3)},
    },
    "sign_in_throttles": {
        "ck_sign_in_throttles_key_digest_is_sha_256": {"key_digest": b"192.0.2.1"},
        "ck_sign_in_throttles_failures_not_negative": {"failures": -1},
    },
    "discord_webhooks": {
        "ck_discord_webhooks_disabled_with_reason": {"disabled_reason": "gone"},
        "ck_discord_webhooks_label_filled": {"label": ""},
        "ck_discord_webhooks_consecutive_failures_not_negative": {"consecutive_failures": -1},
    },
}
