"""Taking a step back: what it gives back, what it can't, and that no time is won by it."""

from datetime import timedelta

from sqlalchemy import delete, select

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.claim import claim_order, offer_order, release_order, return_order
from qtxvol.orders.decline import cancel_order, merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order, rule_order
from qtxvol.orders.models import OrderClock, Question
from qtxvol.orders.queries import get_order_view
from qtxvol.orders.serve import close_order, reopen_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import recall_order, restore_order, split_order, unclaim_order
from qtxvol.storage import transaction
from tests.factories import DEPARTMENT, NOW, City, accepted, claimed, dispatched, placed, window
from tests.orders.answers import events_of, findings, nothing_written, order_of, refused

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: What the plan's time limits say for an order that is not urgent.
LIMIT = {"dispatch": DAY, "claim": DAY}


def dispatched_late(city: City) -> Outcome:
    """Placed at `NOW`, dispatched three hours later."""
    return dispatch_order(placed(city).number, city.community, department_id=DEPARTMENT, now=NOW + 3 * HOUR)


def rejected(city: City) -> Outcome:
    return reject_order(placed(city).number, city.community, reason="commercial", text="不办推销。", now=NOW)


def merged(city: City, into: Outcome) -> Outcome:
    return merge_order(placed(city).number, city.community, into_number=into.number, now=NOW)


# Recall


def test_a_recalled_order_is_placed_again_and_no_return_of_the_departments(city: City):
    order = dispatched_late(city)
    due = order_of(placed(city).number).due_at  # of an order of the same moment

    outcome = recall_order(order.number, city.community, text="派错部门了。", now=NOW + 4 * HOUR)

    row = order_of(order.number)
    assert (outcome.status, row.status, row.department_id, row.returns_count) == ("placed", "placed", None, 0)
    assert (row.due_at, row.status_since) == (due, NOW + 4 * HOUR)
    assert events_of(order.number)[-1].payload.keys() == {"text_sha256"}
    assert findings() == []


def test_a_recall_after_the_communitys_time_leaves_the_order_overdue(city: City):
    order = dispatch_order(placed(city).number, city.community, department_id=DEPARTMENT, now=NOW + HOUR)
    recall_order(order.number, city.community, now=NOW + 2 * DAY)
    assert order_of(order.number).due_at == NOW + LIMIT["dispatch"]
    again = dispatch_order(order.number, city.community, department_id="education", now=NOW + 2 * DAY + HOUR)
    assert (again.status, events_of(order.number)[-1].was_overdue) == ("dispatched", True)


def test_time_in_which_a_question_was_open_stays_given_back(city: City):
    order = placed(city)
    ask_resident(order.number, city.community, text="几楼？", now=NOW + HOUR)
    dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW + 6 * HOUR)
    recall_order(order.number, city.community, now=NOW + 7 * HOUR)
    row = order_of(order.number)
    assert (row.due_at, row.clock_stopped_at) == (NOW + LIMIT["dispatch"] + 5 * HOUR, None)
    assert db.session.scalars(select(Question.ended_at).where(Question.order_id == row.id)).all() == [NOW + 6 * HOUR]


def test_a_ruling_is_not_the_communitys_to_take_back(city: City):
    order = placed(city)
    for reason in ("not_our_field", "no_capacity"):
        dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW)
        return_order(order.number, city.department, reason=reason, now=NOW)
    rule_order(order.number, city.office, department_id=DEPARTMENT, text="由卫健局承办。", now=NOW)
    with refused("is_ruled", 409):
        recall_order(order.number, city.community, now=NOW)
    claim_order(order.number, city.department, now=NOW)
    unclaim_order(order.number, city.department, now=NOW)
    with refused("is_ruled", 409):
        recall_order(order.number, city.community, now=NOW)
    assert order_of(order.number).is_ruled


def test_an_order_that_was_claimed_meanwhile_is_not_recalled(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    with refused("wrong_status", 409, winner="市卫生健康局", stands_at="claimed"):
        recall_order(order.number, city.community, version=order.version, now=NOW)


def test_a_page_that_is_behind_recalls_nothing(city: City):
    order = dispatched(city)
    ask_resident(order.number, city.department, text="几楼？", now=NOW)
    with refused("stale", 409, winner="市卫生健康局"):
        recall_order(order.number, city.community, version=order.version, now=NOW)


def test_a_step_of_before_there_were_clocks_is_taken_back_with_a_fresh_one(city: City):
    """Nothing says any more how much of its time was left."""
    order = dispatched_late(city)
    with transaction():
        db.session.execute(delete(OrderClock).where(OrderClock.order_id == order.order_id, OrderClock.ending == "done"))
    recall_order(order.number, city.community, now=NOW + 5 * HOUR)
    assert order_of(order.number).due_at == NOW + 5 * HOUR + LIMIT["dispatch"]
    assert findings() == []


def test_recalling_twice_with_one_key_is_one_recall(city: City):
    order = dispatched(city)
    first = recall_order(order.number, city.community, key="k1", now=NOW)
    dispatch_order(order.number, city.community, department_id="education", now=NOW)
    with nothing_written():
        assert recall_order(order.number, city.community, key="k1", now=NOW).is_repeat
    assert order_of(order.number).department_id == "education"
    assert not first.is_repeat


def test_a_form_that_is_sent_again_after_its_step_was_taken_back_is_not_called_done(city: City):
    order = placed(city)
    for key in ("k1", "k2"):
        dispatch_order(order.number, city.community, department_id=DEPARTMENT, key=key, now=NOW)
        assert dispatch_order(order.number, city.community, department_id=DEPARTMENT, key=key, now=NOW).is_repeat
        recall_order(order.number, city.community, now=NOW)
        with nothing_written(), refused("undone_since", 409):
            dispatch_order(order.number, city.community, department_id=DEPARTMENT, key=key, now=NOW)
    assert order_of(order.number).status == "placed"


# Undo a claim


def test_an_undone_claim_waits_for_the_same_department_with_its_old_clock(city: City):
    order = dispatched_late(city)
    claim_order(order.number, city.department, now=NOW + 20 * HOUR)

    unclaim_order(order.number, city.department, now=NOW + 20 * HOUR + 30 * MINUTE)

    row = order_of(order.number)
    assert (row.status, row.department_id, row.returns_count) == ("dispatched", DEPARTMENT, 0)
    assert row.due_at == NOW + 2 * HOUR + LIMIT["claim"]  # sent at 13:00, when the morning was over
    assert [event.action for event in events_of(order.number)] == ["place", "dispatch", "claim", "unclaim"]
    assert findings() == []


def test_an_undone_claim_can_be_recalled_with_the_communitys_clock(city: City):
    order = dispatched_late(city)
    claim_order(order.number, city.department, now=NOW + 4 * HOUR)
    unclaim_order(order.number, city.department, now=NOW + 4 * HOUR)
    recall_order(order.number, city.community, now=NOW + 5 * HOUR)
    assert order_of(order.number).due_at == NOW + LIMIT["dispatch"]


def test_after_half_an_hour_a_claim_is_released_with_a_reason(city: City):
    order = claimed(city)
    late = NOW + 30 * MINUTE + timedelta(seconds=1)
    with refused("claim_settled", 409, winner="市卫生健康局"):
        unclaim_order(order.number, city.department, now=late)
    release_order(order.number, city.department, reason="claimed_by_mistake", now=late)
    assert order_of(order.number).returns_count == 1


def test_a_claim_on_which_somebody_has_built_is_not_taken_back(city: City):
    offered, asked, withdrawn = claimed(city), claimed(city), accepted(city)
    offer_order(offered.number, city.department, team_ids=[city.team.team_id], now=NOW)
    ask_resident(asked.number, city.team, text="几楼？", now=NOW)
    answer_question(asked.number, city.community, text="二楼。", now=NOW)
    withdraw_order(withdrawn.number, city.team, reason="work", now=NOW)
    for order in (offered, asked, withdrawn):
        with refused("claim_used", 409):
            unclaim_order(order.number, city.department, now=NOW + MINUTE)


def test_a_claim_can_be_undone_again_and_again_without_winning_time(city: City):
    order = dispatched(city)
    for turn in range(3):
        claim_order(order.number, city.department, now=NOW + turn * HOUR)
        unclaim_order(order.number, city.department, now=NOW + turn * HOUR + MINUTE)
    row = order_of(order.number)
    assert (row.due_at, row.version) == (NOW + LIMIT["claim"], 8)


# Restore


def test_a_restored_order_is_placed_with_a_fresh_clock(city: City):
    order = rejected(city)
    later = NOW + 15 * DAY

    restore_order(order.number, city.community, now=later)

    row = order_of(order.number)
    assert (row.status, row.ending_reason, row.due_at) == ("placed", "", later + LIMIT["dispatch"])
    dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=later)
    assert findings() == []


def test_a_rejection_stands_after_fifteen_days(city: City):
    order = rejected(city)
    with refused("rejection_settled", 409, winner="东街居委会"):
        restore_order(order.number, city.community, now=NOW + 15 * DAY + timedelta(seconds=1))


def test_askers_of_an_order_that_was_rejected_read_that_it_is_taken_up_again(city: City):
    host = placed(city)
    asker = merged(city, host)
    reject_order(host.number, city.community, reason="commercial", text="不办推销。", now=NOW)
    assert get_order_view(city.community, asker.number, NOW).ending == "不办推销。"
    restore_order(host.number, city.community, now=NOW)
    assert get_order_view(city.community, asker.number, NOW).ending == ""
    told = select(Notice.order_id).where(Notice.event_id == events_of(host.number)[-1].id, Notice.party == "resident")
    assert set(db.session.scalars(told)) == {host.order_id, asker.order_id}


# Undo a merging


def test_a_split_order_goes_its_own_way_and_hears_no_more_of_the_other(city: City):
    host = placed(city)
    asker = merged(city, host)

    split_order(asker.number, city.community, now=NOW + HOUR)

    row = order_of(asker.number)
    assert (row.status, row.merged_into_id, row.due_at) == ("placed", None, NOW + HOUR + LIMIT["dispatch"])
    dispatch_order(host.number, city.community, department_id=DEPARTMENT, now=NOW + HOUR)
    told = select(Notice.order_id).where(Notice.event_id == events_of(host.number)[-1].id, Notice.party == "resident")
    assert db.session.scalars(told).all() == [host.order_id]
    cancel_order(host.number, city.community, reason="weather", now=NOW + HOUR)  # nobody is joined to it any more
    assert findings() == []


def test_who_had_joined_a_merged_order_goes_back_with_it(city: City):
    first, second, third = placed(city), placed(city), placed(city)
    early, late, elsewhere = merged(city, first), merged(city, first), merged(city, second)
    merge_order(first.number, city.community, into_number=second.number, now=NOW + HOUR)
    merge_order(second.number, city.community, into_number=third.number, now=NOW + 2 * HOUR)
    split_order(late.number, city.community, now=NOW + 3 * HOUR)
    merge_order(late.number, city.community, into_number=third.number, now=NOW + 4 * HOUR)
    joined = (early, late, elsewhere, first, second)
    assert {order_of(each.number).merged_into_id for each in joined} == {third.order_id}

    split_order(first.number, city.community, now=NOW + 5 * HOUR)

    where = [order_of(each.number).merged_into_id for each in (early, late, elsewhere, first, second)]
    assert where == [first.order_id, third.order_id, third.order_id, None, third.order_id]
    assert findings() == []


def test_a_merging_stands_once_the_other_order_was_served_even_when_it_is_reopened(city: City):
    host = accepted(city)
    asker = merged(city, host)
    over = window(3).ends_at + HOUR
    minutes = {city.crew[0]: 90}
    close_order(host.number, city.team, actual=window(3), attendance=9, report="讲完了。", minutes=minutes, now=over)
    with refused("joined_ended", 409):
        split_order(asker.number, city.community, now=over)
    reopen_order(host.number, city.office, text="群众反映没有讲。", now=over)
    with refused("joined_ended", 409):
        split_order(asker.number, city.community, now=over)


def test_a_merging_into_an_order_that_has_ended_stands(city: City):
    host = placed(city)
    asker = merged(city, host)
    reject_order(host.number, city.community, reason="commercial", text="不办推销。", now=NOW)
    with refused("joined_ended", 409):
        split_order(asker.number, city.community, now=NOW)
    restore_order(host.number, city.community, now=NOW)
    assert split_order(asker.number, city.community, now=NOW).status == "placed"
