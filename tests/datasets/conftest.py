"""A local server whose faults are tried again without a pause."""

import pytest
from local_server import serving


@pytest.fixture
def server(pauses):
    with serving() as server:
        yield server
