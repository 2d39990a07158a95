"""Request IDs: that they differ, and the filter that puts them into records."""

import logging
import os
from contextvars import copy_context

import pytest

from treadle_server import RequestIdFilter
from treadle_server._core.request_ids import CURRENT_REQUEST_ID, new_request_id


def test_ids_differ() -> None:
    made = [new_request_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_ids_of_its_own() -> None:
    new_request_id()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, new_request_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 100).decode()
    for end in (reading, writing):
        os.close(end)
    assert len(theirs) == 32
    assert theirs not in {new_request_id() for _ in range(300)}


def test_the_filter() -> None:
    record = logging.makeLogRecord({})
    assert RequestIdFilter().filter(record)
    assert vars(record)["request_id"] == "-"
    context = copy_context()
    context.run(CURRENT_REQUEST_ID.set, "mine")
    record = logging.makeLogRecord({})
    assert context.run(RequestIdFilter().filter, record)
    assert vars(record)["request_id"] == "mine"
    # That of the access log stays.
    record = logging.makeLogRecord({"request_id": "theirs"})
    assert context.run(RequestIdFilter().filter, record)
    assert vars(record)["request_id"] == "theirs"
