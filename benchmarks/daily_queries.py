"""The queries of every day on a full database against the same on a hundredth of it.

The full one has 5,000 users, 15,000 strategies, 5 million signals and 2 million transactions.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.daily_queries import QUERIES, Query
from support.population import FULL, Size, populate

from quantmatrix_models import embedded
from quantmatrix_models.database import Database, parse_url
from quantmatrix_models.migrations import run as migrations

ROUNDS, PART = 60, 0.01


def build(url: str, name: str, size: Size) -> Database:
    """Gives a filled database, and says how long that took."""
    embedded.create_database(url, name)
    made = Database(parse_url(url).set(database=name).render_as_string(hide_password=False))
    migrations.upgrade(made.engine)
    started = time.monotonic()
    populate(made.engine, size)
    print(f"{name}: {vars(size)} in {time.monotonic() - started:.0f} s", flush=True)
    return made


def milliseconds(database: Database, query: Query, user_id: int) -> tuple[float, int]:
    """Gives what the server took to plan and run the query for a user, and the rows it gave."""
    with query.opened(database, user_id) as (connection, values):
        asked = text(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.sql}")
        ((found,),) = connection.execute(asked, values).all()
        connection.rollback()
    plan = found[0]
    return plan["Planning Time"] + plan["Execution Time"], plan["Plan"]["Actual Rows"]


def compare(full: Database, part: Database, query: Query, sizes: tuple[Size, Size]) -> None:
    ratios, seconds = [], []
    chance = random.Random(7)  # noqa: S311
    for _ in range(ROUNDS):
        dear, _ = milliseconds(full, query, chance.randint(1, sizes[0].users))
        cheap, _ = milliseconds(part, query, chance.randint(1, sizes[1].users))
        ratios.append(dear / cheap)
        seconds.append(dear)
    # The first rounds read from the disk what the later ones find in memory.
    ratio, took = statistics.median(ratios[10:]), statistics.median(seconds[10:])
    print(f"{query.name:<40} {took:>9.2f} ms   {ratio:>6.1f} times a hundredth's", flush=True)


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--scale", type=float, default=1.0, help="of the full size, such as 0.1")
    scale = reading.parse_args().scale
    sizes = (FULL.times(scale), FULL.times(scale * PART))
    with tempfile.TemporaryDirectory(prefix="quantmatrix-benchmark-") as folder:
        url = embedded.start(Path(folder) / "data")["quantmatrix"]
        part, full = build(url, "part", sizes[1]), build(url, "full", sizes[0])
        for query in QUERIES:
            compare(full, part, query, sizes)
        for database in (part, full):
            database.dispose()
        embedded.stop(Path(folder) / "data")


if __name__ == "__main__":
    main()
