"""Fixtures of the black-box tests: a fresh server for each file, or for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from claviger import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a file."""
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    running.close()


@pytest.fixture(scope="module")
def timed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a file, whose clock the tests move."""
    running = Server(tmp_path_factory.mktemp("server"), moves_time=True).start()
    yield running
    running.close()


@pytest.fixture
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Makes servers that are not started yet; whatever still runs at the end of the test is ended."""
    made: list[Server] = []

    def make(**options: Any) -> Server:
        made.append(Server(tmp_path_factory.mktemp("server"), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
