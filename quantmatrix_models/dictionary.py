"""The documentation of the tables, made from the models: a data dictionary and entity diagrams.

`python -m quantmatrix_models.dictionary docs/` writes both. The same models give the same text.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from sqlalchemy import CheckConstraint as Check
from sqlalchemy import Column, Constraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint, CreateColumn, CreateIndex

from quantmatrix_models.base import Base
from quantmatrix_models.migrations.tables import DOMAINS, metadata
from quantmatrix_models.privileges import Grant, granted
from quantmatrix_models.tenancy import tenant_tables

COMMAND = "python -m quantmatrix_models.dictionary docs/"

# Named parameters: another style would write every % of a rule twice.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_GENERATED = f"<!-- Written by `{COMMAND}` from the models. Do not edit. -->"
_WORDS = {"SELECT": "read", "INSERT": "add", "UPDATE": "change", "DELETE": "delete"}


@dataclass(frozen=True)
class Domain:
    """One file of models: its name, what it is about, and its tables in their order there."""

    name: str
    about: str
    tables: tuple[Table, ...]


def domains(modules: Iterable[ModuleType] = DOMAINS) -> list[Domain]:
    """Gives the domains of the modules, in their order."""
    module_of = {mapper.local_table: mapper.class_.__module__ for mapper in Base.registry.mappers}
    return [
        Domain(
            module.__name__.rpartition(".")[2],
            " ".join((module.__doc__ or "").partition("\n\n")[0].split()),
            tuple(t for t in metadata.tables.values() if module_of.get(t) == module.__name__),
        )
        for module in modules
    ]


def documents() -> dict[str, str]:
    """Gives each document by the name of its file."""
    found = domains()
    return {"data_dictionary.md": data_dictionary(found), "entities.md": entities(found)}


def write(folder: Path) -> None:
    """Writes the documents into `folder`."""
    for name, content in documents().items():
        (folder / name).write_text(content, encoding="utf-8")


# The data dictionary


def data_dictionary(found: Sequence[Domain]) -> str:
    """Gives the data dictionary: per domain and table columns, rules and privileges."""
    count = sum(len(domain.tables) for domain in found)
    lines = ["# Data dictionary", "", _GENERATED, ""]
    lines += [f"{count} tables in {len(found)} domains; each domain is a file of models.", ""]
    lines += [_content(domain) for domain in found]
    for domain in found:
        lines += ["", f"## {domain.name}.py", "", domain.about]
        for table in domain.tables:
            lines += _described(table)
    return "\n".join(lines) + "\n"


def _content(domain: Domain) -> str:
    tables = ", ".join(f"[{table.name}](#{table.name})" for table in domain.tables)
    return f"- [{domain.name}.py](#{domain.name}py): {tables}"


def _described(table: Table) -> Iterator[str]:
    yield from ("", f"### {table.name}", "", table.comment or "", "", f"Rows: {_whose(table)}")
    yield from ("", "| column | type | null | default | meaning |", "|---|---|---|---|---|")
    yield from (_row(_cells(column)) for column in table.columns)
    yield from ("", "Keys and rules:", "")
    yield from (f"- `{name}`: `{rule}`" for name, rule in _rules(table))
    yield from ("", "| role | may |", "|---|---|")
    yield from (_row((f"`{role}`", may)) for role, may in _privileges(table))


def _whose(table: Table) -> str:
    if table not in tenant_tables(table.metadata):
        return "shared by all users."
    if table.name == "users" or not table.columns["user_id"].nullable:
        return "each user's own."
    if table.info["unowned_rows_are_shared"]:
        return "each user's own, or the system's, which every user reads."
    return "each user's own, or the system's, which no user reads."


def _cells(column: Column[object]) -> Iterator[str]:
    yield f"`{column.name}`"
    yield _type(column)
    yield "yes" if column.nullable else "no"
    yield f"`{default}`" if (default := _default(column)) else ""
    yield column.comment or ""


def _row(cells: Iterable[str]) -> str:
    escaped = (" ".join(cell.split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _type(column: Column[object]) -> str:
    return str(column.type.compile(dialect=_DIALECT)).lower()


def _default(column: Column[object]) -> str:
    if column.identity is not None:
        return "identity"
    if column.computed is not None:
        return f"generated: {column.computed.sqltext}"
    # The compiler's own spelling: a text is quoted, an expression is not.
    spelled = str(CreateColumn(column).compile(dialect=_DIALECT))
    return spelled.partition(" DEFAULT ")[2].removesuffix(" NOT NULL")


def _rules(table: Table) -> Iterator[tuple[str, str]]:
    """Gives name and rule of each constraint and index: keys first, then checks, then the rest."""
    kinds = (PrimaryKeyConstraint, Unique, ForeignKeyConstraint, Check)

    def place(constraint: Constraint) -> tuple[int, str]:
        kind = next((at for at, one in enumerate(kinds) if isinstance(constraint, one)), len(kinds))
        return kind, _name(constraint)

    for constraint in sorted(table.constraints, key=place):
        made = AddConstraint(constraint, isolate_from_table=False).compile(dialect=_DIALECT)
        yield _name(constraint), _after(f"ADD CONSTRAINT {_name(constraint)} ", str(made))
    owner = _DIALECT.identifier_preparer.format_table(table)
    for index in sorted(table.indexes, key=_name):
        made = CreateIndex(index).compile(dialect=_DIALECT)
        kind = "UNIQUE INDEX" if index.unique else "INDEX"
        yield _name(index), f"{kind} {_after(f' ON {owner} ', str(made))}"


def _name(rule: Constraint | Index) -> str:
    # The name by the convention is the one the compiler writes.
    preparer = _DIALECT.identifier_preparer
    written = (
        preparer.format_index(rule) if isinstance(rule, Index) else preparer.format_constraint(rule)
    )
    return str(written)


def _after(start: str, statement: str) -> str:
    return " ".join(statement.partition(start)[2].split())


def _privileges(table: Table) -> Iterator[tuple[str, str]]:
    by_role: dict[str, list[str]] = {}
    for role, grant in granted(table):
        by_role.setdefault(role.value, []).append(_right(grant))
    for role_name, rights in by_role.items():
        yield role_name, "; ".join(rights)


def _right(grant: Grant) -> str:
    columns = ", ".join(f"`{column}`" for column in grant.columns)
    return f"{_WORDS[grant.privilege]} {columns}".rstrip()


# The diagrams


def entities(found: Sequence[Domain]) -> str:
    """Gives the entity diagrams: one of all tables, then one a domain with columns."""
    everything = [table for domain in found for table in domain.tables]
    lines = [
        "# Entities",
        "",
        _GENERATED,
        "",
        "A line goes from the row referred to, which is always there (`||`) or may be missing",
        "(`|o`), to those that refer to it: any number (`o{`) or at most one (`o|`). It bears the",
        "column that refers. That a row belongs to a user is drawn only where no other line leads",
        "there.",
        "",
        "[The data dictionary](data_dictionary.md) says what each column means.",
        "",
        "## All tables",
        *_diagram(everything, _bare),
    ]
    for domain in found:
        lines += ["", f"## {domain.name}.py", "", domain.about, *_diagram(domain.tables, _entity)]
    return "\n".join(lines) + "\n"


def _diagram(tables: Sequence[Table], entity: Callable[[Table], Iterator[str]]) -> Iterator[str]:
    yield from ("", "```mermaid", "erDiagram")
    for table in tables:
        yield from entity(table)
    for table in tables:
        yield from _relations(table)
    yield "```"


def _bare(table: Table) -> Iterator[str]:
    yield f"    {table.name}"


def _entity(table: Table) -> Iterator[str]:
    yield f"    {table.name} {{"
    for column in table.columns:
        keys = [
            key
            for key, has in (("PK", column.primary_key), ("FK", bool(column.foreign_keys)))
            if has
        ]
        yield f"        {_type_word(column)} {column.name} {', '.join(keys)}".rstrip()
    yield "    }"


def _type_word(column: Column[object]) -> str:
    """Gives the type as the one word a diagram takes."""
    spelled = _type(column).partition("(")[0]
    short = {"timestamp with time zone": "timestamptz", "double precision": "double"}
    return short.get(spelled, spelled.replace(" ", "_"))


def _relations(table: Table) -> Iterator[str]:
    for key in sorted(table.foreign_key_constraints, key=_name):
        if _is_ownership(key) and any(_leads_to_the_owner(one) for one in _others(key)):
            continue
        parent = "||" if _is_always_there(key) else "|o"
        child = "o|" if _is_unique(key) else "o{"
        name = ", ".join(_referring(key))
        yield f'    {key.referred_table.name} {parent}--{child} {table.name} : "{name}"'


def _is_ownership(key: ForeignKeyConstraint) -> bool:
    return list(key.column_keys) == ["user_id"] and key.referred_table.name == "users"


def _others(key: ForeignKeyConstraint) -> Iterator[ForeignKeyConstraint]:
    return (other for other in key.table.foreign_key_constraints if other is not key)


def _leads_to_the_owner(key: ForeignKeyConstraint) -> bool:
    elsewhere = key.referred_table is not key.table and key.referred_table.name != "users"
    return elsewhere and "user_id" in key.column_keys and _is_always_there(key)


def _is_always_there(key: ForeignKeyConstraint) -> bool:
    return not any(column.nullable for column in key.columns)


def _is_unique(key: ForeignKeyConstraint) -> bool:
    """Says whether at most one row refers to the same row."""
    referring = set(key.column_keys)
    return any(
        set(unique.columns.keys()) <= referring
        for unique in key.table.constraints
        if isinstance(unique, Unique | PrimaryKeyConstraint)
    )


def _referring(key: ForeignKeyConstraint) -> list[str]:
    """Gives the column that holds the other row's id, or all of them where it has none."""
    ids = [part.parent.name for part in key.elements if part.column.name == "id"]
    return ids or list(key.column_keys)


def main(arguments: Sequence[str]) -> None:
    """Writes the documents into the folder that is the one argument."""
    if len(arguments) != 1:
        raise SystemExit(f"One folder is needed: {COMMAND}")
    write(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
