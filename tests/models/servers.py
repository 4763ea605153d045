"""Addresses on the test server."""

from quantmatrix_models.database import parse_url


def named(url: str, name: str, *, login: str | None = None) -> str:
    """Gives the address of the database `name` on the server of `url`."""
    address = parse_url(url).set(database=name)
    if login is not None:
        address = address.set(username=login)
    return address.render_as_string(hide_password=False)
