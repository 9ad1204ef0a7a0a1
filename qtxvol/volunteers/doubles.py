"""Two rows, one person? Finding probable doubles, merging them, taking a merge back.

A merged row keeps its hours, certificates and document; it only points at the row that the person goes on with, always
directly. Undoing restores exactly what was: so a merge can be undone while its surviving row stands on its own, and
merges that were built upon it are undone first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.extensions import db
from qtxvol.hours.ledger import list_overlaps
from qtxvol.paging import Page, select_page
from qtxvol.privacy.models import Erasure
from qtxvol.refusals import NotFound
from qtxvol.storage import transaction
from qtxvol.volunteers.events import actor_name, tell
from qtxvol.volunteers.models import DistinctPair, Merge, Team, Volunteer
from qtxvol.volunteers.refuse import check_reason, refuse


@dataclass(frozen=True, slots=True)
class Double:
    """Two rows that look like one person.

    :ivar suggested: the one to go on with: verified before others, then with a document, then the older.
    :ivar same: what they share besides the name: `phone`, `birth`.
    """

    suggested: Volunteer
    other: Volunteer
    suggested_team: str
    other_team: str
    same: tuple[str, ...]


def find_doubles(page: int = 1) -> Page[Double]:
    """Pairs with the same name and the same phone or birth date that nobody has judged yet; three statements."""
    found = select_page(_pairs(), page)
    ids = {volunteer_id for row in found.rows for volunteer_id in row}
    rows = db.session.execute(
        select(Volunteer, Team.name).outerjoin(Team, Team.id == Volunteer.team_id).where(Volunteer.id.in_(ids))
    )
    known = {person.id: (person, team or "") for person, team in rows}
    pairs = [_as_double(known[low], known[high]) for low, high in found.rows]
    return Page(pairs, found.total, found.number, found.pages)


def count_doubles() -> int:
    """How many pairs wait for a decision."""
    return db.session.scalar(select(func.count()).select_from(_pairs().order_by(None).subquery())) or 0


def _pairs() -> Select[int, int]:
    low, high = aliased(Volunteer), aliased(Volunteer)
    judged = exists().where(DistinctPair.low_id == low.id, DistinctPair.high_id == high.id)
    return (
        select(low.id, high.id)
        .join(
            high,
            and_(
                high.name == low.name,
                high.id > low.id,
                or_(high.phone_digest == low.phone_digest, high.birth_on == low.birth_on),
            ),
        )
        .where(low.status != "merged", high.status != "merged", ~judged)
        .order_by(low.id, high.id)
    )


def _as_double(one: tuple[Volunteer, str], two: tuple[Volunteer, str]) -> Double:
    first, second = sorted((one, two), key=lambda each: _rank(each[0]))
    a, b = first[0], second[0]
    same = (
        *(["phone"] if a.phone_digest and a.phone_digest == b.phone_digest else []),
        *(["birth"] if a.birth_on and a.birth_on == b.birth_on else []),
    )
    return Double(a, b, first[1], second[1], same)


def _rank(person: Volunteer) -> tuple[bool, bool, int]:
    return (person.status != "verified", person.id_number_digest is None, person.id)


def merge_volunteers(actor: Actor, survivor_id: int, merged_id: int, now: datetime, reason: str) -> int:
    """From now on both rows are one person, who goes on with the survivor.

    :return: the merge's id, for undoing it.
    :raise NotFound: one of them is not there.
    :raise Refused: `wrong_party` (403); `invalid` (409) one of them is merged already; `invalid` (422) the merged row
        is verified and the survivor is not (a checked person must not drop out of the count), or no reason;
        `invalid` (409) their hours overlap: one of them can't be true.
    """
    check_office(actor)
    reason = check_reason(reason)
    if survivor_id == merged_id:
        refuse("survivor", "请选两条不同的登记。", "Choose two different rows.")
    with transaction():
        rows = _lock_rows(survivor_id, merged_id)
        survivor, merged = rows[survivor_id], rows[merged_id]
        if "merged" in (survivor.status, merged.status):
            refuse("", "其中一条已经合并过了。", "One of them has been merged already.", 409)
        if merged.status == "verified" and survivor.status != "verified":
            refuse(
                "survivor",
                "请保留已核验的那一条。",
                "Go on with the verified row.",
            )
        followers = db.session.scalars(
            select(Volunteer).where(Volunteer.merged_into_id == merged_id).order_by(Volunteer.id).with_for_update()
        ).all()
        _check_hours(survivor_id, merged_id)
        merge = Merge(
            survivor_id=survivor_id,
            merged_id=merged_id,
            before={
                "status": merged.status,
                "team_role": merged.team_role,
                "followers": [each.id for each in followers],
            },
            merged_at=now,
        )
        db.session.add(merge)
        tell(merged_id, "merge", actor, now, was=merged.status, became=survivor.number, reason=reason)
        tell(survivor_id, "merge", actor, now, became=merged.number, reason=reason)
        for row in (merged, *followers):
            row.merged_into_id = survivor_id
        merged.status, merged.team_role = "merged", None
        db.session.flush()
        return merge.id


def _check_hours(survivor_id: int, merged_id: int) -> None:
    """One person was never in two places at once: hours that overlap are corrected first."""
    rows = db.session.scalars(select(Volunteer.id).where(Volunteer.person_id().in_((survivor_id, merged_id))))
    if overlaps := list_overlaps(rows):
        first, second = overlaps[0]
        refuse(
            "",
            f"两条登记在同一时间都有服务时长（单号 {first} 和 {second}），不可能是同一个人做的。请先更正一条。",
            f"Both rows have hours at the same time (orders {first} and {second}). Please correct one of them first.",
            409,
        )


def undo_merge(actor: Actor, merge_id: int, now: datetime) -> bool:
    """The two rows are two people again, as they were.

    :return: False when it was undone already.
    :raise NotFound: no such merge.
    :raise Refused: `wrong_party` (403); `invalid` (409) the survivor was merged itself since: undo that first; the
        person's data was erased since; or the survivor was verified since by the other row's document.
    """
    check_office(actor)
    with transaction():
        merge = db.session.get(Merge, merge_id)
        if merge is None:
            raise NotFound(merge_id)
        rows = _lock_rows(merge.survivor_id, merge.merged_id)
        db.session.refresh(merge, with_for_update=True)  # under the rows' locks: nobody else undoes it now
        if merge.undone_at is not None:
            return False
        survivor, merged = rows[merge.survivor_id], rows[merge.merged_id]
        if merged.merged_into_id != survivor.id:
            _refuse_later(survivor)
        _check_undoable(survivor, merged, merge)
        role = merge.before["team_role"]
        is_free = role is None or not db.session.scalar(
            select(exists().where(Volunteer.team_id == merged.team_id, Volunteer.team_role == role))
        )
        merged.status, merged.merged_into_id = merge.before["status"], None
        merged.team_role = role if is_free else None
        for follower in db.session.scalars(
            select(Volunteer)
            .where(Volunteer.id.in_(merge.before["followers"]), Volunteer.merged_into_id == survivor.id)
            .with_for_update()
        ):
            follower.merged_into_id = merged.id
        merge.undone_at = now
        tell(merged.id, "undo_merge", actor, now, was=survivor.number, became=merged.status)
        tell(survivor.id, "undo_merge", actor, now, was=merged.number)
        return True


def _check_undoable(survivor: Volunteer, merged: Volunteer, merge: Merge) -> None:
    """Undoing must not bring somebody back who is erased, nor leave anybody verified without a document."""
    if db.session.scalar(select(exists().where(Erasure.volunteer_id.in_((survivor.id, merged.id))))):
        refuse(
            "",
            "本人的个人信息已经删除，不能再拆开。",
            "The person's data was erased since: there is nobody left to tell apart.",
            409,
        )
    is_since = survivor.verified_at is not None and survivor.verified_at > merge.merged_at
    if is_since and survivor.status in ("verified", "paused") and not survivor.id_number_digest:
        refuse(
            "",
            f"保留的那一条（{survivor.number}）是合并后凭另一条的证件核验的。请先给它录入自己的证件，再撤销合并。",
            f"The row that was kept ({survivor.number}) was verified since by the other row's document. Write down its "
            "own document first.",
            409,
        )


def _refuse_later(survivor: Volunteer) -> NoReturn:
    refuse(
        "",
        f"保留的那一条（{survivor.number}）后来也合并了，请先撤销后来的合并。",
        f"The row that was kept ({survivor.number}) was merged itself since: undo that first.",
        409,
    )


def dismiss_double(actor: Actor, one_id: int, two_id: int, now: datetime) -> bool:
    """They are two people; the pair is not shown again.

    :return: False when that was said already.
    :raise NotFound: one of them is not there.
    :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    low, high = sorted((one_id, two_id))
    with transaction():
        if len(_lock_rows(low, high)) < 2:
            raise NotFound((low, high))
        if db.session.get(DistinctPair, (low, high)):
            return False
        db.session.add(DistinctPair(low_id=low, high_id=high, actor_name=actor_name(actor), at=now))
        return True


def _lock_rows(*ids: int) -> dict[int, Volunteer]:
    """In one order, so that two clerks never wait for each other.

    :raise NotFound: one of them is not there.
    """
    rows = db.session.scalars(
        select(Volunteer).where(Volunteer.id.in_(ids)).order_by(Volunteer.id).with_for_update()
    ).all()
    found = {row.id: row for row in rows}
    for volunteer_id in ids:
        if volunteer_id not in found:
            raise NotFound(volunteer_id)
    return found


def list_merges(volunteer_id: int | None = None, limit: int = 50) -> Sequence[Any]:
    """Rows of (Merge, the survivor, the merged row), newest first: of one person, or the latest of all."""
    survivor, merged = aliased(Volunteer), aliased(Volunteer)
    statement = (
        select(Merge, survivor, merged)
        .join(survivor, survivor.id == Merge.survivor_id)
        .join(merged, merged.id == Merge.merged_id)
        .order_by(Merge.id.desc())
        .limit(limit)
    )
    if volunteer_id is not None:
        statement = statement.where(or_(Merge.survivor_id == volunteer_id, Merge.merged_id == volunteer_id))
    return db.session.execute(statement).all()
