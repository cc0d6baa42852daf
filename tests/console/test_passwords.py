"""Passwords at the console: the first sign-in, expiry, one's own change, and the way out of a trap."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claviger import Server, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"
NEW = "Battery-Staple-2"
FORCE_MFA = (Path(__file__).resolve().parents[1] / "aws" / "force_mfa.json").read_text()
DAY = 86_400


@pytest.fixture
def user(console: Server) -> str:
    """A user with a password of an administrator's, who may change it."""
    name = f"user-{len(console.aws('iam', 'list-users')['Users'])}"
    console.aws("iam", "create-user", "--user-name", name)
    console.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    arn = "arn:aws:iam::aws:policy/IAMUserChangePassword"
    console.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", arn)
    return name


def chooses(person: Person, old: str, new: str, again: str | None = None) -> None:
    person.fills("Password so far", old)
    person.fills("New password", new)
    person.fills("New password again", again or new)
    person.presses("Change it and go on")


def must_reset(console: Server, name: str) -> None:
    console.aws("iam", "update-login-profile", "--user-name", name, "--password-reset-required")


def test_a_password_set_by_another_is_changed_at_the_first_sign_in(
    person: Person, console: Server, user: str
) -> None:
    must_reset(console, user)
    person.gives_password(user, PASSWORD)
    assert person.at == "/signin/step/password"
    person.finds_no_barrier()
    person.shoots("choose-another-password")
    person.goes("/console")
    assert person.at == "/signin", "half a sign-in opens no page"
    person.gives_password(user, PASSWORD)
    chooses(person, PASSWORD, NEW, "Battery-Staple-3")
    assert person.alarm() == "The two new passwords are not the same."
    chooses(person, "wrong", NEW)
    assert person.alarm() == "The old password was incorrect."
    chooses(person, PASSWORD, "short")
    assert person.alarm() == "Password does not conform to the account password policy."
    chooses(person, PASSWORD, NEW)
    assert person.at == "/console"
    person.signs_out()
    person.gives_password(user, PASSWORD)
    assert "not right" in person.alarm()
    person.signs_in(user, NEW)


def test_who_may_not_change_the_password_is_told_so(person: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "trapped")
    console.aws(
        "iam", "create-login-profile", "--user-name", "trapped", "--password", PASSWORD, "--password-reset-required"
    )
    console.aws(
        "iam", "put-user-policy", "--user-name", "trapped", "--policy-name", "Force_MFA", "--policy-document", FORCE_MFA
    )
    person.gives_password("trapped", PASSWORD)
    chooses(person, PASSWORD, NEW)
    assert "explicit deny in an identity-based policy" in person.alarm()
    person.shoots("change-refused")

    # The way out: a second factor that is demanded comes first, and satisfies the policy.
    console.aws("iam", "update-user", "--user-name", "trapped", "--new-user-name", "freed")
    assert console.operation("SetUserMFADemand", UserName="freed", DemandMFA="true").status == 200
    person.gives_password("freed", PASSWORD)
    assert person.at == "/console/credentials/mfa/new"
    assert "demands a second factor" in person.reads()
    person.finds_no_barrier()
    person.shoots("enrolment")
    for closed in ("/console", "/console/credentials", "/console/access", "/console/credentials/keys/new"):
        person.goes(closed)
        assert person.at == "/console/credentials/mfa/new", closed
    person.assigns("freed")
    assert person.at == "/signin/step/password"
    chooses(person, PASSWORD, NEW)
    assert person.at == "/console"
    assert "with a second factor" in person.reads()


def test_the_own_password_is_changed_by_the_rules_and_ends_other_sessions(
    person: Person, another: Person, console: Server, user: str
) -> None:
    console.aws("iam", "update-account-password-policy", "--minimum-password-length", "12", "--require-symbols")
    another.signs_in(user, PASSWORD)
    person.signs_in(user, PASSWORD)
    person.goes("/console/credentials/password")
    rules = person.reads()
    assert "At least 12 characters" in rules and "A symbol" in rules
    person.finds_no_barrier()
    person.shoots("change-password")
    for old, new, said in (
        ("wrong", NEW, "The old password was incorrect."),
        (PASSWORD, "Short-1", "Password does not conform to the account password policy."),
    ):
        person.fills("Current password", old)
        person.fills("New password", new)
        person.fills("New password again", new)
        person.presses("Change password")
        assert person.alarm() == said
    person.fills("Current password", PASSWORD)
    person.fills("New password", NEW)
    person.fills("New password again", NEW)
    person.presses("Change password")
    assert "has been changed" in person.notice()
    another.goes("/console")
    assert another.at == "/signin"
    console.aws("iam", "delete-account-password-policy")


def test_a_password_that_expires_is_announced_changed_and_hard(person: Person, console: Server, user: str) -> None:
    console.aws("iam", "update-account-password-policy", "--max-password-age", "10")
    person.signs_in(user, PASSWORD)
    assert "Your password expires in" in person.reads()
    person.signs_out()
    console.advance(10 * DAY)
    person.gives_password(user, PASSWORD)
    assert "has expired" in person.reads()
    chooses(person, PASSWORD, NEW)
    assert person.at == "/console"
    person.signs_out()
    console.aws("iam", "update-account-password-policy", "--max-password-age", "10", "--hard-expiry")
    console.advance(10 * DAY)
    person.gives_password(user, NEW)
    assert person.alarm() == "Your password has expired. Ask whoever administers the account to set a new one."
    console.aws("iam", "delete-account-password-policy")


def test_changing_a_factor_asks_for_a_fresh_proof(person: Person, console: Server, user: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*MFA*", "Resource": "*"}}
    console.aws(
        "iam", "put-user-policy", "--user-name", user, "--policy-name", "own", "--policy-document", json.dumps(policy)
    )
    person.signs_in(user, PASSWORD)
    console.advance(601)
    person.goes("/console/credentials/mfa/new")
    assert person.at == "/console/confirm"
    person.finds_no_barrier()
    person.shoots("confirm")
    person.fills("Password", "wrong")
    person.presses("Confirm")
    assert person.alarm() == "That is not right."
    person.fills("Password", PASSWORD)
    person.presses("Confirm")
    assert person.at == "/console/credentials/mfa/new"
    seed = person.assigns(user)
    assert "has been assigned" in person.notice()
    console.advance(601)
    person.goes("/console/credentials/mfa/new")
    assert person.page.get_by_label("Password").count() == 0, "now the device is the proof"
    person.fills("MFA code", totp(seed, console.early_in_step()))
    person.presses("Confirm")
    assert person.at == "/console/credentials/mfa/new"
