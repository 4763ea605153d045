"""User 1 attacks the rows of user 2: by queries, by references, through the pool, by the role."""

from collections.abc import Iterator
from typing import Any

import pytest
from models.rows import a_row, fill
from models.servers import named
from psycopg import errors
from sqlalchemy import Connection, ForeignKeyConstraint, Table, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role
from quantmatrix_models.tenancy import tenant_tables

ME, OTHER = 1, 2
TENANTS = tenant_tables(metadata)
REFERENCES = [
    key
    for table in TENANTS
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
    if key.referred_table in TENANTS and key.referred_table.name != "users"
]
WITHIN_AN_ACCOUNT = [key for key in REFERENCES if "account_id" in key.column_keys[1:-1]]
# Tables whose rows nobody may change, their owner among them: a trigger refuses it, before row
# security is asked about the new row.
APPEND_ONLY = {"audit_events"}
each_table = pytest.mark.parametrize("table", TENANTS, ids=str)
ROW_SECURITY = "row-level security policy"
ONLY_ADDED_TO = "its rows are only added to"


@pytest.fixture
def attacker(armed: Database) -> Iterator[Connection]:
    """User 1 as the application's role, which holds every privilege here; undone at the end."""
    with armed.transaction(Role.APP, user_id=ME) as connection:
        yield connection
        connection.rollback()


def owner(table: Table) -> Any:
    return table.columns["id" if table.name == "users" else "user_id"]


def of_other(table: Table) -> Any:
    """Says whether a row is the other user's, by its key."""
    return next(iter(table.primary_key.columns)) == OTHER


# Rows


def mine(table: Table) -> int:
    """Gives how many rows each user has: a lot is replaced by, and chosen from, a second one."""
    return 2 if table.name in ("tax_lots", "transactions") else 1


@each_table
def test_a_user_sees_their_own_row_and_no_other(attacker: Connection, table: Table) -> None:
    assert attacker.execute(select(owner(table))).scalars().all() == [ME] * mine(table)


@each_table
def test_the_row_of_another_is_not_found_by_its_key(attacker: Connection, table: Table) -> None:
    assert attacker.execute(select(table).where(of_other(table))).all() == []


@each_table
def test_rows_of_others_are_not_counted(attacker: Connection, table: Table) -> None:
    counted = attacker.execute(select(func.count()).select_from(table)).scalar()
    assert counted == mine(table)


@each_table
def test_the_row_of_another_is_not_reached_by_a_join(attacker: Connection, table: Table) -> None:
    numbers = metadata.tables["instruments"]  # shared: it has a row for either user's number
    joined = select(owner(table)).select_from(
        numbers.outerjoin(table, owner(table) == numbers.c.id)
    )
    of_both = joined.where(numbers.c.id.in_((ME, OTHER))).order_by(numbers.c.id)
    assert attacker.execute(of_both).scalars().all() == [*[ME] * mine(table), None]


@each_table
def test_a_row_cannot_be_written_for_another(attacker: Connection, table: Table) -> None:
    with pytest.raises(ProgrammingError, match=ROW_SECURITY):
        attacker.execute(table.insert().values(a_row(table.name, 3, user_id=OTHER)))


@each_table
def test_an_update_of_all_rows_changes_no_row_of_another(
    attacker: Connection, table: Table
) -> None:
    unchanged = table.update().values({owner(table): owner(table)})
    assert attacker.execute(unchanged.where(of_other(table))).rowcount == 0
    if table.name in APPEND_ONLY:
        with pytest.raises(ProgrammingError, match=ONLY_ADDED_TO):
            attacker.execute(unchanged)
    else:
        assert attacker.execute(unchanged).rowcount == mine(table), "their own can be updated"


@each_table
def test_the_row_of_another_cannot_be_deleted(attacker: Connection, table: Table) -> None:
    assert attacker.execute(table.delete().where(of_other(table))).rowcount == 0


@each_table
def test_a_row_cannot_be_given_to_another(attacker: Connection, table: Table) -> None:
    refusal = ONLY_ADDED_TO if table.name in APPEND_ONLY else ROW_SECURITY
    with pytest.raises(ProgrammingError, match=refusal):
        attacker.execute(table.update().values({owner(table): OTHER}))


@each_table
def test_the_row_of_another_cannot_be_taken_over_by_an_upsert(
    attacker: Connection, table: Table
) -> None:
    theirs_as_mine = a_row(table.name, OTHER) | {owner(table).name: ME}
    if owner(table).primary_key:  # with the owner changed it would be one's own row
        theirs_as_mine = a_row(table.name, OTHER)
    taken = insert(table).values(theirs_as_mine)
    mine = {owner(table).name: ME}
    with pytest.raises(ProgrammingError, match=ROW_SECURITY):
        attacker.execute(taken.on_conflict_do_update(index_elements=table.primary_key, set_=mine))


@pytest.mark.parametrize("key", REFERENCES, ids=lambda key: str(key.name))
def test_a_row_cannot_refer_to_the_row_of_another(
    attacker: Connection, key: ForeignKeyConstraint
) -> None:
    theirs = a_row(key.referred_table.name, OTHER)
    in_other_keys = {
        name
        for other in key.table.foreign_key_constraints
        if other is not key
        for name in other.column_keys
    }
    # What other references name as well stays the user's own, or they would refuse the row first.
    stolen = {
        part.parent.name: theirs[part.column.name]
        for part in key.elements
        if part.parent.name == key.column_keys[-1]
        or (part.parent.name.endswith("_id") and part.parent.name not in in_other_keys)
    }
    stolen.pop("user_id", None)
    # Whoever takes another's account breaks every reference within it; any of them may say so.
    refusing = of_an_account(key.table) if "account_id" in stolen else {key.name}
    assert refusing_reference(attacker, key.table, stolen) in refusing


@pytest.mark.parametrize("key", WITHIN_AN_ACCOUNT, ids=lambda key: str(key.name))
def test_a_row_cannot_refer_to_the_row_of_another_by_naming_its_account_too(
    attacker: Connection, key: ForeignKeyConstraint
) -> None:
    stolen = {"account_id": OTHER, key.column_keys[-1]: OTHER}
    assert refusing_reference(attacker, key.table, stolen) in of_an_account(key.table)


def of_an_account(table: Table) -> set[str]:
    """Gives the references of `table` that name an account."""
    return {
        str(key.name) for key in table.foreign_key_constraints if "account_id" in key.column_keys
    }


def refusing_reference(attacker: Connection, table: Table, stolen: dict[str, Any]) -> str | None:
    """Gives the foreign key that refuses a row of user 1 which refers to what is `stolen`."""
    row, theirs = a_row(table.name, 3, user_id=ME) | stolen, a_row(table.name, OTHER)
    if all(row.get(name) == theirs.get(name) for name in table.primary_key.columns.keys()):  # noqa: SIM118
        delete_theirs(attacker, table)  # its key would refuse the row first
    with pytest.raises(IntegrityError) as caught:
        attacker.execute(table.insert().values(row))
    assert isinstance(caught.value.orig, errors.ForeignKeyViolation)
    return caught.value.orig.diag.constraint_name


def delete_theirs(attacker: Connection, table: Table) -> None:
    attacker.execute(text("RESET ROLE"))
    attacker.execute(table.delete().where(of_other(table)))
    attacker.execute(text("SET LOCAL ROLE quantmatrix_app"))


# The user a transaction is for


@each_table
def test_without_a_user_there_is_no_row(armed: Database, table: Table) -> None:
    with armed.transaction(Role.APP) as connection:
        assert connection.execute(select(table)).all() == []


@each_table
def test_a_connection_that_never_named_a_user_sees_no_row(armed: Database, table: Table) -> None:
    with armed.engine.connect() as connection:
        connection.execute(text("SET LOCAL ROLE quantmatrix_app"))
        assert connection.execute(select(table)).all() == []


@pytest.mark.parametrize("garbage", ["somebody", " ", "1 OR true", "1.5", "9" * 30])
def test_a_user_that_is_no_number_is_an_error_not_a_view(
    attacker: Connection, garbage: str
) -> None:
    attacker.execute(text("SELECT set_config('app.user_id', :user, true)"), {"user": garbage})
    with pytest.raises(DataError):
        attacker.execute(text("SELECT * FROM signals"))


def test_a_transaction_is_not_begun_for_a_user_that_is_no_number(database: Database) -> None:
    with (
        pytest.raises(ValueError, match="invalid literal"),
        database.transaction(Role.APP, user_id="1; RESET ROLE"),  # type: ignore[arg-type]
    ):
        pytest.fail("nobody is called that")
    with database.engine.connect() as connection:
        assert standing(connection)[1:] == ("postgres", True)


# The pool


def standing(connection: Connection) -> tuple[int, str, bool]:
    """Gives the server process behind a connection, its role, and whether no user is set."""
    asked = "SELECT pg_backend_pid(), current_user, current_setting('app.user_id', true)"
    process, role, user = connection.execute(text(asked)).one()
    return process, role, user in (None, "")


@pytest.mark.parametrize("ending", ["commit", "error in Python", "error in SQL"])
def test_role_and_user_end_with_the_transaction(database: Database, ending: str) -> None:
    try:
        with database.transaction(Role.APP, user_id=ME) as connection:
            process = standing(connection)[0]
            if ending == "error in Python":
                raise RuntimeError
            if ending == "error in SQL":
                connection.execute(text("SELECT 1 / 0"))
    except (RuntimeError, DataError):
        pass
    with database.engine.connect() as next_one:
        assert standing(next_one) == (process, "postgres", True)


@pytest.mark.parametrize(
    "lasting",
    [
        "SELECT set_config('app.user_id', '2', false)",
        "SET SESSION ROLE quantmatrix_pipeline",
    ],
)
def test_what_is_set_for_the_whole_session_opens_nothing_to_the_next_transaction(
    database: Database, lasting: str
) -> None:
    with database.engine.begin() as connection:
        fill(connection, ME)
        fill(connection, OTHER)
    with database.transaction(Role.APP, user_id=ME) as connection:
        process = standing(connection)[0]
        connection.execute(text(lasting))
    with database.transaction(Role.APP) as connection:
        assert standing(connection) == (process, "quantmatrix_app", True)
        assert connection.execute(text("SELECT count(*) FROM signals")).scalar() == 0


# The role


@pytest.fixture(scope="module")
def app_login(populated: Database, server_url: str) -> Iterator[Database]:
    """The populated database through a login that holds the application's role and no other."""
    login = "CREATE ROLE only_app LOGIN IN ROLE quantmatrix_app"
    with populated.engine.begin() as connection:
        connection.execute(text(login))
    made = Database(named(server_url, "populated", login="only_app"))
    yield made
    made.dispose()
    with populated.engine.begin() as connection:
        connection.execute(text("DROP ROLE only_app"))


def refused(database: Database, role: Role, statement: str) -> None:
    """Asserts that `role`, for user 1, lacks the right to run `statement`."""
    with pytest.raises(ProgrammingError) as caught, database.transaction(role, user_id=ME) as at:
        at.execute(text(statement))
    assert isinstance(caught.value.orig, errors.InsufficientPrivilege)


ESCAPES = [
    "SET LOCAL row_security = off; SELECT * FROM signals",
    "TRUNCATE signals",
    "ALTER TABLE signals DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE signals NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE signals OWNER TO quantmatrix_app",
    "CREATE POLICY mine ON signals USING (true)",
    "ALTER POLICY own_rows ON signals USING (true)",
    "DROP POLICY own_rows ON signals",
    "CREATE OR REPLACE FUNCTION app_user_id() RETURNS bigint LANGUAGE sql AS 'SELECT 2'",
    "CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql AS 'SELECT 2'",
    "CREATE TRIGGER mine BEFORE INSERT ON signals EXECUTE FUNCTION app_user_id()",
    "ALTER ROLE quantmatrix_app BYPASSRLS",
    "GRANT quantmatrix_pipeline TO quantmatrix_app",
    "COPY signals TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT nextval('user_cohorts')",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_the_application_role_cannot_take_the_guard_away(
    populated: Database, statement: str
) -> None:
    """Holds for any login: the right asked for is that of the role the transaction runs as."""
    refused(populated, Role.APP, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE quantmatrix_pipeline",
        "SET ROLE quantmatrix_admin",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        *ESCAPES,
    ],
)
def test_a_login_that_holds_the_application_role_alone_cannot_leave_it(
    app_login: Database, statement: str
) -> None:
    refused(app_login, Role.APP, statement)


def test_resetting_the_role_gives_such_a_login_no_more_rows(app_login: Database) -> None:
    with app_login.transaction(Role.APP, user_id=ME) as connection:
        connection.execute(text("RESET ROLE"))
        assert connection.execute(text("SELECT user_id FROM signals")).scalars().all() == [ME]


def test_known_limit_a_login_that_holds_all_roles_can_leave_the_application_role(
    populated: Database,
) -> None:
    """What does not hold.

    PostgreSQL asks whether the login may take a role, not whether the present role may. The
    embedded server's login is its superuser, so SQL slipped into a statement of the application
    could say RESET ROLE. Against that only a login such as `only_app` above helps.
    """
    with populated.transaction(Role.APP, user_id=ME) as connection:
        connection.execute(text("RESET ROLE"))
        assert connection.execute(text("SELECT count(*) FROM signals")).scalar() == 2


def test_known_limit_sql_of_the_application_can_name_another_user(app_login: Database) -> None:
    """What does not hold: the user is a setting, and whoever runs SQL of their own can set it.

    The guard is against a forgotten WHERE, not against SQL slipped in: statements are ours and
    values are bound parameters.
    """
    with app_login.transaction(Role.APP, user_id=ME) as connection:
        connection.execute(text("SELECT set_config('app.user_id', '2', true)"))
        assert connection.execute(text("SELECT user_id FROM signals")).scalars().all() == [OTHER]


# Privileges


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.APP, "SELECT sealed_url FROM discord_webhooks"),
        (Role.APP, "SELECT * FROM discord_webhooks"),
        (Role.APP, "SELECT discord_webhooks FROM discord_webhooks"),
        (Role.APP, "SELECT sealed_secret FROM broker_credentials"),
        (Role.ADMIN, "SELECT sealed_secret FROM broker_credentials"),
        (Role.SUPPORT, "SELECT sealed_secret FROM broker_credentials"),
        (Role.APP, "UPDATE broker_credentials SET label = 'other'"),
        (Role.APP, "UPDATE users SET role = 'admin'"),
        (Role.APP, "UPDATE strategies SET user_id = 2"),
        (Role.PIPELINE, "UPDATE strategies SET is_enabled = false"),
        (Role.PIPELINE, "UPDATE signals SET strength = 1"),
        (Role.PIPELINE, "UPDATE notifications SET message = '{}'"),
        (Role.PIPELINE, "UPDATE discord_webhooks SET sealed_url = ''"),
        (Role.PIPELINE, "DELETE FROM signals"),
        (Role.PIPELINE, "UPDATE transactions SET net_amount = 0"),
        (Role.PIPELINE, "DELETE FROM transactions"),
        (Role.APP, "UPDATE tax_lots SET cost_basis = 0"),
        (Role.PIPELINE, "INSERT INTO users (name) VALUES ('mallory')"),
        (Role.ADMIN, "UPDATE signals SET strength = 1"),
        (Role.ADMIN, "INSERT INTO findings (provider) VALUES ('mine')"),
    ],
)
def test_a_role_cannot_do_what_is_not_its_work(
    populated: Database, role: Role, statement: str
) -> None:
    refused(populated, role, statement)


def test_the_application_reads_all_of_a_webhook_but_its_address(populated: Database) -> None:
    columns = set(metadata.tables["discord_webhooks"].columns.keys()) - {"sealed_url"}
    with populated.transaction(Role.APP, user_id=ME) as connection:
        connection.execute(text(f"SELECT {', '.join(columns)} FROM discord_webhooks"))  # noqa: S608


def test_the_application_never_changes_whose_a_row_is_or_which(populated: Database) -> None:
    asked = text(
        """
        SELECT table_name, column_name FROM information_schema.column_privileges
        WHERE grantee IN ('quantmatrix_app', 'PUBLIC') AND table_schema = 'public'
          AND privilege_type = 'UPDATE' AND column_name IN ('id', 'user_id', 'created_at')
        """
    )
    with populated.engine.connect() as connection:
        assert connection.execute(asked).all() == []


@pytest.mark.parametrize("role", [Role.APP, Role.SUPPORT])
def test_no_secret_is_read_by_who_only_writes_it(populated: Database, role: Role) -> None:
    secrets = [
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if "a secret." in (column.comment or "")
    ]
    asked = text("SELECT has_column_privilege(:role, :table, :column, 'SELECT')")
    with populated.engine.connect() as connection:
        assert len(secrets) >= 3
        assert [
            secret
            for secret in secrets
            if connection.execute(
                asked, {"role": role.value, "table": secret[0], "column": secret[1]}
            ).scalar()
        ] == []


# What can be derived again may be deleted, and what a person made for themselves.
MAY_DELETE: dict[Role, set[str]] = {
    Role.APP: {
        *("discord_webhooks", "broker_credentials", "watchlists", "watchlist_instruments"),
        *("categories", "category_instruments", "lot_choices"),
    },
    Role.AUTH: {"oauth_identities", "sign_in_throttles"},
    Role.PIPELINE: {
        *("market_snapshots", "strategy_performance", "positions", "tax_lots"),
        *("lot_disposals", "wash_sale_adjustments", "account_performance"),
        # A symbol history that is put right; the instruments themselves stay.
        "instrument_symbols",
    },
}


@pytest.mark.parametrize("role", Role)
def test_a_role_deletes_only_what_is_derived_or_its_own(populated: Database, role: Role) -> None:
    asked = text("SELECT has_table_privilege(:role, :table, 'DELETE')")
    with populated.engine.connect() as connection:
        assert {
            name
            for name in metadata.tables
            if connection.execute(asked, {"role": role.value, "table": name}).scalar()
        } == MAY_DELETE.get(role, set())


@pytest.mark.parametrize("role", Role)
def test_no_role_can_empty_a_table_or_hang_something_on_it(populated: Database, role: Role) -> None:
    asked = text("SELECT has_table_privilege(:role, :table, 'TRUNCATE, TRIGGER, REFERENCES')")
    with populated.engine.connect() as connection:
        assert [
            name
            for name in metadata.tables
            if connection.execute(asked, {"role": role.value, "table": name}).scalar()
        ] == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "table",
    [
        *("strategy_versions", "strategy_runs", "withheld_signals", "signals"),
        *("notification_signals", "signal_stages", "audit_events"),
        *("fills", "dividends", "transfers"),
        "account_balances",
    ],
)
def test_what_was_said_is_never_changed(populated: Database, role: Role, table: str) -> None:
    asked = text("SELECT has_any_column_privilege(:role, :table, 'UPDATE')")
    with populated.engine.connect() as connection:
        assert connection.execute(asked, {"role": role.value, "table": table}).scalar() is False


def test_of_a_transaction_only_the_position_it_counts_in_is_changed(populated: Database) -> None:
    asked = text(
        """
        SELECT DISTINCT column_name FROM information_schema.column_privileges
        WHERE table_name = 'transactions' AND privilege_type = 'UPDATE'
          AND grantee LIKE 'quantmatrix%'
        """
    )
    with populated.engine.connect() as connection:
        assert connection.execute(asked).scalars().all() == ["position_id"]
