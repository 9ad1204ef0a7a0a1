"""What `qtxvol worker` does with notices, in a process that a test can kill: impatient, and nothing else is done.

python -m tests.notices.sending_process <database> <folder> <secret> <host:port of the receiver>
"""

import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from qtxvol import create_app
from qtxvol.channels import sending
from qtxvol.jobs.worker import Deliverer
from qtxvol.notices.timing import Pace
from tests.databases import settings_for

#: A day in half a minute.
PACE = Pace(
    first_wait=timedelta(milliseconds=50),
    longest_wait=timedelta(milliseconds=400),
    most_attempts=50,
    lease=timedelta(seconds=3),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(milliseconds=400),
)


def main(url: str, folder: str, secret: str, host: str) -> None:
    """Look again and again until asked to stop."""
    app = create_app(settings_for(url, Path(folder), secret_key=secret, outgoing_hosts=(host,)))
    deliverer, stopping = Deliverer(app, sending, PACE), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_about: stopping.set())
    while not stopping.wait(0.5):
        deliverer.look()
    deliverer.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
