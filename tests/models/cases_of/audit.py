"""What breaks the checks of the audit trail."""

from typing import Any

from models.rows_of.users import digest

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "audit_events": {
        "ck_audit_events_seq_from_1": {"seq": 0},
        "ck_audit_events_first_follows_nothing": {"previous_hash": None},
        "ck_audit_events_hashes_are_sha_256": {"hash": b"short"},
        "ck_audit_events_entity_is_plain": {"entity": "Strategies"},
        "ck_audit_events_changes_are_an_object": {"changes": []},
        "ck_audit_events_actor_filled": {"actor": " "},
        # Of row 2, since the first of a chain cannot share one of them alone.
        "uq_audit_events_user_id_seq": {"user_id": 2, "seq": 2},
        "uq_audit_events_user_id_previous_hash": {
            "user_id": 2,
            "previous_hash": digest("event 1"),
        },
    },
}
