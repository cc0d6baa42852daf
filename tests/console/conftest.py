"""Fixtures of the browser tests: one Chromium for all, a fresh profile for each test, a server for each file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from claviger import Server
from console.person import ROOT_EMAIL, ROOT_PASSWORD, Person

CHROMIUM = os.environ.get("CLAVIGER_TEST_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose clock the tests move, reached by the name that browsers trust on the machine itself."""
    root = {"CLAVIGER_ROOT_EMAIL": ROOT_EMAIL, "CLAVIGER_ROOT_PASSWORD": ROOT_PASSWORD}
    running = Server(tmp_path_factory.mktemp("server"), moves_time=True, env=root).start()
    yield running
    running.close()


@pytest.fixture
def person(browser: Browser, console: Server, tmp_path: Path) -> Iterator[Person]:
    """Somebody with a browser of their own."""
    somebody = Person(browser, console, tmp_path)
    yield somebody
    somebody.close()


@pytest.fixture
def another(browser: Browser, console: Server, tmp_path: Path) -> Iterator[Person]:
    """Somebody else."""
    somebody = Person(browser, console, tmp_path)
    yield somebody
    somebody.close()
