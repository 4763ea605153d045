"""Every table with an owner is guarded, and the check that says so can fail."""

import pytest
from sqlalchemy import Connection, ForeignKeyConstraint, text

from quantmatrix_models.base import Base
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role, granted
from quantmatrix_models.tenancy import OwnedByUserOrNobody, policies, tenant_tables

OWNED = text(
    """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (c.relname = 'users' OR EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id'))
    """
)
POLICIES = text(
    """
    SELECT policyname, roles::text[] AS roles, cmd, permissive, qual, with_check
    FROM pg_policies WHERE schemaname = 'public' AND tablename = :table
    """
)


def faults(connection: Connection) -> set[str]:
    """Gives what is missing at the tables with an owner, as `table: what`."""
    return {
        f"{table.relname}: {fault}"
        for table in connection.execute(OWNED)
        for fault in _faults_of(connection, *table)
    }


def _faults_of(connection: Connection, table: str, enabled: bool, forced: bool) -> list[str]:
    found = connection.execute(POLICIES, {"table": table}).all()
    of_app = [p for p in found if {"quantmatrix_app", "public"} & set(p.roles)]
    declared = declared_policies(table)
    # Policies are joined by OR, so one that does not name the user opens the table.
    forgets = any(
        "app_user_id()" not in rows
        for p in of_app
        for rows in (p.qual or "", p.with_check or p.qual or "")
        if p.policyname not in declared
    )
    faults = {
        "row security is off": not enabled,
        "its owner is exempt": not forced,
        "no policy for the application": not any(p.cmd == "ALL" for p in of_app),
        "a policy for the application forgets the user": forgets,
        "other policies than declared": table in metadata.tables
        and {p.policyname: (p.cmd, tuple(sorted(p.roles))) for p in found} != declared,
    }
    return [fault for fault, is_so in faults.items() if is_so]


def declared_policies(table: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Gives command and roles by name of the policies a model declares."""
    if table not in metadata.tables:
        return {}
    return {p.name: (p.command, p.roles) for p in policies(metadata.tables[table])}


def test_every_table_with_an_owner_is_guarded(database: Database) -> None:
    with database.engine.connect() as connection:
        assert faults(connection) == set()


TABLE = "CREATE TABLE notes (id int PRIMARY KEY, user_id bigint)"
ENABLE = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY"
FORCE = "ALTER TABLE notes FORCE ROW LEVEL SECURITY"
OWN = """CREATE POLICY own_rows ON notes TO quantmatrix_app
         USING (user_id = app_user_id()) WITH CHECK (user_id = app_user_id())"""
OPEN = "CREATE POLICY open_rows ON notes TO quantmatrix_app USING (true) WITH CHECK (true)"
OPEN_TO_ALL = "CREATE POLICY open_rows ON notes FOR SELECT USING (true)"


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        ([FORCE, OWN], "row security is off"),
        ([ENABLE, OWN], "its owner is exempt"),
        ([ENABLE, FORCE], "no policy for the application"),
        ([ENABLE, FORCE, OWN, OPEN], "a policy for the application forgets the user"),
        ([ENABLE, FORCE, OWN, OPEN_TO_ALL], "a policy for the application forgets the user"),
        ([ENABLE, FORCE, OWN], None),
    ],
)
def test_the_check_finds_what_a_new_table_lacks(
    database: Database, statements: list[str], fault: str | None
) -> None:
    with database.engine.connect() as connection:
        for statement in [TABLE, *statements]:
            connection.execute(text(statement))
        assert faults(connection) == ({f"notes: {fault}"} if fault else set())


def test_a_new_table_without_any_policy_fails_every_check(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(TABLE))
        assert len(faults(connection)) == 3


def test_the_metadata_and_the_database_name_the_same_tables_with_an_owner(
    database: Database,
) -> None:
    with database.engine.connect() as connection:
        owned = {table.relname for table in connection.execute(OWNED)}
    assert {table.name for table in tenant_tables(metadata)} == owned


# Who did it may be another than whose row it is; it says that a user exists and nothing of theirs.
NAMES_ANY_USER = {"fk_audit_events_actor_id_users"}


def test_every_reference_between_rows_with_an_owner_carries_the_owner() -> None:
    tenants = tenant_tables(metadata)
    bare = [
        str(key.name)
        for table in tenants
        for key in table.foreign_key_constraints
        if key.referred_table in tenants
        # A foreign key is checked past row security, so one by id alone reaches anybody's row.
        and "user_id" not in key.column_keys
        and not says_who_did_it(key)
    ]
    assert set(bare) == NAMES_ANY_USER


def says_who_did_it(key: ForeignKeyConstraint) -> bool:
    """Says whether `key` names a person who acted, who may be another than the row's owner."""
    return key.referred_table.name == "users" and all(
        column.name.endswith("_by") for column in key.columns
    )


def test_the_application_never_writes_who_did_something() -> None:
    written = {
        (table.name, column)
        for table in tenant_tables(metadata)
        for key in table.foreign_key_constraints
        if says_who_did_it(key)
        for column in key.column_keys
        for role, grant in granted(table)
        if role is Role.APP and grant.privilege in {"INSERT", "UPDATE"}
        # A grant that names no column is for all of them.
        if column in (grant.columns or table.columns.keys())
    }
    assert written == set()


def test_an_owner_is_left_out_only_where_the_system_has_rows_of_its_own() -> None:
    may_be_null = {
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OwnedByUserOrNobody)
    }
    found = {
        table.name
        for table in tenant_tables(metadata)
        if table.name != "users" and table.columns["user_id"].nullable
    }
    assert found == may_be_null


def test_the_rows_of_nobody_are_shared_where_the_table_says_so(database: Database) -> None:
    shared = {t.name for t in metadata.sorted_tables if t.info["unowned_rows_are_shared"]}
    asked = text("SELECT tablename FROM pg_policies WHERE policyname = 'shared_rows'")
    with database.engine.connect() as connection:
        assert set(connection.execute(asked).scalars()) == shared
