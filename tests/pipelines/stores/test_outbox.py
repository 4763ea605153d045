import datetime as dt
import json
from typing import NamedTuple

import pytest
from pipelines.rows import (
    AT,
    SESSION,
    TRAIL,
    add_instrument,
    add_strategy,
    add_user,
    change,
    links,
    notifications,
    post,
    query,
    run,
    say,
    signals,
    withheld,
)
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from quantmatrix_engine.notifications.compose import ToldBefore
from quantmatrix_engine.vocabulary import Action, Channel, NotificationStatus, Stage
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.stores import evaluations, outbox, users
from quantmatrix_pipelines.stores.outbox import Leased

ALL = list(range(64))
UNTIL = AT + dt.timedelta(minutes=3)
SECOND = dt.timedelta(seconds=1)
ZONE_OF_TOKYO = dt.timezone(dt.timedelta(hours=9))


class World(NamedTuple):
    """Two users with a strategy each, and two instruments."""

    database: Database
    ada: int
    ben: int
    of_ada: int
    of_ben: int
    aaa: int
    bbb: int


@pytest.fixture
def world(database: Database) -> World:
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    of_users = add_strategy(database, ada), add_strategy(database, ben)
    symbols = add_instrument(database, "AAA"), add_instrument(database, "BBB")
    return World(database, ada, ben, *of_users, *symbols)


def lease(database: Database, at: dt.datetime = AT, limit: int = 10) -> list[Leased]:
    return outbox.lease(database, at=at, until=at + (UNTIL - AT), limit=limit)


def set_webhook(database: Database, user_id: int) -> None:
    vault = Vault([Vault.new_key()])
    users.set_webhook(
        database, vault, user_id=user_id, channel=Channel.SIGNALS, url="https://x", trail=TRAIL
    )


def statuses(database: Database) -> list[tuple[object, ...]]:
    return query(database, "SELECT status, attempts, reason FROM notifications ORDER BY id")


# ------------------------------------------------------------------------------------ untold


def test_untold_are_the_signals_of_each_user_under_that_user(world: World):
    of_ada = say(world.database, world.ada, world.of_ada, world.aaa, world.bbb)
    of_ben = say(world.database, world.ben, world.of_ben, world.bbb)
    untold = outbox.untold(world.database, SESSION, ALL)
    assert [(one.user_id, one.part) for one in untold] == [(world.ada, 1), (world.ben, 1)]
    assert [[told.signal_id for told in one.told] for one in untold] == [of_ada, of_ben]


def stop(world: World, user_id: int, signal_id: int, *, on: dt.date = SESSION) -> None:
    """Says that a signal of a user came to its stop on a session."""
    change(
        world.database,
        "INSERT INTO signal_stages (user_id, signal_id, stage, target, session, price)"
        " VALUES (:user_id, :id, 'stopped', 0, :session, 90)",
        user_id=user_id,
        id=signal_id,
        session=on,
    )


def tell(world: World, user_id: int, signal_id: int, *, status: str = "pending") -> None:
    """Puts a message about a signal of the session into the outbox."""
    reason = "told to nobody" if status == "suppressed" else None
    outbox.put(
        world.database,
        notifications({"user_id": user_id, "status": status, "reason": reason}),
        links({"user_id": user_id, "signal_id": signal_id}),
    )


NEXT = dt.date(2026, 11, 23)


def test_what_became_of_a_told_signal_is_told_with_the_next_message_once(world: World):
    (said,) = say(world.database, world.ada, world.of_ada, world.aaa)
    tell(world, world.ada, said)
    stop(world, world.ada, said, on=NEXT)
    (untold,) = outbox.untold(world.database, NEXT, ALL)
    (became,) = untold.earlier
    assert (untold.user_id, untold.part, untold.told) == (world.ada, 1, ())
    assert (became.symbol, became.said_on, became.said_at) == ("AAA", SESSION, 100.0)
    assert (became.stage, became.target, became.price) == (Stage.STOPPED, 0, 90.0)
    outbox.put(
        world.database, notifications({"user_id": world.ada, "session": NEXT}), links().clear()
    )
    assert outbox.untold(world.database, NEXT, ALL) == []


def test_nothing_is_told_of_a_signal_nobody_was_told_of(world: World):
    kept, silent = (
        say(world.database, *one, world.aaa)[0]
        for one in ((world.ada, world.of_ada), (world.ben, world.of_ben))
    )
    tell(world, world.ada, kept, status="suppressed")
    stop(world, world.ada, kept, on=NEXT)
    stop(world, world.ben, silent, on=NEXT)
    assert outbox.untold(world.database, NEXT, ALL) == []


def test_a_user_who_left_is_told_nothing_of_what_was_said_before(world: World):
    (said,) = say(world.database, world.ada, world.of_ada, world.aaa)
    tell(world, world.ada, said)
    stop(world, world.ada, said, on=NEXT)
    change(world.database, "UPDATE users SET is_active = false WHERE id = :id", id=world.ada)
    assert outbox.untold(world.database, NEXT, ALL) == []


def test_an_untold_signal_says_what_is_stored(world: World):
    entry = {"strategy_id": world.of_ada, "instrument_id": world.aaa, "target_1": 120.0}
    trace = '[{"rule": "x", "is_met": true}]'
    said = signals({**entry, "risk_reward": 2.0, "trace": trace})
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    ((told,),) = (one.told for one in outbox.untold(world.database, SESSION, ALL))
    assert (told.strategy, told.symbol, told.action) == ("Pullback", "AAA", Action.ENTRY)
    assert (told.price, told.stop, told.targets, told.size_pct) == (100.0, 90.0, (120.0,), 5.0)
    assert (told.level, told.risk_reward) == (None, 2.0)
    assert json.loads(told.trace) == [{"rule": "x", "is_met": True}]


def test_what_was_withheld_is_told_beside_a_signal_or_alone(world: World):
    kept = withheld(
        {"strategy_id": world.of_ada, "instrument_id": world.bbb, "detail": "no bar"},
        {"strategy_id": world.of_ben, "instrument_id": world.bbb, "detail": "no bar"},
    )
    said = signals({"strategy_id": world.of_ada, "instrument_id": world.aaa})
    runs = run(world.ada, world.of_ada).extend(run(world.ben, world.of_ben))
    evaluations.record(world.database, runs, said, kept)
    untold, alone = outbox.untold(world.database, SESSION, ALL)
    assert (untold.user_id, alone.user_id) == (world.ada, world.ben)
    assert [(one.strategy, one.symbol) for one in untold.withheld] == [("Pullback", "BBB")]
    assert (alone.told, len(alone.withheld)) == ((), 1)


def test_what_a_limit_left_no_room_for_is_told_as_that(world: World):
    kept = withheld(
        {"strategy_id": world.of_ada, "instrument_id": world.aaa, "reason": "limit"},
        {"strategy_id": world.of_ada, "instrument_id": world.bbb},
    )
    evaluations.record(world.database, run(world.ada, world.of_ada), signals(), kept)
    (untold,) = outbox.untold(world.database, SESSION, ALL)
    assert [(one.symbol, one.by_limit) for one in untold.withheld] == [
        ("AAA", True),
        ("BBB", False),
    ]


def test_untold_keeps_to_the_session_and_the_cohorts(world: World):
    # ada is in cohort 0, ben in cohort 1.
    say(world.database, world.ada, world.of_ada, world.aaa)
    say(world.database, world.ben, world.of_ben, world.aaa)
    (untold,) = outbox.untold(world.database, SESSION, [1])
    assert untold.user_id == world.ben
    assert outbox.untold(world.database, dt.date(2026, 11, 19), ALL) == []
    assert outbox.untold(world.database, SESSION, []) == []


def test_what_a_message_tells_is_told_and_the_next_one_has_the_next_number(world: World):
    (first,) = say(world.database, world.ada, world.of_ada, world.aaa)
    outbox.put(
        world.database,
        notifications({"user_id": world.ada}),
        links({"user_id": world.ada, "signal_id": first}),
    )
    assert outbox.untold(world.database, SESSION, ALL) == []
    (second,) = say(world.database, world.ada, world.of_ada, world.bbb)
    (untold,) = outbox.untold(world.database, SESSION, ALL)
    assert (untold.part, [told.signal_id for told in untold.told]) == (2, [second])


def test_what_was_told_before_of_an_instrument_comes_with_what_is_new_of_it(world: World):
    of_aaa, of_bbb = say(world.database, world.ada, world.of_ada, world.aaa, world.bbb)
    (of_ben,) = say(world.database, world.ben, world.of_ben, world.aaa)
    owners = {of_aaa: world.ada, of_bbb: world.ada, of_ben: world.ben}
    outbox.put(
        world.database,
        notifications({"user_id": world.ada}, {"user_id": world.ben}),
        links(*({"user_id": owner, "signal_id": one} for one, owner in owners.items())),
    )
    second = add_strategy(world.database, world.ada, "Dips")
    say(world.database, world.ada, second, world.aaa, action="exit", stop=None)
    (untold,) = outbox.untold(world.database, SESSION, ALL)
    assert untold.told_before == (ToldBefore("Pullback", "AAA", Action.ENTRY),)
    assert [(one.strategy, one.action) for one in untold.told] == [("Dips", Action.EXIT)]


def test_what_was_kept_from_a_user_was_not_told_before(world: World):
    (kept,) = say(world.database, world.ada, world.of_ada, world.aaa)
    tell(world, world.ada, kept, status="suppressed")
    second = add_strategy(world.database, world.ada, "Dips")
    say(world.database, world.ada, second, world.aaa, action="exit", stop=None)
    (untold,) = outbox.untold(world.database, SESSION, ALL)
    assert (untold.part, untold.told_before) == (2, ())


# --------------------------------------------------------------------------------------- put


def test_messages_are_put_with_the_signals_they_tell(world: World):
    of_ada = say(world.database, world.ada, world.of_ada, world.aaa, world.bbb)
    (of_ben,) = say(world.database, world.ben, world.of_ben, world.aaa)
    told = [{"user_id": world.ada, "signal_id": one} for one in of_ada]
    messages = notifications({"user_id": world.ada}, {"user_id": world.ben})
    count = outbox.put(
        world.database, messages, links(*told, {"user_id": world.ben, "signal_id": of_ben})
    )
    assert count == 2
    assert query(
        world.database,
        "SELECT n.user_id, t.signal_id FROM notifications n JOIN notification_signals t"
        " ON t.notification_id = n.id AND t.user_id = n.user_id ORDER BY t.signal_id",
    ) == [(world.ada, of_ada[0]), (world.ada, of_ada[1]), (world.ben, of_ben)]


def test_where_a_signal_was_told_already_nothing_is_put(world: World):
    (told,) = say(world.database, world.ada, world.of_ada, world.aaa)
    of_ada = {"user_id": world.ada}
    link = {**of_ada, "signal_id": told}
    outbox.put(world.database, notifications(of_ada), links(link))
    messages = notifications({**of_ada, "part": 2}, {"user_id": world.ben})
    with pytest.raises(IntegrityError, match="uq_notification_signals_signal_id_channel"):
        outbox.put(world.database, messages, links({**link, "part": 2}))
    assert outbox.count(world.database) == 1


def test_nobody_is_told_another_users_signal(world: World):
    (of_ada,) = say(world.database, world.ada, world.of_ada, world.aaa)
    message = notifications({"user_id": world.ben})
    with pytest.raises(IntegrityError, match="fk_notification_signals_user_id_signal_id"):
        outbox.put(world.database, message, links({"user_id": world.ben, "signal_id": of_ada}))
    assert outbox.count(world.database) == 0


def test_nothing_to_put_is_nothing(world: World):
    assert outbox.put(world.database, notifications(), links()) == 0


# --------------------------------------------------------------------------- due and leasing


def test_a_message_is_due_from_its_moment_on_and_is_leased_once(world: World):
    posted = post(world.database, world.ada)
    assert outbox.due(world.database, AT - SECOND) == 0
    assert lease(world.database, AT - SECOND) == []
    assert outbox.due(world.database, AT) == 1
    (leased,) = lease(world.database)
    assert (leased.id, leased.user_id, leased.user) == (posted, world.ada, "ada")
    assert (leased.channel, leased.session) == (Channel.SIGNALS, SESSION)
    assert (leased.created_at, leased.was_tried) == (AT, False)
    assert leased.message["headline"] == "1 entry"
    assert lease(world.database) == []
    assert outbox.due(world.database, AT) == 0


def test_a_suppressed_message_is_never_due(world: World):
    row = {"user_id": world.ada, "status": "suppressed", "reason": "Backfills do not notify."}
    outbox.put(world.database, notifications(row), links())
    assert outbox.due(world.database, AT) == 0
    assert lease(world.database) == []


def test_a_finished_message_is_a_record(world: World):
    posted = post(world.database, world.ada)
    lease(world.database)
    outbox.finish(world.database, posted, NotificationStatus.SENT, at=AT, message_id="42")
    assert query(
        world.database, "SELECT status, message_id, attempts, finished_at FROM notifications"
    ) == [("sent", "42", 1, AT)]
    assert lease(world.database, AT + dt.timedelta(days=1)) == []


def test_a_message_cannot_be_sent_without_the_channels_id_or_fail_without_a_reason(world: World):
    posted = post(world.database, world.ada)
    lease(world.database)
    for status in (NotificationStatus.SENT, NotificationStatus.FAILED):
        with pytest.raises(IntegrityError):
            outbox.finish(world.database, posted, status, at=AT)
    assert statuses(world.database) == [("leased", 0, None)]


def test_what_has_ended_is_not_changed_by_somebody_who_comes_late(world: World):
    posted = post(world.database, world.ada)
    lease(world.database)
    outbox.finish(world.database, posted, NotificationStatus.SENT, at=AT, message_id="1")
    outbox.postpone(world.database, posted, until=AT, reason="busy")
    assert statuses(world.database) == [("sent", 1, None)]


def test_a_postponed_message_comes_back_at_its_moment_and_was_not_tried(world: World):
    posted = post(world.database, world.ada)
    lease(world.database)
    outbox.postpone(world.database, posted, until=AT + 5 * SECOND, reason="busy")
    assert statuses(world.database) == [("pending", 1, "busy")]
    assert lease(world.database, AT + 4 * SECOND) == []
    (leased,) = lease(world.database, AT + 5 * SECOND)
    assert not leased.was_tried


def test_a_lease_that_ran_out_comes_back_as_tried(world: World):
    post(world.database, world.ada)
    lease(world.database)
    assert lease(world.database, UNTIL - SECOND) == []
    assert outbox.due(world.database, UNTIL) == 1
    (leased,) = lease(world.database, UNTIL)
    assert leased.was_tried


def test_the_oldest_are_leased_first_and_no_more_than_asked(world: World):
    for number in range(4):
        user_id = add_user(world.database, f"user-{number}")
        post(world.database, user_id)
        change(
            world.database,
            "UPDATE notifications SET due_at = :at WHERE user_id = :user_id",
            at=AT - number * SECOND,
            user_id=user_id,
        )
    leased = lease(world.database, limit=2)
    assert {one.user for one in leased} == {"user-3", "user-2"}


def test_messages_of_one_webhook_are_leased_one_at_a_time_in_their_order(world: World):
    first, second = post(world.database, world.ada), post(world.database, world.ada, part=2)
    of_ben = post(world.database, world.ben)
    assert {one.id for one in lease(world.database)} == {first, of_ben}
    assert lease(world.database) == []
    outbox.finish(world.database, first, NotificationStatus.PRINTED, at=AT)
    assert [one.id for one in lease(world.database)] == [second]


def test_as_many_are_due_as_could_be_leased(world: World):
    # The second message waits behind the first, so a run for it would do nothing.
    post(world.database, world.ada)
    post(world.database, world.ada, part=2)
    assert outbox.due(world.database, AT) == 1
    lease(world.database)
    assert outbox.due(world.database, AT) == 0


def test_a_busy_webhook_is_left_alone_until_its_moment(world: World):
    for user_id in (world.ada, world.ben):
        set_webhook(world.database, user_id)
        post(world.database, user_id)
    its = {"user_id": world.ada, "channel": Channel.SIGNALS}
    users.pause_webhook(world.database, **its, until=AT + 5 * SECOND)
    assert outbox.due(world.database, AT) == 1
    assert [one.user for one in lease(world.database)] == ["ben"]
    assert [one.user for one in lease(world.database, AT + 5 * SECOND)] == ["ada"]


def test_a_lease_brings_the_webhook_of_its_own_user_and_channel_alone(world: World):
    vault = Vault([Vault.new_key()])
    set_webhook(world.database, world.ben)
    users.set_webhook(
        world.database,
        vault,
        user_id=world.ada,
        channel=Channel.ALERTS,
        url="https://alerts",
        trail=TRAIL,
    )
    for user_id in (world.ada, world.ben):
        post(world.database, user_id)
    by_user = {one.user: one for one in lease(world.database)}
    assert by_user["ada"].sealed_url is None
    assert by_user["ben"].sealed_url is not None


def test_a_webhook_that_is_gone_is_leased_with_the_reason(world: World):
    set_webhook(world.database, world.ada)
    its = {"user_id": world.ada, "channel": Channel.SIGNALS}
    users.disable_webhook(world.database, **its, at=AT, reason="deleted", trail=TRAIL)
    post(world.database, world.ada)
    (leased,) = lease(world.database)
    assert leased.disabled_reason == "deleted"


def test_two_processes_never_lease_the_same_row(world: World):
    posted = {post(world.database, world.ada), post(world.database, world.ben)}
    values = {"at": AT, "until": UNTIL, "limit": 1}
    with world.database.transaction(Role.PIPELINE) as connection:
        # The first process has taken a row and has not committed yet.
        ours = {row.id for row in connection.execute(text(outbox._LEASE), values)}
        theirs = {one.id for one in lease(world.database)}
    assert len(ours) == len(theirs) == 1
    assert ours | theirs == posted
    assert lease(world.database) == []


def test_a_row_behind_one_that_another_process_is_taking_stays_where_it_is(world: World):
    first = post(world.database, world.ada)
    post(world.database, world.ada, part=2)
    values = {"at": AT, "until": UNTIL, "limit": 10}
    with world.database.transaction(Role.PIPELINE) as connection:
        ours = [row.id for row in connection.execute(text(outbox._LEASE), values)]
        assert lease(world.database) == []
    assert ours == [first]


def test_a_moment_of_any_zone_is_the_same_moment(world: World):
    post(world.database, world.ada)
    assert outbox.due(world.database, (AT - SECOND).astimezone(ZONE_OF_TOKYO)) == 0
    assert outbox.due(world.database, AT.astimezone(ZONE_OF_TOKYO)) == 1


def test_messages_are_counted_by_user_and_status(world: World):
    post(world.database, world.ada)
    post(world.database, world.ada, part=2)
    post(world.database, world.ben)
    lease(world.database, limit=1)
    assert list(outbox.counts(world.database, [SESSION])) == [
        ("ada", "leased", 1),
        ("ada", "pending", 1),
        ("ben", "pending", 1),
    ]
    assert list(outbox.counts(world.database, [dt.date(2026, 11, 19)])) == []
