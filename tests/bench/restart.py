"""How long a killed daemon takes to answer again: `python -m tests.bench.restart`.

It is killed while a job runs, with a thousand ended jobs in its journal, and started anew; each answer is timed from
the start of the process. Beside it, in the same run: a Python that starts and does nothing, since nothing is faster.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from statistics import median

from tests.crash.estate import Estate, open_estate

STORED, ROUNDS = 1000, 40
BOUND = 1.5  # seconds, for 99 of 100
COPY = """
    INSERT INTO jobs SELECT 'a-' || printf('%026d', :n), correlation_id, owner_uid, owner_name, status, priority,
        created_at, lineage, retry_of, NULL, submitted, recipe, view, tasks, progress
        FROM jobs WHERE job_id = :job;
    INSERT INTO events (job_id, job_seq, type, terminal, data) SELECT 'a-' || printf('%026d', :n), job_seq, type,
        terminal, data FROM events WHERE job_id = :job ORDER BY job_seq;
"""


def store_many(estate: Estate, job_id: str) -> None:
    """The record of one job, as that of many."""
    with closing(sqlite3.connect(estate.state / "journal.sqlite")) as connection:
        for number in range(STORED):
            for statement in filter(str.strip, COPY.split(";")):
                connection.execute(statement, {"n": number, "job": job_id})
        connection.commit()


def answer_after_kill(estate: Estate, number: int) -> float:
    estate.submit(f"# Rain {number}\n\nIt rains for the {number} time tonight.\n")
    time.sleep(0.3)
    estate.kill()
    estate.assert_no_orphans()
    estate.start()
    return estate.wait_up()


def python_alone() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.monotonic() - began


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = arguments.parse_args().rounds
    with open_estate() as estate:
        estate.start()
        estate.wait_up()
        job_id = estate.submit("# Rain\n\nIt rains.\n")
        estate.wait(job_id)
        estate.stop()
        store_many(estate, job_id)
        estate.start()
        estate.wait_up()
        waits = sorted(answer_after_kill(estate, number) for number in range(rounds))
        estate.wait_idle()
        estate.stop()
    nothing = median(python_alone() for _ in range(10))
    figures = {
        "storedJobs": STORED, "rounds": rounds, "medianSeconds": round(median(waits), 3),
        "p99Seconds": round(waits[int(0.99 * rounds) - 1], 3), "bound": BOUND, "pythonAloneSeconds": round(nothing, 3),
        "ratioToPython": round(median(waits) / nothing, 1),
    }  # fmt: skip
    print(json.dumps(figures, indent=2))
    return 0 if figures["p99Seconds"] <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
