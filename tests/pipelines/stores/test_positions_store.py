import datetime as dt

from pipelines.rows import add_account, add_instrument, add_user, hold

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import positions

# 01:00 UTC is still the evening before in New York.
OPENED = dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC)
CLOSED = dt.datetime(2026, 11, 20, 18, 0, tzinfo=dt.UTC)


def test_positions_are_those_of_the_asked_users_with_dates_of_the_exchange(database: Database):
    ada, ben, cyd = (add_user(database, name) for name in ("ada", "ben", "cyd"))
    aaa, bbb = add_instrument(database, "AAA"), add_instrument(database, "BBB")
    main = add_account(database, ada)
    hold(database, ada, main, aaa, opened_at=OPENED, quantity=-5)
    closed = {"status": "closed", "quantity": 0, "closed_at": CLOSED}
    hold(database, ada, main, bbb, opened_at=OPENED, **closed)
    hold(database, ben, add_account(database, ben), bbb)
    hold(database, cyd, add_account(database, cyd), aaa)
    day_before, day = dt.date(2026, 11, 19), dt.date(2026, 11, 20)
    assert positions.holdings(database, [ada, ben]).rows() == [
        (ada, aaa, day_before, None),
        (ada, bbb, day_before, day),
        (ben, bbb, None, None),
    ]
    assert positions.holdings(database, []).is_empty()


def test_an_account_that_does_not_count_holds_nothing(database: Database):
    ada, aaa = add_user(database, "ada"), add_instrument(database, "AAA")
    hold(database, ada, add_account(database, ada, is_active=False), aaa)
    assert positions.holdings(database, [ada]).is_empty()
