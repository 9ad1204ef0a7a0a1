"""gettext with types. Source strings are Chinese; the English catalogue is in `qtxvol/translations/en`."""

from typing import Any

import flask_babel
from flask import has_request_context, session

#: What a person may choose; the first is the default.
LANGUAGES = ("zh", "en")
_LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


def _(text: str, /, **values: Any) -> str:
    """The text in the page's language, with `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values))


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """The form that fits `num`, which stands in the text as `%(num)d`."""
    return str(flask_babel.ngettext(one, many, num, **values))


def _l(text: str, /, **values: Any) -> Any:
    """Like `_`, but translated when it is shown: for form labels, which are made at import."""
    return flask_babel.lazy_gettext(text, **values)


def current_language() -> str:
    """`zh` or `en`, as the person chose; Chinese until then, whatever the phone's makers set."""
    chosen = session.get("language") if has_request_context() else None
    return str(chosen) if chosen in LANGUAGES else LANGUAGES[0]


def current_locale() -> str:
    """For Babel."""
    return _LOCALES[current_language()]
