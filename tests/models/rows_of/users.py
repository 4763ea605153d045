"""Users."""

import hashlib
from typing import Any

from models.rows_of.moments import moment

from quantmatrix_engine.vocabulary import Channel

CHANNELS = [channel.value for channel in Channel]


def digest(text: str) -> bytes:
    """Gives the SHA-256 digest of a text."""
    return hashlib.sha256(text.encode()).digest()


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:  # noqa: ARG001
    return {
        "users": {
            "id": number,
            "name": f"user-{number}",
            "cohort": number,
            "email": f"user-{number}@example.com",
        },
        "user_preferences": {},
        "risk_limits": {"max_sector_pct": 25},
        "password_credentials": {"password_hash": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"},
        "oauth_identities": {
            "id": number,
            "issuer": "https://issuer.example",
            "subject": f"subject {number}",
        },
        "auth_tokens": {
            "id": number,
            "kind": "session",
            "token_digest": digest(f"token {number}"),
            "created_at": moment(number),
            "expires_at": moment(number + 1),
        },
        "sign_in_throttles": {
            "scope": "address",
            "key_digest": digest(f"192.0.2.{number}"),
            "last_failed_at": moment(number),
        },
        "discord_webhooks": {
            "id": number,
            "sealed_url": "sealed",
            "channel": CHANNELS[number],
        },
    }
