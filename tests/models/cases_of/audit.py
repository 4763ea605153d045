"""What breaks the checks of the audit trail and of imports."""

from typing import Any

from models.rows_of.moments import moment
from models.rows_of.users import digest

NOT_KEPT = {
    "outcome": "not_kept",
    "new_table": None,
    "new_id": None,
    "reason": "no such column",
    "row": {"id": 3},
}
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
    "imports": {
        "ck_imports_system_filled": {"system": ""},
        "ck_imports_digest_is_sha_256": {"digest": b"short"},
        "ck_imports_finished_unless_running": {"finished_at": moment(3)},
        "ck_imports_finished_after_started": {"status": "succeeded", "finished_at": moment(2)},
        "ck_imports_failed_with_error": {"error": "no table holdings"},
    },
    "import_rows": {
        "ck_import_rows_old_table_filled": {"old_table": " "},
        "ck_import_rows_kept_somewhere": {"new_table": None, "new_id": None},
        "ck_import_rows_new_id_of_table": NOT_KEPT | {"new_id": 3},
        "ck_import_rows_refused_with_reason": NOT_KEPT | {"row": None},
        "ck_import_rows_row_is_object": {"row": []},
    },
}
