"""The threads of delivery end whenever they are told to, also while the interpreter does."""

from __future__ import annotations

import subprocess
import sys

from tests.servers import ROOT
from tests.waiting import WITHIN_S

ENDING = """
import concurrent.futures, threading, time
from subscriptions.threads import DatabaseThreads

def end_while_the_interpreter_does():
    while not concurrent.futures.thread._shutdown:
        time.sleep(0.01)
    threads._close()
    print("ended")

threads = DatabaseThreads("test", 2)
threading.Thread(target=end_while_the_interpreter_does).start()
"""
HALFWAY = """
import asyncio
from subscriptions.threads import DatabaseThreads

threads = DatabaseThreads("test", 2)
submit = threads._executor.submit
taken = []

def takes_one(work):
    if taken:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")
    taken.append(submit(work))

threads._executor.submit = takes_one
asyncio.run(threads.close())
print("ended")
"""


def output_of(program: str) -> str:
    """It must end by itself."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_threads_end_in_an_interpreter_that_takes_no_more_work() -> None:
    assert output_of(ENDING) == "ended\n"


def test_a_thread_that_was_told_to_end_does_not_wait_for_others_that_cannot_be_told() -> None:
    assert output_of(HALFWAY) == "ended\n"
