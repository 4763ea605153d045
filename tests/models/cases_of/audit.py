"""What breaks the checks of the audit trail."""

from typing import Any

from models.rows_of.users import digest

OF_USER_1 = {"user_id": 1, "actor_id": 1}
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "audit_events": {
        "uq_audit_events_user_id_seq": OF_USER_1 | {"seq": 2, "previous_hash": digest("another")},
        "uq_audit_events_user_id_previous_hash": OF_USER_1
        | {"seq": 3, "previous_hash": digest("event 1")},
        "ck_audit_events_seq_from_1": {"seq": 0, "previous_hash": digest("another")},
        "ck_audit_events_first_follows_nothing": {"seq": 2},
        "ck_audit_events_hashes_are_sha_256": {"hash": b"short"},
        "ck_audit_events_entity_is_plain": {"entity": "Strategies"},
        "ck_audit_events_changes_are_an_object": {"changes": []},
        "ck_audit_events_actor_filled": {"actor": " "},
    },
}
