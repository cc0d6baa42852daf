"""Acting as a role: by the link, with a display name and a colour, and back."""

from __future__ import annotations

import json

from claviger import ACCOUNT, Server
from console.person import Person

PASSWORD = "Correct-Horse-1"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
ASSUME = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:GetRole", "iam:List*Role*"], "Resource": "*"}]}


def prepares(console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "switcher")
    console.aws("iam", "create-login-profile", "--user-name", "switcher", "--password", PASSWORD)
    console.aws("iam", "put-user-policy", "--user-name", "switcher", "--policy-name", "assume",
                "--policy-document", json.dumps(ASSUME))
    console.aws("iam", "create-role", "--role-name", "deploy", "--path", "/operations/",
                "--assume-role-policy-document", json.dumps(TRUST))
    console.aws("iam", "attach-role-policy", "--role-name", "deploy",
                "--policy-arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")


def test_a_person_acts_as_a_role_and_switches_back(person: Person, console: Server) -> None:
    prepares(console)
    person.signs_in("switcher", PASSWORD)
    assert person.goes("/console/users") == 200
    assert "not authorized to perform: iam:ListUsers" in person.reads()

    person.goes("/console/role?name=deploy")
    person.finds_no_barrier()
    person.page.get_by_role("link", name="Switch role", exact=True).last.click()
    assert person.at == "/console/switch-role"
    assert person.page.get_by_label("Account", exact=True).input_value() == ACCOUNT
    assert person.page.get_by_label("Role", exact=True).input_value() == "operations/deploy"
    person.fills("Role", "deploy")
    person.presses("Switch role")
    assert f"is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{ACCOUNT}:role/deploy" in person.alarm()
    person.finds_no_barrier()
    person.shoots("switch-role-refused")
    person.fills("Role", "operations/deploy")
    person.fills("Display name, if you like", "Production")
    person.page.get_by_role("radio", name="Red").check()
    person.shoots("switch-role")
    person.presses("Switch role")

    assert person.notice() == "You act as the role now, until you switch back."
    banner = person.page.get_by_role("region", name="Role", exact=True)
    assert "Production" in banner.inner_text() and f"operations/deploy @ {ACCOUNT}" in banner.inner_text()
    person.finds_no_barrier()
    person.shoots("acting-as-a-role")
    assert person.goes("/console/users") == 200
    assert "not authorized" not in person.reads() and "switcher" in person.reads()
    person.goes("/console/access")
    assert "as the role operations/deploy" in person.reads()
    row = person.page.locator('tr[data-action="iam:ListUsers"]').inner_text()
    assert "Allowed" in row
    assert "Not allowed" in person.page.locator('tr[data-action="sts:AssumeRole"]').inner_text()
    person.finds_no_barrier()

    person.goes("/console/credentials/password")
    assert "belong to you, switcher" in person.reads()
    person.finds_no_barrier()
    person.shoots("own-while-acting")
    person.presses("Switch back and go there")
    assert person.at == "/console/credentials/password"
    assert person.page.get_by_role("region", name="Role", exact=True).count() == 0

    names = {event["EventName"] for event in console.client("cloudtrail").lookup_events()["Events"]}
    assert {"AssumeRole", "SwitchRole", "ExitRole"} <= names


def test_the_end_of_a_role_is_told(person: Person, console: Server) -> None:
    person.signs_in("switcher", PASSWORD)
    for colour in ("Orange", "Green", "Blue", "Purple"):
        person.goes(f"/console/switch-role?account={ACCOUNT}&roleName=operations%2Fdeploy")
        person.page.get_by_role("radio", name=colour).check()
        person.presses("Switch role")
        person.finds_no_barrier()
    # Not so long that the person's own session is over for lack of use.
    console.advance(1_800)
    person.goes("/console")
    console.advance(1_800)
    person.goes("/console/users")
    assert person.at == "/console"
    assert person.notice() == "Your time as the role is over, or the role has gone. You act as yourself again."
    assert "Welcome, switcher" in person.reads()


def test_root_is_told_why_not(person: Person) -> None:
    person.signs_in_as_root()
    person.goes("/console/switch-role")
    assert "The root user cannot act as a role." in person.reads()
    person.finds_no_barrier()
