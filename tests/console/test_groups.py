"""User groups at the console: made with members and policies, changed, and deleted with what hangs on them."""

from __future__ import annotations

import json

import pytest

from claviger import Server
from console.person import Person

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def members(console: Server, group: str) -> list[str]:
    return [user["UserName"] for user in console.aws("iam", "get-group", "--group-name", group)["Users"]]


def policies(console: Server, group: str) -> list[str]:
    listed = console.aws("iam", "list-attached-group-policies", "--group-name", group)
    return [policy["PolicyName"] for policy in listed["AttachedPolicies"]]


def test_a_group_is_made_with_members_and_policies(admin: Person, console: Server) -> None:
    for name in ("ada", "bob", "cleo"):
        console.aws("iam", "create-user", "--user-name", name)
    admin.goes("/console/groups")
    assert "There is no group yet." in admin.reads()
    admin.follows("Create group")
    admin.finds_no_barrier()
    admin.fills("Group name", "Writers")
    admin.page.get_by_label("ada").check()
    admin.fills("Search users", "cle")
    admin.page.get_by_role("button", name="Search").first.click()
    assert admin.page.get_by_label("ada").is_checked(), "what was ticked stays ticked"
    assert admin.page.get_by_label("Group name").input_value() == "Writers"
    admin.page.get_by_label("cleo").check()
    admin.fills("Search policies", "ReadOnly")
    admin.page.get_by_role("button", name="Search").last.click()
    admin.page.get_by_role("checkbox", name="IAMReadOnlyAccess").check()
    admin.shoots("group-new")
    admin.presses("Create group")
    assert admin.notice() == "The group has been created."
    assert members(console, "Writers") == ["ada", "cleo"]
    assert policies(console, "Writers") == ["IAMReadOnlyAccess"]
    admin.goes("/console/groups/new")
    admin.fills("Group name", "writers")
    admin.presses("Create group")
    assert "already exists" in admin.alarm()


def test_ticks_made_before_a_new_search_survive_it(admin: Person, console: Server) -> None:
    console.aws("iam", "create-group", "--group-name", "EC2MFA")
    console.aws("iam", "create-policy", "--policy-name", "Force_MFA", "--policy-document", json.dumps(READ))
    admin.goes("/console/groups?search=ec2")
    admin.follows("EC2MFA")
    admin.follows("Attach policies")
    admin.fills("Search policies", "EC2Full")
    admin.presses("Search for policies")
    admin.page.get_by_role("checkbox", name="AmazonEC2FullAccess").check()
    admin.fills("Search policies", "Force")
    admin.presses("Search for policies")
    admin.page.get_by_role("checkbox", name="Force_MFA").check()
    assert admin.page.get_by_role("checkbox", name="AmazonEC2FullAccess").is_checked()
    admin.finds_no_barrier()
    admin.shoots("group-attach")
    admin.presses("Attach policies")
    assert policies(console, "EC2MFA") == ["AmazonEC2FullAccess", "Force_MFA"]
    admin.follows("Attach policies")
    admin.presses("Attach policies")
    assert admin.alarm() == "Tick what to attach."


def test_a_group_is_changed_in_all_its_parts(admin: Person, console: Server) -> None:
    console.aws("iam", "create-group", "--group-name", "Changing")
    admin.goes("/console/group?name=Changing")
    admin.follows("Add users")
    admin.page.get_by_label("bob").check()
    admin.presses("Add users")
    assert admin.notice() == "They are members now." and members(console, "Changing") == ["bob"]
    admin.follows("Add inline policy")
    admin.fills("Name", "Own")
    admin.fills("Policy document, in JSON", '{"Version": "2012-10-17"')
    admin.presses("Save")
    assert admin.alarm() and admin.page.get_by_label("Name", exact=True).input_value() == "Own"
    admin.finds_no_barrier()
    admin.fills("Policy document, in JSON", json.dumps(READ))
    admin.presses("Save")
    assert admin.notice() == "The inline policy has been saved."
    admin.follows("Add inline policy")
    admin.fills("Name", "Own")
    admin.fills("Policy document, in JSON", json.dumps(READ))
    admin.presses("Save")
    assert "The group has a policy Own already." in admin.alarm()
    admin.goes("/console/group?name=Changing")
    admin.page.get_by_role("link", name="Edit Own").click()
    assert "s3:GetObject" in admin.page.get_by_label("Policy document, in JSON").input_value()
    admin.fills("Policy document, in JSON", json.dumps(READ).replace("Get", "Put"))
    admin.presses("Save")
    saved = console.aws("iam", "get-group-policy", "--group-name", "Changing", "--policy-name", "Own")
    assert saved["PolicyDocument"]["Statement"][0]["Action"] == "s3:PutObject"
    admin.presses("Demand a second factor")
    assert admin.page.get_by_text("Demanded", exact=True).is_visible()
    admin.finds_no_barrier()
    admin.shoots("group")
    admin.presses("Demand none")
    assert admin.page.get_by_text("Not demanded", exact=True).is_visible()
    admin.fills("Group name", "Changed")
    admin.presses("Rename")
    assert admin.notice() == "The group has its new name."
    admin.presses("Delete Own")
    admin.presses("Remove bob")
    assert members(console, "Changed") == []


def test_a_group_is_deleted_with_what_hangs_on_it(admin: Person, console: Server) -> None:
    console.aws("iam", "create-group", "--group-name", "Doomed")
    console.aws("iam", "add-user-to-group", "--group-name", "Doomed", "--user-name", "ada")
    console.aws("iam", "attach-group-policy", "--group-name", "Doomed",
                "--policy-arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    console.aws("iam", "put-group-policy", "--group-name", "Doomed", "--policy-name", "Own",
                "--policy-document", json.dumps(READ))
    admin.goes("/console/groups")
    admin.finds_no_barrier()
    admin.shoots("groups")
    admin.follows("Doomed")
    admin.follows("Delete")
    for name in ("ada", "IAMReadOnlyAccess", "Own"):
        assert name in admin.reads()
    admin.finds_no_barrier()
    admin.fills("Type Doomed to confirm", "Doom")
    admin.presses("Delete group")
    assert admin.alarm() == "Type Doomed to delete it."
    admin.fills("Type Doomed to confirm", "Doomed")
    admin.presses("Delete group")
    assert admin.notice() == "The group has been deleted."
    assert "Doomed" not in [group["GroupName"] for group in console.aws("iam", "list-groups")["Groups"]]
