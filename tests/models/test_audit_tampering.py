"""The audit trail tells when somebody who took the triggers away has tampered with it."""

from dataclasses import replace

import pytest
from models.trail import (
    BOB,
    CHANGED,
    KEYS,
    add_users,
    anchored,
    faults,
    fill_chains,
    tamper,
    write,
)

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.audit import (
    AuditKeys,
    Fault,
    anchors_from_json,
    anchors_to_json,
)
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata

NOT_SIGNED = "The event is not what was signed."
NOT_ANCHORED = "The event is not the one that was anchored."
NOT_AFTER = "The event does not follow the one before it."


@pytest.fixture
def written(database: Database) -> Database:
    """A database with events of Ada, of Bob and of the system."""
    fill_chains(database)
    return database


EDITS = [
    ("user_id", "1000"),
    ("seq", "30"),
    ("at", "at + interval '1 microsecond'"),
    ("at", "'infinity'"),
    ("actor_id", "2"),
    ("actor_id", "NULL"),
    ("actor", "'bob'"),
    ("action", "'deleted'"),
    ("action", "'unheard of'"),
    ("entity", "'signals'"),
    ("entity_id", "NULL"),
    ("changes", "'{}'"),
    ("changes", """'{"name": {"old": "one", "new": "three"}}'"""),
    ("changes", "'[]'"),
    ("request_id", "''"),
    ("address", "'192.0.2.2'"),
    ("address", "'192.0.2.1/24'"),
    ("key_id", "'unknown'"),
    ("previous_hash", "sha256('other')"),
    ("hash", "sha256('other')"),
]


@pytest.mark.parametrize(("column", "value"), EDITS)
def test_an_edited_event_is_found(written: Database, column: str, value: str) -> None:
    tamper(
        written,
        "ALTER TABLE audit_events DROP CONSTRAINT ck_audit_events_action,"
        " DROP CONSTRAINT ck_audit_events_changes_are_an_object,"
        " DROP CONSTRAINT fk_audit_events_user_id_users",
        f"UPDATE audit_events SET {column} = {value} WHERE user_id = 1 AND seq = 3",  # noqa: S608
    )
    assert faults(written) != []


def test_every_column_of_an_event_is_covered_by_its_hash() -> None:
    """All but the id, which says nothing."""
    columns = set(metadata.tables["audit_events"].columns.keys())
    assert {column for column, _ in EDITS} == columns - {"id"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit_events SET actor = 'bob' WHERE user_id = 1 AND seq = 3", [(3, NOT_SIGNED)]),
        (
            "UPDATE audit_events SET hash = sha256('mine') WHERE user_id = 1 AND seq = 3",
            [(3, NOT_SIGNED), (4, NOT_AFTER)],
        ),
        (
            "DELETE FROM audit_events WHERE user_id = 1 AND seq = 1",
            [(2, "Events are missing from 1 to 1.")],
        ),
        (
            "DELETE FROM audit_events WHERE user_id = 1 AND seq IN (2, 3)",
            [(4, "Events are missing from 2 to 3.")],
        ),
    ],
)
def test_the_faults_say_where_and_what(
    written: Database, change: str, found: list[tuple[int, str]]
) -> None:
    tamper(written, change)
    assert faults(written) == [Fault("1", seq, what) for seq, what in found]


def test_an_event_taken_out_with_the_gap_closed_is_found(written: Database) -> None:
    tamper(
        written,
        "DELETE FROM audit_events WHERE user_id = 1 AND seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE user_id = 1 AND seq = 4",
        "UPDATE audit_events SET seq = 4 WHERE user_id = 1 AND seq = 5",
    )
    assert faults(written) == [
        Fault("1", 3, NOT_AFTER),
        Fault("1", 3, NOT_SIGNED),
        Fault("1", 4, NOT_SIGNED),
    ]


def test_an_event_moved_to_another_chain_is_found(written: Database) -> None:
    tamper(written, "UPDATE audit_events SET user_id = 2 WHERE user_id = 1 AND seq = 5")
    assert faults(written) == [
        Fault("2", 5, "Events are missing from 4 to 4."),
        Fault("2", 5, NOT_SIGNED),
    ]


def test_a_whole_chain_given_to_another_user_is_found(written: Database) -> None:
    tamper(
        written,
        "DELETE FROM audit_events WHERE user_id = 2",
        "UPDATE audit_events SET user_id = 2 WHERE user_id = 1",
    )
    assert faults(written) == [Fault("2", seq, NOT_SIGNED) for seq in (1, 2, 3, 4, 5)]


def test_a_fork_is_found_where_the_unique_keys_were_taken_away(written: Database) -> None:
    names = ", ".join(set(metadata.tables["audit_events"].columns.keys()) - {"id"})
    tamper(
        written,
        "ALTER TABLE audit_events DROP CONSTRAINT uq_audit_events_user_id_seq,"
        " DROP CONSTRAINT uq_audit_events_user_id_previous_hash",
        f"INSERT INTO audit_events ({names}) SELECT {names} FROM audit_events"  # noqa: S608
        " WHERE user_id IS NULL AND seq = 2",
    )
    assert faults(written) == [Fault("system", 2, "Two events have this number.")]


def test_a_cut_tail_is_found_by_the_anchors_and_by_nothing_else(written: Database) -> None:
    kept = anchored(written)
    tamper(written, "DELETE FROM audit_events WHERE user_id = 1 AND seq >= 4")
    assert faults(written) == []
    what = "The chain was cut: event 5 was anchored, 3 is the last."
    assert faults(written, kept) == [Fault("1", 4, what)]


def test_a_tail_that_was_cut_and_grew_again_is_found_by_the_anchors(written: Database) -> None:
    kept = anchored(written)
    tamper(written, "DELETE FROM audit_events WHERE user_id = 1 AND seq >= 4")
    write(written, *[replace(CHANGED, actor="somebody else")] * 4)
    assert faults(written) == []
    assert faults(written, kept) == [Fault("1", 5, NOT_ANCHORED)]


def test_a_chain_that_was_emptied_is_found_by_the_anchors(written: Database) -> None:
    kept = anchored(written)
    tamper(written, "DELETE FROM audit_events WHERE user_id = 2")
    assert faults(written, kept) == [
        Fault("2", 1, "The chain is gone: event 3 of it was anchored.")
    ]
    tamper(written, "TRUNCATE audit_events")
    assert [fault.chain for fault in faults(written, kept)] == ["1", "2", "system"]


def rewrite(database: Database, keys: AuditKeys) -> None:
    """Writes Bob's chain anew, whole and with hashes that fit each other."""
    tamper(database, "DELETE FROM audit_events WHERE user_id = 2")
    write(database, *[replace(CHANGED, user_id=BOB, actor="nobody")] * 3, keys=keys)


def test_a_history_rewritten_without_the_key_is_found(written: Database) -> None:
    mallory = AuditKeys([AuditKeys.new_key()])
    rewrite(written, mallory)
    what = f"The key {mallory.key_id} is not at hand; what it signed cannot be verified."
    assert faults(written) == [Fault("2", 1, what)]
    tamper(written, f"UPDATE audit_events SET key_id = '{KEYS.key_id}' WHERE user_id = 2")  # noqa: S608
    assert faults(written) == [Fault("2", seq, NOT_SIGNED) for seq in (1, 2, 3)]


def test_a_history_rewritten_with_the_key_is_found_by_the_anchors(written: Database) -> None:
    kept = anchored(written)
    rewrite(written, KEYS)
    assert faults(written) == []
    assert faults(written, kept) == [Fault("2", 3, NOT_ANCHORED)]


def test_a_chain_that_grew_since_it_was_anchored_is_well(written: Database) -> None:
    kept = anchored(written)
    write(written, CHANGED, replace(CHANGED, user_id=None))
    assert faults(written, kept) == []
    assert [anchored(written)[chain].seq for chain in ("1", "2", "system")] == [6, 3, 3]


# Keys


def test_old_events_verify_with_the_old_key_behind_the_new_one(database: Database) -> None:
    add_users(database)
    old, new = AuditKeys.new_key(), AuditKeys.new_key()
    write(database, CHANGED, CHANGED, keys=AuditKeys([old]))
    write(database, CHANGED, keys=AuditKeys([new, old]))
    assert faults(database, keys=AuditKeys([new, old])) == []
    what = f"The key {AuditKeys([old]).key_id} is not at hand; what it signed cannot be verified."
    assert faults(database, keys=AuditKeys([new])) == [Fault("1", 1, what)]


def test_a_chain_is_walked_on_behind_an_event_of_an_unknown_key(written: Database) -> None:
    kept = anchored(written)
    tamper(written, "DELETE FROM audit_events WHERE user_id = 1 AND seq = 3")
    found = faults(written, kept, keys=AuditKeys([AuditKeys.new_key()]))
    assert [(fault.chain, fault.seq) for fault in found] == [
        ("1", 1),
        ("1", 4),
        ("2", 1),
        ("system", 1),
    ]


def test_the_printed_keys_show_none() -> None:
    key = AuditKeys.new_key()
    assert repr(AuditKeys([key])) == str(AuditKeys([key])) == "AuditKeys(keys=hidden)"
    assert AuditKeys([key]).key_id not in key


@pytest.mark.parametrize(
    "keys", [[], [""], ["too short"], ["ü" * 44], [AuditKeys.new_key(), "bad"]]
)
def test_a_key_that_is_none_is_a_clear_error_without_the_key(keys: list[str]) -> None:
    with pytest.raises(SettingsError, match=r"audit keys .* 32 bytes in URL-safe base64") as caught:
        AuditKeys(keys)
    assert not any(key and key in str(caught.value) for key in keys)


# Anchors outside the database


def test_anchors_come_back_from_json_as_they_were(written: Database) -> None:
    kept = anchored(written)
    assert set(kept) == {"1", "2", "system"}
    assert anchors_from_json(anchors_to_json(kept)) == kept
    assert anchors_from_json(anchors_to_json({})) == {}


GOOD = '{"seq": 1, "hash": "' + "0" * 64 + '"}'


@pytest.mark.parametrize(
    ("damaged", "what"),
    [
        ("", "not JSON"),
        (f'{{"1": {GOOD}', "not JSON"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        (f'{{"ada": {GOOD}}}', "chain 'ada'"),
        (f'{{"0": {GOOD}}}', "chain '0'"),
        (f'{{"1": {GOOD}, "1": {GOOD}}}', "name something twice"),
        ('{"1": 7}', "anchor of chain '1'"),
        ('{"1": {}}', "anchor of chain '1'"),
        (f'{{"1": {GOOD.replace("1", "0")}}}', "anchor of chain '1'"),
        (f'{{"1": {GOOD.replace("1", "1.0")}}}', "anchor of chain '1'"),
        (f'{{"1": {GOOD.replace("1", "true")}}}', "anchor of chain '1'"),
        (f'{{"system": {GOOD.replace("00", "0", 1)}}}', "anchor of chain 'system'"),
        (f'{{"system": {GOOD.replace("00", "xx", 1)}}}', "anchor of chain 'system'"),
    ],
)
def test_damaged_anchors_are_refused_with_what_is_wrong(damaged: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        anchors_from_json(damaged)
