"""A local server whose faults are tried again without a pause."""

import asyncio
import time

import pytest
from local_server import serving


@pytest.fixture
def server(monkeypatch):
    pause = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds, *rest: pause(0, *rest))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with serving() as server:
        yield server
