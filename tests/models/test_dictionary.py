"""The written documentation of the tables: complete, of the present models, and how it is made."""

import re
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)

from quantmatrix_models import dictionary
from quantmatrix_models.base import NAMING_CONVENTION
from quantmatrix_models.dictionary import Domain
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import ADD, DELETE, READ, Role, change

DOCS = Path(__file__).parents[2] / "docs"
FILLERS = {"a", "an", "the", "of", "its", "their"}


def listed(wrong: list[str]) -> str:
    return "".join(f"\n  {one}" for one in wrong)


# The models


def test_every_table_and_column_has_a_comment() -> None:
    tables = [table.name for table in metadata.sorted_tables if not table.comment]
    columns = [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if not column.comment
    ]
    assert tables == [], f"give each class of these tables a docstring:{listed(tables)}"
    assert columns == [], f'give each of these columns comment="...":{listed(columns)}'


def repeats(name: str, comment: str) -> bool:
    """Says whether a comment has no word but those of the name."""
    words = "".join(c if c.isalnum() else " " for c in comment.lower()).split()
    return set(words) - FILLERS <= set(name.split("_"))


def test_no_comment_merely_repeats_the_name() -> None:
    repeated = [
        f"{table.name}.{column.name}: {column.comment}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.comment and repeats(column.name, column.comment)
    ]
    assert repeated == [], f"say meaning, unit, and when null:{listed(repeated)}"


@pytest.mark.parametrize(
    ("name", "comment", "is_repeated"),
    [
        ("strategy_id", "The strategy.", True),
        ("strategy_id", "Id of the strategy.", True),
        ("error", "Error", True),
        ("strategy_id", "The strategy evaluated.", False),
        ("size_pct", "Size, percent of its basis.", False),
    ],
)
def test_a_comment_repeats_a_name_where_it_has_no_word_of_its_own(
    name: str, comment: str, is_repeated: bool
) -> None:
    assert repeats(name, comment) is is_repeated


def test_every_table_is_of_one_domain() -> None:
    found = [table.name for domain in dictionary.domains() for table in domain.tables]
    assert sorted(found) == sorted(metadata.tables)


def test_a_domains_tables_are_in_the_order_of_its_file() -> None:
    strategies = next(one for one in dictionary.domains() if one.name == "strategies")
    names = [table.name for table in strategies.tables]
    first = ["strategies", "strategy_versions", "resolved_universes", "strategy_runs"]
    assert names[:4] == first


@pytest.mark.parametrize("name", dictionary.documents())
def test_the_committed_documents_are_those_of_the_models(name: str) -> None:
    file = DOCS / name
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    is_current = written == dictionary.documents()[name]
    assert is_current, f"docs/{name} is not what the models say; run: {dictionary.COMMAND}"


# How they are made


def example() -> list[Domain]:
    """Two domains: users and what they may buy, and their orders."""
    made = MetaData(naming_convention=NAMING_CONVENTION)
    users = Table("users", made, Column("id", BigInteger, Identity(), primary_key=True))
    things = Table(
        "things",
        made,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("name", String(8), nullable=False, comment="Called | so."),
        CheckConstraint("name LIKE 'a%'", name="begins_with_a"),
        comment="What can be bought.",
    )
    orders = Table(
        "orders",
        made,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False),
        Column("thing_id", BigInteger, ForeignKey("things.id")),
        Column("amount", Numeric(20, 6), server_default=text("1"), nullable=False),
        Column("status", String, server_default="new", nullable=False),
        Column("twice", Numeric(20, 6), Computed("amount * 2")),
        UniqueConstraint("user_id", "id"),
        Index("ix_orders_new", "user_id", postgresql_where=text("status = 'new'")),
        comment="What a user asked for.",
    )
    receipts = Table(
        "receipts",
        made,
        Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False),
        Column("order_id", BigInteger, primary_key=True),
        ForeignKeyConstraint(["user_id", "order_id"], ["orders.user_id", "orders.id"]),
    )
    notes = Table(
        "notes",
        made,
        Column("id", BigInteger, primary_key=True),
        Column("user_id", BigInteger, ForeignKey("users.id")),
    )
    for table in made.tables.values():
        table.info.update(grants={}, unowned_rows_are_shared=False)
    orders.info["grants"] = {
        Role.APP: (READ, change("amount", "status")),
        Role.PIPELINE: (READ, ADD, DELETE),
    }
    return [
        Domain("users", "Users.", (users, things)),
        Domain("orders", "Orders: asked and had.", (orders, receipts, notes)),
    ]


def test_a_table_is_described_by_rows_columns_rules_and_roles() -> None:
    found = dictionary.data_dictionary(example())
    described = found[found.index("### orders") : found.index("### receipts")]
    assert described == (
        """\
### orders

What a user asked for.

Rows: each user's own.

| column | type | null | default | meaning |
|---|---|---|---|---|
| `id` | bigint | no | `identity` |  |
| `user_id` | bigint | no |  |  |
| `thing_id` | bigint | yes |  |  |
| `amount` | numeric(20, 6) | no | `1` |  |
| `status` | varchar | no | `'new'` |  |
| `twice` | numeric(20, 6) | yes | `generated: amount * 2` |  |

Keys and rules:

- `pk_orders`: `PRIMARY KEY (id)`
- `uq_orders_user_id_id`: `UNIQUE (user_id, id)`
- `fk_orders_thing_id_things`: `FOREIGN KEY(thing_id) REFERENCES things (id)`
- `fk_orders_user_id_users`: `FOREIGN KEY(user_id) REFERENCES users (id)`
- `ix_orders_new`: `INDEX (user_id) WHERE status = 'new'`

| role | may |
|---|---|
| `quantmatrix_app` | read; change `amount`, `status` |
| `quantmatrix_pipeline` | read; add; delete |

"""
    )


def test_signs_that_mean_something_to_markdown_or_a_driver_are_written_as_they_are() -> None:
    found = dictionary.data_dictionary(example())
    assert "| `name` | varchar(8) | no |  | Called \\| so. |" in found
    assert "- `ck_things_begins_with_a`: `CHECK (name LIKE 'a%')`" in found


@pytest.mark.parametrize(
    ("table", "whose"),
    [
        ("users", "each user's own."),
        ("things", "shared by all users."),
        ("orders", "each user's own."),
        ("notes", "each user's own, or the system's, which no user reads."),
    ],
)
def test_it_is_said_whose_rows_a_table_holds(table: str, whose: str) -> None:
    found = dictionary.data_dictionary(example())
    assert found[found.index(f"### {table}") :].partition("Rows: ")[2].startswith(whose + "\n")


def test_the_content_leads_to_each_table() -> None:
    found = dictionary.data_dictionary(example())
    assert "\n5 tables in 2 domains; " in found
    assert "\n- [users.py](#userspy): [users](#users), [things](#things)\n" in found
    assert "\n## orders.py\n\nOrders: asked and had.\n" in found


def diagram(heading: str) -> list[str]:
    found = dictionary.entities(example())
    after = found[found.index(f"## {heading}\n") :]
    return after.partition("```mermaid\n")[2].partition("```")[0].splitlines()


def test_the_diagram_of_all_tables_has_their_names_and_relations() -> None:
    assert diagram("All tables") == [
        "erDiagram",
        "    users",
        "    things",
        "    orders",
        "    receipts",
        "    notes",
        # An order may be for nothing that is listed; a note may be the system's.
        '    things |o--o{ orders : "thing_id"',
        '    users ||--o{ orders : "user_id"',
        # A receipt's owner is its order's, and an order has one receipt.
        '    orders ||--o| receipts : "order_id"',
        '    users |o--o{ notes : "user_id"',
    ]


def test_the_diagram_of_a_domain_has_columns_with_types_and_keys() -> None:
    drawn = diagram("orders.py")
    assert drawn[1:8] == [
        "    orders {",
        "        bigint id PK",
        "        bigint user_id FK",
        "        bigint thing_id FK",
        "        numeric amount",
        "        varchar status",
        "        numeric twice",
    ]
    assert "        bigint order_id PK, FK" in drawn
    assert "    users {" not in drawn


def test_the_command_writes_every_document_into_the_folder(tmp_path: Path) -> None:
    dictionary.main([str(tmp_path)])
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert written == dictionary.documents()


def test_the_command_without_a_folder_says_how_it_is_called() -> None:
    with pytest.raises(SystemExit, match=re.escape(dictionary.COMMAND)):
        dictionary.main([])
