"""The schema as the metadata declares it, made without any migration."""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role, granted
from quantmatrix_models.tenancy import policies, tenant_tables

SQL = Path(__file__).parents[2] / "sql" / "postgres"


def create(engine: Engine) -> None:
    """Makes roles, types, tables, row security and grants in an empty database."""
    with engine.begin() as connection:
        create_tables(connection)
        guard(connection)


def create_tables(connection: Connection) -> None:
    """Makes what the tables stand on, the tables, and what keeps the audit trail."""
    for part in sorted(SQL.glob("*_before_tables.sql")):
        connection.execute(text(part.read_text().replace(":", "\\:")))
    metadata.create_all(connection)
    for part in sorted(SQL.glob("*_triggers.sql")):
        connection.execute(text(part.read_text().replace(":", "\\:")))


def guard(connection: Connection) -> None:
    """Turns row security on and gives each role what the tables declare for it."""
    roles = ", ".join(role.value for role in Role)
    connection.execute(text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {roles}"))
    for table in tenant_tables(metadata):
        connection.execute(text(f'ALTER TABLE "{table.name}" ENABLE ROW LEVEL SECURITY'))
        connection.execute(text(f'ALTER TABLE "{table.name}" FORCE ROW LEVEL SECURITY'))
        for policy in policies(table):
            connection.execute(text(policy.statement(f'"{table.name}"')))
    for table in metadata.sorted_tables:
        for role, grant in granted(table):
            columns = ", ".join(f'"{name}"' for name in grant.columns)
            what = f"{grant.privilege} ({columns})" if columns else grant.privilege
            connection.execute(text(f'GRANT {what} ON "{table.name}" TO {role.value}'))
