"""How the office edits wordings: change one, go back to the words that came with the service, look who changed what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.extensions import db
from qtxvol.notices.kinds import KINDS, NoticeKind
from qtxvol.notices.seeds import FAMILIES, Template, WordingKey, get_seed, list_keys
from qtxvol.notices.variables import LOCALES, examples, fill, find_fault, list_variables, plain_braces
from qtxvol.notices.wording_models import Wording, WordingEdit
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_SUBJECT = 80
LONGEST = {"short": 300, "long": 3000}
#: A text message of so many characters is sent, and paid, as one.
ONE_SMS = 70


@dataclass(frozen=True, slots=True)
class WordingView:
    """One wording as the office sees it. :ivar version: 0 while the words are those that came with the service."""

    key: WordingKey
    template: Template
    version: int = 0

    @property
    def is_edited(self) -> bool:
        return self.version > 0


def get_kind(code: str, audience: str) -> NoticeKind:
    """The kind that has words for this sort of reader.

    :raise NotFound: no such kind, or nobody of that sort gets it.
    """
    if not any(key.kind == code and key.audience == audience for key in list_keys()):
        raise NotFound(code)
    return KINDS[code]


def list_wordings(code: str, audience: str) -> dict[tuple[str, str], WordingView]:
    """All wordings of one kind for one sort of reader, by family and language; one statement.

    :raise NotFound: as `get_kind`.
    """
    get_kind(code, audience)
    edited = {
        (row.family, row.locale): row
        for row in db.session.scalars(select(Wording).where(Wording.kind == code, Wording.audience == audience))
    }
    return {
        (family, locale): _view(WordingKey(code, audience, family, locale), edited.get((family, locale)))
        for family in FAMILIES
        for locale in LOCALES
    }


def list_edited() -> set[tuple[str, str]]:
    """Kind and sort of reader of every wording that the office has edited; one statement."""
    return {(kind, audience) for kind, audience in db.session.execute(select(Wording.kind, Wording.audience))}


def list_history(code: str, audience: str) -> Sequence[WordingEdit]:
    """Who changed these wordings, the newest first."""
    return db.session.scalars(
        select(WordingEdit)
        .where(WordingEdit.kind == code, WordingEdit.audience == audience)
        .order_by(WordingEdit.id.desc())
        .limit(50)
    ).all()


def check_template(key: WordingKey, subject: str, text: str) -> Template:
    """The wording as it will be kept.

    :raise Refused: `invalid` (422) with `field`.
    """
    kind, is_mail = KINDS[key.kind], key.family == "long"
    subject = " ".join(plain_braces(subject).split())
    text = "\n".join(line.rstrip() for line in plain_braces(text).replace("\r\n", "\n").strip().split("\n"))
    if not is_mail:
        text = " ".join(text.split())
    for field, words, longest in (("subject", subject, LONGEST_SUBJECT), ("text", text, LONGEST[key.family])):
        if not words:
            _refuse(
                field,
                "这一项不能空着；要用原来的话，请点“恢复原样”。",
                "This can't stay empty; “Reset” brings the first words back.",
            )
        if len(words) > longest:
            over = len(words) - longest
            _refuse(
                field, f"最多 {longest} 个字，请删去 {over} 个。", f"At most {longest} characters: {over} too many."
            )
        if fault := find_fault(words, kind, is_mail=is_mail and field == "text"):
            _refuse(field, fault.zh, fault.en)
    return Template(subject, text)


def edit_wording(actor: Actor, key: WordingKey, *, subject: str, text: str, seen_version: int, now: datetime) -> bool:
    """Say it in the office's own words from now on.

    :param seen_version: what the page showed; 0 for the words that came with the service.
    :return: False when nothing was changed. Words like those that came with the service are a reset.
    :raise NotFound: no such wording.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`; `wording_changed` (409): somebody else has
        changed it since.
    """
    check_office(actor)
    get_kind(key.kind, key.audience)
    template = check_template(key, subject, text)
    try:
        return _edit(actor, key, template, seen_version, now)
    except IntegrityError:  # PostgreSQL: somebody else's first edit was faster by a hair
        raise Refused("wording_changed", 409, field="text") from None
    except _Changed:
        raise Refused("wording_changed", 409, field="text") from None


class _Changed(Exception):
    """It is not what the page showed any more."""


def _edit(actor: Actor, key: WordingKey, template: Template, seen_version: int, now: datetime) -> bool:
    with transaction():
        row = _lock(key)
        if template == (Template(row.subject, row.text) if row else get_seed(key)):
            return False
        if (row.version if row else 0) != seen_version:
            raise _Changed
        if template == get_seed(key):
            db.session.delete(row)
            _note(actor, key, "reset", template, now)
        elif row is None:
            version = _next_version(key)
            words = {"subject": template.subject, "text": template.text}
            db.session.add(Wording(**_columns(key), **words, version=version, edited_at=now))
            _note(actor, key, "edit", template, now)
        else:
            row.subject, row.text, row.edited_at = template.subject, template.text, now
            row.version += 1
            _note(actor, key, "edit", template, now)
    return True


def reset_wordings(actor: Actor, code: str, audience: str, now: datetime) -> bool:
    """Back to the words that came with the service, in both lengths and languages.

    :return: False when nothing had been edited.
    :raise NotFound: as `get_kind`. :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    get_kind(code, audience)
    with transaction():
        rows = db.session.scalars(
            select(Wording).where(Wording.kind == code, Wording.audience == audience).with_for_update()
        ).all()
        for row in rows:
            key = WordingKey(row.kind, row.audience, row.family, row.locale)
            db.session.delete(row)
            _note(actor, key, "reset", get_seed(key), now)
        return bool(rows)


def preview(key: WordingKey, template: Template) -> Template:
    """The wording with the values of an invented order."""
    known = {each.name for each in list_variables(KINDS[key.kind], is_mail=key.family == "long")}
    values = examples(key.locale, known)
    return Template(fill(template.subject, values, key.locale), fill(template.text, values, key.locale))


def length_beside_link(key: WordingKey, template: Template) -> int:
    """How many characters a text message has besides its link, for the invented order."""
    bare = template.text.replace("{link}", "").replace("{answer_link}", "")
    return len(preview(key, Template(template.subject, bare)).text)


def _view(key: WordingKey, row: Wording | None) -> WordingView:
    if row is None:
        return WordingView(key, get_seed(key))
    return WordingView(key, Template(row.subject, row.text), row.version)


def _lock(key: WordingKey) -> Wording | None:
    return db.session.get(Wording, (key.kind, key.audience, key.family, key.locale), with_for_update=True)


def _next_version(key: WordingKey) -> int:
    """Every change counts, resets too: a page from before a reset never fits what was written after it."""
    changes = select(func.count(WordingEdit.id)).filter_by(**_columns(key))
    return (db.session.scalar(changes) or 0) + 1


def _columns(key: WordingKey) -> dict[str, str]:
    return {"kind": key.kind, "audience": key.audience, "family": key.family, "locale": key.locale}


def _note(actor: Actor, key: WordingKey, action: str, template: Template, now: datetime) -> None:
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    db.session.add(
        WordingEdit(
            **_columns(key),
            action=action,
            subject=template.subject,
            text=template.text,
            by_account_id=actor.account_id,
            by_name=actor.name[:64],
            at=now,
        )
    )


def _refuse(field: str, zh: str, en: str) -> None:
    raise Refused("invalid", 422, field=field, message=zh, message_en=en)
