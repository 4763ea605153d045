"""The database: one engine, and transactions that say as whom they run."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from quantmatrix_engine.errors import DatabaseError, SettingsError
from quantmatrix_models.privileges import Role

# Two transactions stood in each other's way: serialization failure, deadlock, lock not available.
_CONFLICTS = ("40001", "40P01", "55P03")
_SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret")


def parse_url(url: str) -> URL:
    """Gives `url` with the driver this project uses (psycopg 3).

    Raises SettingsError where it is no PostgreSQL address. The message never shows a password.
    """
    if url.partition("?")[0].count("@") > 1:
        # Read as written, a part of the password would count as the host and be shown.
        raise SettingsError(
            "The database address has more than one @. Write the one in the password as %40: "
            "postgresql://user:password@host:5432/quantmatrix."
        )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "The database address cannot be read. It should look like "
            "postgresql://user:password@host:5432/quantmatrix."
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise SettingsError(
            f"The database address names {parsed.get_backend_name()!r}; only PostgreSQL is "
            "supported: postgresql://user:password@host:5432/quantmatrix."
        )
    return parsed.set(drivername="postgresql+psycopg")


def without_password(url: URL) -> URL:
    """Gives `url` without its password; it has to come from elsewhere, such as a `passfile`."""
    return URL.create(
        url.drivername,
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.query,
    )


def shown(url: URL) -> str:
    """Gives `url` as people may see it: without a secret, wherever one stands in it."""
    return url.difference_update_query(_SECRET_PARAMETERS).render_as_string(hide_password=True)


def connect_args(url: URL) -> dict[str, int]:
    """Gives how to connect where `url` does not say: a server has ten seconds to answer."""
    return {} if "connect_timeout" in url.query else {"connect_timeout": 10}


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def reason(error: DBAPIError) -> str:
    """Gives the first line of what PostgreSQL said, without the statement or the address."""
    return str(error.orig).strip().splitlines()[0]


class Database:
    """A PostgreSQL database of ours. Making one connects to nothing."""

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.engine: Engine = create_engine(
            self.url, pool_pre_ping=True, connect_args=connect_args(self.url)
        )

    def __repr__(self) -> str:
        return f"Database({shown(self.url)})"

    def require(self) -> None:
        """Connects once. Raises DatabaseError, saying why, where that fails."""
        self._connect().close()

    @contextmanager
    def alone(self, key: int, *, what: str) -> Iterator[None]:
        """Holds the lock `key`, which one process at a time can have.

        Raises DatabaseError saying that `what` is under way where another process has it.
        """
        with self._connect() as connection:
            # Off the pool, so that closing it ends the session, and with it the lock.
            connection.detach()
            taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key})
            if not taken.scalar():
                raise DatabaseError(
                    f"{what} is under way in another process; wait for it or stop it."
                )
            connection.commit()
            yield

    @contextmanager
    def transaction(self, role: Role, *, user_id: int | None = None) -> Iterator[Connection]:
        """Gives a connection inside a transaction that runs as `role`.

        As APP it sees the rows of `user_id` alone, and none where `user_id` is None. Both the role
        and the user end with the transaction. Raises DatabaseError where the server is away or goes
        away, and where the transaction could not be run beside another one: all of it is undone.
        """
        connection = self._connect()
        with self._named(), connection, connection.begin():
            connection.execute(text(f"SET LOCAL ROLE {role.value}"))
            connection.execute(
                text("SELECT set_config('app.user_id', :user_id, true)"),
                {"user_id": "" if user_id is None else str(int(user_id))},
            )
            yield connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Gives a clear error to what another attempt can mend; any other stays what it is."""
        try:
            yield
        except DBAPIError as error:
            if not (error.connection_invalidated or _sqlstate(error) in _CONFLICTS):
                raise
            raise DatabaseError(
                f"The database at {shown(self.url)} broke off: {reason(error)}"
            ) from error

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise DatabaseError(
                f"The database at {shown(self.url)} cannot be reached: {reason(error)}"
            ) from None

    def dispose(self) -> None:
        """Closes the pooled connections."""
        self.engine.dispose()
