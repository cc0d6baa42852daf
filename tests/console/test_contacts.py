"""Where people are reached: e-mail addresses and mobile numbers."""

from __future__ import annotations

import json
import re
import time

import pytest

from claviger import Server
from console.person import ROOT_EMAIL, Person

PASSWORD = "Correct-Horse-1"


@pytest.fixture(scope="module", autouse=True)
def users(console: Server) -> None:
    aws = console.aws
    for name in ("reached", "helped"):
        aws("iam", "create-user", "--user-name", name)
        aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "reached", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")


@pytest.fixture
def me(person: Person) -> Person:
    person.signs_in("reached", PASSWORD)
    return person


def message(server: Server, to: str, pattern: str) -> re.Match[str]:
    """The newest message to the address whose text matches, once it is there: without a mail server they are files."""
    for _ in range(200):
        for path in sorted((server.data / "outbox").glob("*.json"), reverse=True):
            letter = json.loads(path.read_text())
            found = re.search(pattern, letter["text"])
            if letter["to"] == to and found:
                return found
        time.sleep(0.1)
    raise AssertionError(f"no message to {to} says {pattern}")


def code(server: Server, to: str) -> str:
    return message(server, to, r"^(\d{6}) is your code")[1]


def test_a_person_verifies_an_address_and_a_number_and_removes_them(me: Person, console: Server) -> None:
    me.goes("/console/credentials")
    me.follows("E-mail and mobile")
    me.finds_no_barrier()
    me.shoots("contacts-own")
    me.fills("E-mail address", "reached at example.com")
    me.page.locator("form:has(#email)").evaluate("form => form.noValidate = true")
    me.page.locator("form:has(#email)").get_by_role("button", name="Send a code").click()
    assert "e-mail address" in me.alarm()
    assert me.page.locator("#email").input_value() == "reached at example.com"
    me.fills("E-mail address", "reached@example.com")
    me.page.locator("form:has(#email)").get_by_role("button", name="Send a code").click()
    me.finds_no_barrier()
    me.shoots("contacts-code")
    right = code(console, "reached@example.com")
    me.fills("Code", "000000" if right != "000000" else "111111")
    me.presses("Verify")
    assert me.alarm() == "The code is not valid. Ask for a new one."
    me.fills("Code", right)
    me.presses("Verify")
    assert me.notice() == "Verified: this is where you are reached from now on."
    me.follows("E-mail and mobile")
    me.fills("Mobile number", "+49 151 12345678")
    me.page.locator("form:has(#mobile)").get_by_role("button", name="Send a code").click()
    me.fills("Code", code(console, "+49-15112345678"))
    me.presses("Verify")
    me.follows("E-mail and mobile")
    assert "reached@example.com\nVerified" in me.reads().replace(" ", "\n")
    assert "+49-15112345678" in me.reads()
    me.shoots("contacts-verified")
    # Whoever takes the address away does so under its eyes.
    me.page.locator("form:has(#email)").get_by_role("button", name="Remove").click()
    assert me.notice() == "Removed."
    message(console, "reached@example.com", "An e-mail address of yours was removed")
    me.follows("E-mail and mobile")
    me.page.locator("form:has(#mobile)").get_by_role("button", name="Remove").click()
    assert me.notice() == "Removed."


def test_an_administrator_sets_a_users_addresses_which_are_nobody_elses(me: Person, console: Server) -> None:
    me.goes("/console/users/helped?tab=credentials")
    me.follows("Show and change")
    me.finds_no_barrier()
    me.shoots("contacts-of-user")
    me.fills("E-mail address", ROOT_EMAIL)
    me.page.locator("form:has(#email)").get_by_role("button", name="Save").click()
    assert me.alarm() == "The e-mail address is in use already."
    me.fills("E-mail address", "helped@example.com")
    me.page.locator("form:has(#email)").get_by_role("button", name="Save").click()
    assert me.notice() == "Saved. It is not verified yet."
    message(console, "helped@example.com", "An e-mail address of yours was set")
    me.follows("Show and change")
    assert "Not verified" in me.reads()
    me.page.locator("form:has(#email)").get_by_role("button", name="Remove").click()
    assert me.notice() == "Removed."


def test_without_permission_the_page_says_what_is_missing(person: Person) -> None:
    person.signs_in("helped", PASSWORD)
    assert person.goes("/console/credentials/contacts") == 200
    assert "iam:GetContacts" in person.reads()
    person.fills("Mobile number", "+49 151 12345679")
    person.page.locator("form:has(#mobile)").get_by_role("button", name="Send a code").click()
    assert "iam:RequestContactCode" in person.alarm()
