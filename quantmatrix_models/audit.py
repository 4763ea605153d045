"""The audit trail: who did what, in chains of events that show when one was touched.

Each event carries a keyed hash (HMAC-SHA256) over what it says and over the hash of the event
before it. Without the key nobody can make an event that fits; an event changed, taken away, put in
or moved does not. Events cut off the end leave nothing that does not fit, so the heads of the
chains are kept outside the database from time to time: the anchors.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_interface
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    cast,
    func,
    insert,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import INET, JSONB, distinct_on
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled
from quantmatrix_models.privileges import ADD, READ, Role, add, change
from quantmatrix_models.secrets import id_of_key, raw_keys
from quantmatrix_models.tenancy import OwnedByUser, OwnedByUserOrNobody, OwnedWithParent, reference
from quantmatrix_models.types import Digest, Document, UtcTime, by_value

SYSTEM = "system"
"""The name of the chain that belongs to nobody; any other is named by its user's id."""

SECRET = "[secret]"  # noqa: S105
"""What stands in an event for the value of a secret."""

_SECRET_NAMES = re.compile(
    "^sealed_|_(hash|digest)$|passw|passphrase|secret|credentials?$|(token|api_?key|private_?key)$"
    "|cookie|authorization",
    re.IGNORECASE,
)
# The first of the two numbers of an advisory lock, so that no other lock of ours is meant.
_CHAIN_LOCK = 7_145_202


class AuditAction(StrEnum):
    """What somebody did."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    TOKEN_ISSUED = "token_issued"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    SECRET_OPENED = "secret_opened"  # noqa: S105
    SECRET_ROTATED = "secret_rotated"  # noqa: S105
    VIEWED = "viewed"
    IMPORTED = "imported"
    EXPORTED = "exported"


class AuditEvent(HasId, OwnedByUserOrNobody, Base):
    """One thing somebody did, in the chain of the user it was done to. Never changed or deleted.

    Triggers refuse UPDATE, DELETE and TRUNCATE to everybody (`sql/postgres`); whoever can take the
    triggers away is found by `verify`. The unique keys keep a chain from forking.
    """

    __tablename__ = "audit_events"
    __grants__: ClassVar = {
        # Not the id: it comes from a sequence all users share.
        Role.APP: (
            READ,
            add(
                "user_id",
                "seq",
                "at",
                "actor_id",
                "actor",
                "action",
                "entity",
                "entity_id",
                "changes",
                "request_id",
                "address",
                "key_id",
                "previous_hash",
                "hash",
            ),
        ),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ, ADD),
        Role.AUTH: (READ, ADD),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "seq", postgresql_nulls_not_distinct=True),
        UniqueConstraint("user_id", "previous_hash", postgresql_nulls_not_distinct=True),
        CheckConstraint("seq >= 1", name="seq_from_1"),
        CheckConstraint("(seq = 1) = (previous_hash IS NULL)", name="first_follows_nothing"),
        CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous_hash) = 32",
            name="hashes_are_sha_256",
        ),
        CheckConstraint("entity ~ '^[a-z][a-z0-9_]*$'", name="entity_is_plain"),
        CheckConstraint("jsonb_typeof(changes) = 'object'", name="changes_are_an_object"),
        filled("actor"),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger, comment="Place in the chain of the same user; the first is 1, without gaps."
    )
    at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it was done.")
    actor_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("users.id"),
        comment="The user who did it; null: the system, or somebody not known.",
    )
    actor: Mapped[str] = mapped_column(
        String(64), comment="Name of the user or of the process, as it was then."
    )
    action: Mapped[AuditAction] = mapped_column(
        by_value(AuditAction, name="action"), comment="What was done."
    )
    entity: Mapped[str] = mapped_column(String(63), comment="Table it was done to.")
    entity_id: Mapped[str | None] = mapped_column(
        String(64), comment="Key of the row it was done to; null: no single row."
    )
    changes: Mapped[Document] = mapped_column(
        server_default=text("'{}'"),
        comment="Old and new values by column; a secret is written as [secret].",
    )
    request_id: Mapped[str | None] = mapped_column(
        String(64), comment="Request or run it was part of; null: none."
    )
    address: Mapped[str | None] = mapped_column(
        INET, comment="Network address it was asked from; null: from none."
    )
    key_id: Mapped[str] = mapped_column(
        String(16), comment="Id of the audit key the hash is made with."
    )
    previous_hash: Mapped[Digest | None] = mapped_column(
        comment="Hash of the event before it in the chain; null for the first."
    )
    hash: Mapped[Digest] = mapped_column(
        comment="HMAC-SHA256 over the other columns but the id, with the audit key."
    )


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something somebody did, before it has a place in a chain.

    `user_id` is the user it was done to, None the system; `changes` holds old and new values by
    column. Values under a secret's name become `[secret]` here, at any depth, so an event never
    holds one; what JSON or PostgreSQL would not give back as it was becomes text.
    """

    user_id: int | None
    actor: str
    action: AuditAction
    entity: str
    at: dt.datetime
    actor_id: int | None = None
    entity_id: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    request_id: str | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"The moment of an event needs a time zone: {self.at!r}.")
        for name in ("actor", "entity_id", "request_id"):
            object.__setattr__(self, name, _storable(getattr(self, name)))
        object.__setattr__(self, "changes", _storable(_masked(self.changes)))
        if self.address is not None:
            plain = str(ip_address(self.address.partition("%")[0]))
            object.__setattr__(self, "address", plain)


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: SECRET if _SECRET_NAMES.search(str(name)) else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner) for inner in value]
    return value


def _storable(value: Any) -> Any:
    """Gives a value JSONB gives back unchanged: fractions, times and the like become texts.

    PostgreSQL refuses the character 0 and half a surrogate pair; nobody may keep an event from
    being written by typing one.
    """
    if isinstance(value, Mapping):
        return {_storable(str(name)): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if value is None or isinstance(value, bool | int):
        return value
    shown = value.hex() if isinstance(value, bytes) else str(value)
    return shown.replace("\0", "�").encode("utf-8", "replace").decode()


class ImportStatus(StrEnum):
    """How an import stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ImportOutcome(StrEnum):
    """What became of a row that was imported."""

    ADDED = "added"
    MERGED = "merged"
    UNCHANGED = "unchanged"
    NOT_KEPT = "not_kept"
    REFUSED = "refused"


class Import(HasId, OwnedByUser, Base):
    """One import of another system's data for a user: which state of it, when, and how it ended.

    The rows it read, with what became of each, are its `import_rows`.
    """

    __tablename__ = "imports"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("status", "finished_at", "error")),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        filled("system", "error"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha_256"),
        CheckConstraint(
            "(status = 'running') = (finished_at IS NULL)", name="finished_unless_running"
        ),
        CheckConstraint("finished_at >= started_at", name="finished_after_started"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_with_error"),
    )

    system: Mapped[str] = mapped_column(
        String(32), comment="The system the data is of, lower-case: v1."
    )
    digest: Mapped[Digest | None] = mapped_column(
        comment="SHA-256 of the dump that was read; null: read from a running server."
    )
    time_zone: Mapped[str] = mapped_column(
        String(64), comment="Time zone (IANA) its times without one were read in."
    )
    status: Mapped[ImportStatus] = mapped_column(
        by_value(ImportStatus, name="status"),
        server_default=ImportStatus.RUNNING.value,
        comment="How it stands.",
    )
    started_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it began.")
    finished_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it ended; null while it runs."
    )
    error: Mapped[str | None] = mapped_column(comment="Why it failed; null: it did not.")


class ImportRow(HasId, OwnedWithParent, Base):
    """A row of an imported system as it was, and which row of ours came of it.

    A row that no table of ours can hold is kept here whole, so that nothing is lost.
    """

    __tablename__ = "import_rows"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "import_id", "old_table", "old_key"),
        reference("imports", "import_id"),
        Index("ix_import_rows_new_row", "user_id", "new_table", "new_id"),
        filled("old_table", "old_key", "new_table", "reason"),
        CheckConstraint(
            "(outcome IN ('added', 'merged', 'unchanged')) = (new_table IS NOT NULL)",
            name="kept_somewhere",
        ),
        CheckConstraint("new_table IS NOT NULL OR new_id IS NULL", name="new_id_of_table"),
        CheckConstraint(
            "outcome NOT IN ('refused', 'not_kept') OR (reason IS NOT NULL AND row IS NOT NULL)",
            name="refused_with_reason",
        ),
        CheckConstraint("jsonb_typeof(row) = 'object'", name="row_is_object"),
    )

    import_id: Mapped[int] = mapped_column(BigInteger, comment="The import that read it.")
    old_table: Mapped[str] = mapped_column(String(64), comment="Its table there.")
    old_key: Mapped[str] = mapped_column(
        String(200), comment="Its key there, as text; of several columns with commas between."
    )
    outcome: Mapped[ImportOutcome] = mapped_column(
        by_value(ImportOutcome, name="outcome"), comment="What became of it."
    )
    new_table: Mapped[str | None] = mapped_column(
        String(64), comment="Our table of the row that came of it; null: none did."
    )
    new_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="Key of that row; null: none, or its table has no such key."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it was refused, not kept or changed on the way; null: nothing to say."
    )
    row: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="The row as it was there; null: all of it was taken over."
    )


class AuditKeys:
    """The keys events are signed with. The newest comes first; older ones still verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = {id_of_key(raw): raw for raw in raw_keys(keys, kind="audit")}

    def __repr__(self) -> str:
        return "AuditKeys(keys=hidden)"

    @staticmethod
    def new_key() -> str:
        """Gives a fresh key."""
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

    @property
    def key_id(self) -> str:
        """The id of the newest key, the one that signs."""
        return next(iter(self._keys))

    def knows(self, key_id: str) -> bool:
        """Says whether the key with this id is at hand."""
        return key_id in self._keys

    def sign(self, said: Mapping[str, Any]) -> bytes:
        """Gives the hash of what an event says, made with the key it names as `key_id`."""
        key = self._keys[said["key_id"]]
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hmac.digest(key, canonical.encode("ascii"), hashlib.sha256)


class Anchor(NamedTuple):
    """How far a chain had come at some time: the number and the hash of its last event."""

    seq: int
    hash: bytes


@dataclass(frozen=True)
class Fault:
    """Something wrong with a chain, at or before the event `seq`; `what` says it in a sentence."""

    chain: str
    seq: int
    what: str


def chain_of(user_id: int | None) -> str:
    """Gives the name of a user's chain, or of the system's."""
    return SYSTEM if user_id is None else str(user_id)


# Writing


def record(connection: Connection, keys: AuditKeys, event: Event) -> int:
    """Adds an event to its chain in the caller's transaction and gives its number there.

    Whoever writes to the same chain waits until this transaction has ended, so record last, and
    where a transaction writes to several chains, always in the same order.
    """
    # Two chains whose ids differ by 2^31 share a lock, which costs a wait and nothing else.
    lock = func.pg_advisory_xact_lock(_CHAIN_LOCK, (event.user_id or 0) % 2**31)
    connection.execute(select(lock))
    # Only now: a statement of its own sees what the one before us committed.
    last = connection.execute(last_event(event.user_id)).one_or_none()
    values = {
        **vars(event),
        "seq": last.seq + 1 if last else 1,
        "key_id": keys.key_id,
        "previous_hash": last.hash if last else None,
    }
    values["hash"] = keys.sign(_said(values))
    connection.execute(insert(AuditEvent).values(values))
    return int(values["seq"])


def last_event(user_id: int | None) -> Select[int, bytes]:
    """Gives the query for the number and hash of the last event of a chain."""
    # By both columns, or the index would not serve where the owner is null.
    ordered = (AuditEvent.user_id.desc(), AuditEvent.seq.desc())
    last = select(AuditEvent.seq, AuditEvent.hash).where(AuditEvent.user_id == user_id)
    return last.order_by(*ordered).limit(1)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what an event with these values says, as `_STORED` reads it back."""
    at = values["at"].astimezone(dt.UTC).replace(tzinfo=None)
    previous = values["previous_hash"]
    return {
        **values,
        "at": at.isoformat(timespec="microseconds"),
        "action": str(values["action"]),
        "address": _packed(values["address"]),
        "previous_hash": None if previous is None else previous.hex(),
    }


def _packed(address: str | None) -> str | None:
    """Gives an address as its bytes; how it is written differs between programs."""
    if address is None:
        return None
    parsed = ip_interface(address)
    return f"{parsed.packed.hex()}/{parsed.network.prefixlen}"


# Verifying

# As texts, so that a value no type of ours can hold is found and does not end the search.
_STORED = select(
    AuditEvent.user_id,
    AuditEvent.seq,
    func.to_char(func.timezone("UTC", AuditEvent.at), 'YYYY-MM-DD"T"HH24:MI:SS.US').label("at"),
    AuditEvent.actor_id,
    AuditEvent.actor,
    type_coerce(AuditEvent.action, Text).label("action"),
    AuditEvent.entity,
    AuditEvent.entity_id,
    AuditEvent.changes,
    AuditEvent.request_id,
    cast(AuditEvent.address, Text).label("address"),
    AuditEvent.key_id,
    func.encode(AuditEvent.previous_hash, "hex").label("previous_hash"),
    AuditEvent.hash,
).order_by(AuditEvent.user_id, AuditEvent.seq, AuditEvent.id)


def verify(connection: Connection, keys: AuditKeys, anchors: Mapping[str, Anchor]) -> list[Fault]:
    """Gives what is wrong with any chain, in order; empty where all is well.

    `anchors` are heads kept outside the database, by chain. Only they show that a chain was cut,
    emptied or written anew by somebody who has the key. Runs as a role that sees every chain.
    """
    faults: list[Fault] = []
    met: set[str] = set()
    with connection.execute(_STORED, execution_options={"yield_per": 1000}) as stored:
        events = (row._asdict() for row in stored)
        for chain, rows in groupby(events, key=lambda row: chain_of(row["user_id"])):
            met.add(chain)
            faults += faults_of(chain, rows, keys, anchors.get(chain))
    for chain in sorted(anchors.keys() - met):
        what = f"The chain is gone: event {anchors[chain].seq} of it was anchored."
        faults.append(Fault(chain, 1, what))
    return faults


def faults_of(
    chain: str, rows: Iterable[Mapping[str, Any]], keys: AuditKeys, anchor: Anchor | None
) -> Iterator[Fault]:
    """Gives the faults of one chain, whose events come as `_STORED` reads them."""
    last = Anchor(0, b"")
    unknown: set[str] = set()
    for row in rows:
        this = Anchor(row["seq"], row["hash"])
        for what in _place_faults(row, last):
            yield Fault(chain, this.seq, what)
        if keys.knows(row["key_id"]):
            if not _is_as_signed(row, keys):
                yield Fault(chain, this.seq, "The event is not what was signed.")
        elif row["key_id"] not in unknown:
            unknown.add(row["key_id"])
            what = f"The key {row['key_id']} is not at hand; what it signed cannot be verified."
            yield Fault(chain, this.seq, what)
        if anchor and this.seq == anchor.seq and this.hash != anchor.hash:
            yield Fault(chain, this.seq, "The event is not the one that was anchored.")
        last = this
    if anchor and last.seq < anchor.seq:
        what = f"The chain was cut: event {anchor.seq} was anchored, {last.seq} is the last."
        yield Fault(chain, last.seq + 1, what)


def _place_faults(row: Mapping[str, Any], last: Anchor) -> Iterator[str]:
    if row["seq"] == last.seq:
        yield "Two events have this number."
    elif row["seq"] != last.seq + 1:
        yield f"Events are missing from {last.seq + 1} to {row['seq'] - 1}."
    elif row["previous_hash"] != (last.hash.hex() or None):
        yield "The event does not follow the one before it."


def _is_as_signed(row: Mapping[str, Any], keys: AuditKeys) -> bool:
    said = {name: value for name, value in row.items() if name != "hash"}
    said["address"] = _packed(said["address"])
    return hmac.compare_digest(keys.sign(said), row["hash"])


# Anchors


def heads(connection: Connection) -> dict[str, Anchor]:
    """Gives the last event of every chain the role sees: what anchors are made of."""
    ordered = (AuditEvent.user_id.desc(), AuditEvent.seq.desc())
    last = select(AuditEvent.user_id, AuditEvent.seq, AuditEvent.hash)
    rows = connection.execute(last.ext(distinct_on(AuditEvent.user_id)).order_by(*ordered))
    return {chain_of(row.user_id): Anchor(row.seq, row.hash) for row in rows}


def anchors_to_json(anchors: Mapping[str, Anchor]) -> str:
    """Gives anchors as JSON text: number and hash (hexadecimal) by chain."""
    made = {chain: {"seq": seq, "hash": digest.hex()} for chain, (seq, digest) in anchors.items()}
    return json.dumps(made, indent=1, sort_keys=True)


def anchors_from_json(text: str) -> dict[str, Anchor]:
    """Gives the anchors of a JSON text. Raises SettingsError saying what is wrong with it."""
    try:
        read = json.loads(text, object_pairs_hook=_each_once)
    except ValueError as error:
        raise SettingsError(f"The anchors are not JSON: {error}.") from None
    if not isinstance(read, dict):
        raise SettingsError("The anchors are no JSON object of chains.")
    return {chain: _anchor(chain, entry) for chain, entry in read.items()}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise SettingsError(f"The anchors name something twice: {[name for name, _ in pairs]}.")
    return made


def _anchor(chain: str, entry: Any) -> Anchor:
    if chain != SYSTEM and not re.fullmatch("[1-9][0-9]*", chain):
        raise SettingsError(f"The anchors name a chain {chain!r}; it is `system` or a user's id.")
    match entry:
        case {"seq": int(seq), "hash": str(digest), **rest} if (
            not rest and not isinstance(seq, bool) and seq >= 1
        ):
            if re.fullmatch("[0-9a-f]{64}", digest):
                return Anchor(seq, bytes.fromhex(digest))
    raise SettingsError(
        f"The anchor of chain {chain!r} is damaged: it must be a number from 1 (seq) and 64 "
        f"hexadecimal digits (hash), not {entry!r}."
    )
