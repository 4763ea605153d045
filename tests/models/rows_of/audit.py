"""The audit trail. The hashes fit nothing: what they are made of is tested in `test_audit.py`."""

from typing import Any

from models.rows_of.moments import moment
from models.rows_of.users import digest


def rows(number: int, owner: int) -> dict[str, dict[str, Any]]:
    return {
        "audit_events": {
            "id": number,
            # The first of its chain, or the second, which follows it.
            "seq": 1 if number == owner else 2,
            "at": moment(number),
            "actor_id": owner,
            "actor": f"user-{owner}",
            "action": "changed",
            "entity": "strategies",
            "changes": {},
            "key_id": "0123456789abcdef",
            "previous_hash": None if number == owner else digest(f"event {owner}"),
            "hash": digest(f"event {number}"),
        },
    }
