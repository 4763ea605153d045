"""The audit trail: what an event says, written with the change it is about, by whom it may be."""

import datetime as dt
import hashlib
import hmac
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from models.rows_of.moments import MOMENT
from models.trail import ADA, BOB, CHANGED, KEYS, add_users, faults, fill_chains, write
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, ProgrammingError

from quantmatrix_models.audit import AuditAction, AuditKeys, last_event, record, verify
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role


@pytest.fixture
def audited(database: Database) -> Database:
    """A database with two users."""
    add_users(database)
    return database


@pytest.fixture
def written(database: Database) -> Database:
    """A database with events of Ada, of Bob and of the system."""
    fill_chains(database)
    return database


def seqs(connection: Connection, chain: str = "user_id = 1") -> list[int]:
    asked = f"SELECT seq FROM audit_events WHERE {chain} ORDER BY seq"  # noqa: S608
    return list(connection.execute(text(asked)).scalars())


# Writing


def test_an_event_is_numbered_within_its_chain(written: Database) -> None:
    assert write(written, CHANGED, replace(CHANGED, user_id=None)) == [6, 3]
    assert faults(written) == []


def test_the_hash_is_over_this_text_for_ever(audited: Database) -> None:
    """A change of the text would make every event that was ever written look forged."""
    raw = bytes(range(32))
    key_id = hashlib.sha256(raw).hexdigest()[:16]
    said = (
        '{"action":"changed","actor":"ada","actor_id":1,"address":"c0000201/32",'
        '"at":"2026-01-02T21:00:00.000000","changes":{"name":{"new":"two","old":"one"}},'
        '"entity":"strategies","entity_id":"7","key_id":"' + key_id + '",'
        '"previous_hash":null,"request_id":"request 1","seq":1,"user_id":1}'
    )
    write(audited, CHANGED, keys=AuditKeys([urlsafe_b64encode(raw).decode()]))
    with audited.transaction(Role.SUPPORT) as connection:
        stored = connection.execute(text("SELECT hash FROM audit_events")).scalar()
    assert stored == hmac.digest(raw, said.encode(), "sha256")


def test_an_event_ends_with_the_transaction_of_the_change_it_is_about(audited: Database) -> None:
    def rename(*, succeeds: bool) -> None:
        with audited.transaction(Role.ADMIN) as connection:
            connection.execute(text("UPDATE users SET name = 'countess' WHERE id = 1"))
            record(connection, KEYS, CHANGED)
            if not succeeds:
                raise RuntimeError

    def kept() -> tuple[Any, ...]:
        asked = "SELECT name, (SELECT count(*) FROM audit_events) FROM users WHERE id = 1"
        with audited.transaction(Role.ADMIN) as connection:
            return tuple(connection.execute(text(asked)).one())

    with pytest.raises(RuntimeError):
        rename(succeeds=False)
    assert kept() == ("ada", 0)
    rename(succeeds=True)
    assert kept() == ("countess", 1)


@pytest.mark.parametrize("user_id", [ADA, None])
def test_six_that_write_to_one_chain_at_once_make_one_chain(
    audited: Database, user_id: int | None
) -> None:
    all_are_ready = Barrier(6)
    role = Role.AUTH if user_id is None else Role.APP

    def eight_events(_: int) -> None:
        all_are_ready.wait(timeout=30)
        for _ in range(8):
            with audited.transaction(role, user_id=user_id) as connection:
                record(connection, KEYS, replace(CHANGED, user_id=user_id))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(eight_events, range(6)))
    with audited.transaction(Role.SUPPORT) as connection:
        assert seqs(connection, "true") == [*range(1, 49)]
    assert faults(audited) == []


def test_the_last_event_of_a_chain_is_found_by_an_index(written: Database) -> None:
    """By the columns of the key, also where the owner is null, whose events are the most."""
    with written.engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        for user_id in (ADA, None):
            asked = last_event(user_id).compile(
                dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
            )
            plan = "\n".join(connection.execute(text(f"EXPLAIN {asked}")).scalars())
            assert "Index Scan Backward using uq_audit_events_user_id_seq" in plan
            assert "Sort" not in plan


@pytest.mark.parametrize("owner", ["user_id = 1", "user_id IS NULL"])
@pytest.mark.parametrize(
    ("column", "other"),
    [("seq", {"previous_hash": "sha256('other')"}), ("previous_hash", {"seq": "90"})],
)
def test_the_database_lets_no_chain_fork(
    written: Database, column: str, other: dict[str, str], owner: str
) -> None:
    changed = other | {"hash": "sha256('mine')"}
    columns = sorted(set(metadata.tables["audit_events"].columns.keys()) - {"id"})
    values = [changed.get(name, name) for name in columns]
    fork = (
        f"INSERT INTO audit_events ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608
        f" FROM audit_events WHERE {owner} AND seq = 2"
    )
    with pytest.raises(IntegrityError) as caught, written.engine.begin() as connection:
        connection.execute(text(fork))
    name = f"uq_audit_events_user_id_{column}"
    assert caught.value.orig.diag.constraint_name == name  # type: ignore[union-attr]


# What an event says


SECRETS = [
    *("sealed_url", "password", "password_hash", "new_password", "token_digest", "key_digest"),
    *("client_secret", "access_token", "accessToken", "token", "api_key", "private_key"),
    *("api_credentials", "Authorization", "cookie", "PASSWORD"),
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_at_any_depth(audited: Database, name: str) -> None:
    hidden = {"old": None, "new": "hunter2"}
    given = {name: hidden, "settings": {"new": [{name: "hunter2"}]}, "label": {"new": "mine"}}
    event = replace(CHANGED, changes=given)
    assert "hunter2" not in repr(event)
    write(audited, event)
    with audited.transaction(Role.SUPPORT) as connection:
        stored = connection.execute(text("SELECT changes FROM audit_events")).scalar()
    assert stored == {
        name: "[secret]",
        "settings": {"new": [{name: "[secret]"}]},
        "label": {"new": "mine"},
    }
    assert given[name] is hidden, "what was handed in is not changed"


@pytest.mark.parametrize("name", ["key_id", "must_change", "scopes", "label", "changed_at"])
def test_what_is_no_secret_is_told(name: str) -> None:
    assert replace(CHANGED, changes={name: "x"}).changes == {name: "x"}


def test_every_secret_column_of_the_tables_is_one_that_is_masked() -> None:
    """A column says so in its comment, which ends in `a secret`."""
    secret = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if (column.comment or "").endswith("a secret.")
    ]
    assert len(secret) >= 3
    for column in secret:
        assert replace(CHANGED, changes={column.name: "x"}).changes == {column.name: "[secret]"}


def test_values_of_any_kind_are_told_and_verify(audited: Database) -> None:
    changes = {
        "money": Decimal("1.50"),
        "float": 1e16,
        "small": 1e-7,
        "nan": float("nan"),
        "int": 10**30,
        "flag": True,
        "none": None,
        "date": dt.date(2026, 1, 2),
        "bytes": b"\x01",
        "enum": AuditAction.CREATED,
        "texts": ("ü", "😀", '"', "\\"),
        "nul": "a\0b",
        "half": "a\ud800b",
        7: {"deep": [1.5]},
    }
    write(audited, replace(CHANGED, changes=changes, actor="a\0da"))
    with audited.transaction(Role.SUPPORT) as connection:
        stored = connection.execute(text("SELECT changes FROM audit_events")).scalar()
    assert stored == {
        "money": "1.50",
        "float": "1e+16",
        "small": "1e-07",
        "nan": "nan",
        "int": 10**30,
        "flag": True,
        "none": None,
        "date": "2026-01-02",
        "bytes": "01",
        "enum": "created",
        "texts": ["ü", "😀", '"', "\\"],
        "nul": "a�b",
        "half": "a?b",
        "7": {"deep": ["1.5"]},
    }
    assert faults(audited) == []


@pytest.mark.parametrize(
    "address", [None, "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0"]
)
def test_an_address_of_any_family_verifies(audited: Database, address: str | None) -> None:
    write(audited, replace(CHANGED, address=address))
    assert faults(audited) == []


def test_a_moment_is_the_same_wherever_it_is_told_and_read(audited: Database) -> None:
    tokyo = MOMENT.astimezone(dt.timezone(dt.timedelta(hours=9)))
    write(audited, replace(CHANGED, at=tokyo + dt.timedelta(microseconds=1)))
    with audited.transaction(Role.SUPPORT) as connection:
        connection.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
        connection.execute(text("SET LOCAL DateStyle = 'German'"))
        assert verify(connection, KEYS, {}) == []


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        replace(CHANGED, at=MOMENT.replace(tzinfo=None))


# Who may write where


def test_the_application_writes_and_reads_the_chain_of_its_user(written: Database) -> None:
    with written.transaction(Role.APP, user_id=ADA) as connection:
        assert record(connection, KEYS, CHANGED) == 6
        assert seqs(connection, "true") == [1, 2, 3, 4, 5, 6]
    assert faults(written) == []


@pytest.mark.parametrize("chain", [BOB, None])
def test_the_application_writes_no_other_chain(written: Database, chain: int | None) -> None:
    for user_id in (ADA, None):
        with (
            pytest.raises(ProgrammingError, match="row-level security policy"),
            written.transaction(Role.APP, user_id=user_id) as connection,
        ):
            record(connection, KEYS, replace(CHANGED, user_id=chain))


@pytest.mark.parametrize("role", [Role.PIPELINE, Role.ADMIN, Role.AUTH])
def test_the_roles_that_do_something_write_any_chain(written: Database, role: Role) -> None:
    with written.transaction(role) as connection:
        for user_id, seq in ((ADA, 6), (BOB, 4), (None, 3)):
            assert record(connection, KEYS, replace(CHANGED, user_id=user_id)) == seq


def test_support_writes_nothing(written: Database) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied for table audit_events"),
        written.transaction(Role.SUPPORT) as connection,
    ):
        record(connection, KEYS, CHANGED)
