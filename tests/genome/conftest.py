"""Fixtures of the tests that read text files."""

import gzip

import pytest


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text or bytes to a file, gzipped where its name ends in .gz."""

    def write(content, name="table"):
        content = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write
