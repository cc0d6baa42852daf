"""The console in a browser that runs no script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from claviger import Server, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"
NEW = "Battery-Staple-2"


@pytest.fixture
def plain(browser: Browser, console: Server, tmp_path: Path) -> Iterator[Person]:
    somebody = Person(browser, console, tmp_path, java_script_enabled=False)
    yield somebody
    somebody.close()


def test_a_device_a_password_and_a_key_need_no_script(plain: Person, console: Server) -> None:
    aws = console.aws
    aws("iam", "create-user", "--user-name", "plain")
    aws("iam", "create-login-profile", "--user-name", "plain", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "plain", "--policy-arn", "arn:aws:iam::aws:policy/IAMFullAccess")
    plain.signs_in("plain", PASSWORD)
    seed = plain.assigns("plain")
    assert "has been assigned" in plain.notice()
    plain.signs_out()
    console.advance(30)
    plain.gives_password("plain", PASSWORD)
    plain.fills("MFA code", totp(seed, console.early_in_step()))
    plain.presses("Go on")
    assert "with a second factor" in plain.reads()

    plain.goes("/console/credentials/password")
    plain.fills("Current password", PASSWORD)
    plain.fills("New password", NEW)
    plain.fills("New password again", NEW)
    plain.presses("Change password")
    assert "has been changed" in plain.notice()
    plain.follows("Create access key")
    plain.presses("Create and show")
    key = plain.page.inner_text("#key-id code")
    held = aws("iam", "list-access-keys", "--user-name", "plain")["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in held] == [key]
