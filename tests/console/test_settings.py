"""Account settings at the console."""

from __future__ import annotations

import pytest

from claviger import ACCOUNT, Server
from console.person import Person


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    person.goes("/console/settings")
    return person


def test_the_default_password_policy_is_shown_as_such_and_replaced_and_comes_back(
    admin: Person, console: Server
) -> None:
    assert "The default is in force" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("settings")
    admin.fills("Minimum length", "12")
    admin.page.get_by_label("Passwords expire").check()
    admin.fills("After how many days", "60")
    admin.page.get_by_label("Whoever let it expire").check()
    admin.page.get_by_label("Earlier passwords may not come back").check()
    admin.fills("How many are remembered", "24")
    admin.page.get_by_label("Number", exact=True).uncheck()
    admin.presses("Save password policy")
    assert admin.notice() == "The settings have been saved."
    assert console.aws("iam", "get-account-password-policy")["PasswordPolicy"] == {
        "MinimumPasswordLength": 12,
        "RequireSymbols": True,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
        "MaxPasswordAge": 60,
        "PasswordReusePrevention": 24,
        "HardExpiry": True,
    }
    assert not admin.page.get_by_label("Number", exact=True).is_checked()
    admin.page.evaluate("document.getElementById('length').type = 'text'")
    admin.fills("Minimum length", "5")
    admin.presses("Save password policy")
    assert admin.alarm() == "The minimum length must be at least 6."
    assert admin.page.get_by_label("Minimum length").input_value() == "5"
    admin.presses("Back to the default")
    assert admin.notice() == "The default password policy is in force again."
    assert console.refused("iam", "get-account-password-policy").code == "NoSuchEntity"


def test_sign_in_settings_are_saved(admin: Person) -> None:
    admin.page.get_by_label("A passkey will do without a password").check()
    admin.fills("A session lasts, in minutes", "60")
    admin.fills("Unused, in minutes", "10")
    admin.presses("Save sign-in settings")
    assert admin.notice() == "The settings have been saved."
    assert admin.page.get_by_label("A session lasts, in minutes").input_value() == "60"
    assert admin.page.get_by_label("Unused, in minutes").input_value() == "10"
    assert admin.page.get_by_label("A passkey will do without a password").is_checked()


def test_an_alias_is_made_seen_before_it_is_and_taken_away(admin: Person, console: Server) -> None:
    admin.fills("Alias", "blue-team")
    assert "/signin/blue-team" in admin.reads(), "the address is previewed"
    admin.presses("Create alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == ["blue-team"]
    admin.page.evaluate("document.getElementById('alias').removeAttribute('minlength')")
    admin.fills("Alias", "Blue--Team")
    admin.presses("Change alias")
    assert "The alias" in admin.alarm()
    assert admin.page.get_by_label("Alias", exact=True).input_value() == "Blue--Team"
    admin.fills("Alias", "red-team")
    admin.presses("Change alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == ["red-team"]
    admin.presses("Delete alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == []
    assert f"/signin/{ACCOUNT}" in admin.reads()


def test_the_number_of_access_keys_is_set(admin: Person) -> None:
    admin.fills("Access keys of one user at the most", "4")
    admin.presses("Save access key limit")
    assert admin.page.get_by_label("Access keys of one user at the most").input_value() == "4"
