"""A process that calls one account as fast as it is let, and may be killed at any moment: python -m tests.caller BASE THREADS.

It says "calling" when its first call is answered, and at the end of its input how its calls were answered.
"""

import os
import random
import sys
import threading
from collections import Counter

from sync_core.clock import SystemClock
from sync_core.http.backoff import HIGH
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.spec.provider import RateSpec
from sync_core.store.database import open_engine
from sync_core.sync.guards import Guards

ACCOUNT = "mailchimp/production/acct_shared"


def main(base: str, threads: int) -> int:
    """Call until the input ends."""
    clock, database, rate = SystemClock(), open_engine(os.environ["DATABASE_URL"]), RateSpec()
    guard = Guards(database, clock=clock).of(ACCOUNT, system="mailchimp/production", rate=rate, simultaneous=10)
    policy = CallPolicy("Mailchimp", "shared/mailchimp", rate, concurrency=threads, timeout=30, patience=HIGH)
    log, over, said = CallLog(), threading.Event(), threading.Event()
    answers: Counter[int] = Counter()
    with open_session(policy, clock=clock, rng=random.Random(1), calls=log, correlation="test", guard=guard) as session:

        def work() -> None:
            while not over.is_set():
                answers[session.get(f"{base}/3.0/ping", auth=("x", "0shared-us19")).status_code] += 1
                if not said.is_set():
                    said.set()
                    sys.stdout.write("calling\n")
                    sys.stdout.flush()

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        sys.stdin.read()
        over.set()
        for worker in workers:
            worker.join()
    sys.stdout.write(f"{answers[200]} {log.snapshot().total.throttles}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
