"""The ways this service says no. Each is a sentence for a clerk, never an error page.

`Refused` carries a code (stable, for tests and the API) and the HTTP status that fits; the wording for a
page stands in `web/errors.py`.
"""

from typing import Any


class NotFound(Exception):
    """No such thing, or one whose existence is not the asker's to know (404)."""


class Refused(Exception):
    """The thing exists, the asker may know of it, and the answer is no.

    :param code: short and stable: `wrong_status`, `wrong_party`, `person_busy` ...
    :param status: 403 not yours to do, 409 not possible from here, 422 badly filled.
    :param about: what the sentence needs: `winner`, `field`, `name` ...
    """

    def __init__(self, code: str, status: int = 409, **about: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.about = about
