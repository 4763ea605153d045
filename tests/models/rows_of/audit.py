"""The audit trail, whose hashes fit nothing (`test_audit.py` makes some that do), and imports."""

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
        "imports": {
            "id": number,
            "system": "v1",
            "digest": digest(f"dump {number}"),
            "time_zone": "America/New_York",
            "started_at": moment(number),
        },
        "import_rows": {
            "id": number,
            "import_id": owner,
            "old_table": "holdings",
            "old_key": str(number),
            "outcome": "added",
            "new_table": "position_snapshots",
            "new_id": number,
        },
    }
