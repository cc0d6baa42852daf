"""Closing the ways in to a user, and opening them again."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from claviger import Keys, Server
from console.person import Person

PASSWORD = "Correct-Horse-1"


@pytest.fixture(scope="module", autouse=True)
def users(console: Server) -> None:
    aws = console.aws
    for name in ("admin", "closed"):
        aws("iam", "create-user", "--user-name", name)
        aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "admin", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")


def test_an_administrator_disables_a_user_and_says_which_ways_are_open(
    person: Person, another: Person, console: Server
) -> None:
    key = console.client("iam").create_access_key(UserName="closed")["AccessKey"]
    keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    another.signs_in("closed", PASSWORD)
    person.signs_in("admin", PASSWORD)
    person.goes("/console/users/closed?tab=credentials")
    person.finds_no_barrier()
    person.shoots("user-access")
    person.presses("Disable user")
    assert "The user is disabled" in person.reads()
    person.finds_no_barrier()
    person.shoots("user-access-disabled")
    another.goes("/console")
    assert another.at == "/signin", "the session has ended"
    another.gives_password("closed", PASSWORD)
    assert "not right" in another.alarm()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        console.client("sts", keys).get_caller_identity()
    console.advance(11)
    person.goes("/console/users?show=disabled")
    assert person.page.locator("tbody th").all_inner_texts() == ["closed"]

    person.goes("/console/users/closed?tab=credentials")
    person.presses("Enable user")
    console.client("sts", keys).get_caller_identity()
    person.page.get_by_label("While enabled, the user comes in").select_option("programmatic")
    person.presses("Save ways in")
    another.gives_password("closed", PASSWORD)
    assert "not right" in another.alarm()
    person.page.get_by_label("While enabled, the user comes in").select_option("default")
    person.presses("Save ways in")
    another.signs_in("closed", PASSWORD)
    person.fills("Description", "the night shift <of all>")
    person.presses("Save description")
    assert "description" in person.alarm()
    person.fills("Description", "the night shift")
    person.presses("Save description")
    assert person.page.locator("#description").input_value() == "the night shift"


def test_nobody_disables_oneself(person: Person) -> None:
    person.signs_in("admin", PASSWORD)
    person.goes("/console/users/admin?tab=credentials")
    person.presses("Disable user")
    assert "Nobody opens or closes the own ways in" in person.alarm()
