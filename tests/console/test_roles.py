"""Roles at the console: made, trusted, given policies, and deleted with what hangs on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from claviger import ACCOUNT, Keys, Server
from console.person import Person

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def role(console: Server) -> dict[str, object]:
    return console.aws("iam", "get-role", "--role-name", "Deployer")["Role"]


def test_a_role_is_made_changed_and_deleted(admin: Person, console: Server) -> None:
    admin.goes("/console/roles")
    assert "There is no role yet." in admin.reads()
    admin.follows("Create role")
    admin.finds_no_barrier()
    admin.page.get_by_role("radio", name="A trust policy").check()
    blank = admin.page.get_by_label("Trust policy, in JSON").input_value()
    admin.fills("Trust policy, in JSON", json.dumps(READ, indent=1))
    admin.fills("Name", "Deployer")
    admin.fills("Description", "Deploys")
    admin.fills("Longest session, in minutes", "120")
    admin.presses("Check")
    assert "error" in admin.notice(), "a trust policy names a principal"
    admin.presses("Create role")
    assert admin.alarm()
    assert admin.page.get_by_label("Name", exact=True).input_value() == "Deployer"
    admin.fills("Trust policy, in JSON", blank)
    admin.presses("Create role")
    assert admin.notice() == "The role has been created."
    made = role(console)
    assert made["MaxSessionDuration"] == 7_200 and made["Description"] == "Deploys"
    assert made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}

    admin.follows("Edit trust policy")
    admin.finds_no_barrier()
    admin.fills("Trust policy, in JSON", blank.replace('"Allow"', '"Deny"'))
    admin.presses("Save")
    assert admin.notice() == "The trust policy has been saved."
    assert role(console)["AssumeRolePolicyDocument"]["Statement"][0]["Effect"] == "Deny"

    admin.follows("Attach policies")
    admin.fills("Search policies", "ec2full")
    admin.presses("Search for policies")
    admin.page.get_by_role("checkbox", name="AmazonEC2FullAccess").check()
    admin.presses("Attach policies")
    admin.follows("Add inline policy")
    admin.fills("Name", "Own")
    admin.fills("Policy document, in JSON", json.dumps(READ))
    admin.presses("Save")
    assert admin.notice() == "The inline policy has been saved."
    admin.fills("Longest session, in minutes", "600")
    admin.fills("Description", "")
    admin.presses("Save")
    assert role(console)["MaxSessionDuration"] == 36_000
    admin.fills("Key", "team")
    admin.presses("Set tag")
    assert role(console)["Tags"] == [{"Key": "team", "Value": ""}]
    admin.finds_no_barrier()
    admin.shoots("role")
    admin.goes("/console/roles?search=dep")
    admin.finds_no_barrier()
    admin.shoots("roles")
    admin.follows("Deployer")

    admin.follows("Delete")
    assert "AmazonEC2FullAccess" in admin.reads() and "Own" in admin.reads()
    admin.finds_no_barrier()
    admin.fills("Type Deployer to confirm", "Deployer")
    admin.presses("Delete role")
    assert admin.notice() == "The role has been deleted."
    assert console.refused("iam", "get-role", "--role-name", "Deployer").code == "NoSuchEntity"


def test_the_trust_policy_is_written_from_what_is_chosen(admin: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "operator", "--path", "/staff/")

    def made(name: str) -> dict[str, object]:
        admin.fills("Name", name)
        admin.presses("Create role")
        assert admin.notice() == "The role has been created."
        document = console.aws("iam", "get-role", "--role-name", name)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = document["Statement"]
        assert statement.pop("Effect") == "Allow" and statement.pop("Action") == "sts:AssumeRole"
        return statement

    admin.goes("/console/roles/new")
    assert not admin.page.get_by_label("Service", exact=True).is_visible()
    admin.shoots("role-new")
    admin.fills("Account ID", "1111-2222-3333")
    admin.fills("External ID", "o\"dd")
    admin.fills("Name", "ForPartners")
    admin.presses("Create role")
    assert "The external ID is not valid." in admin.alarm()
    admin.fills("External ID", "partner-7")
    admin.page.get_by_label("Require MFA").check()
    assert made("ForPartners") == {
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "partner-7"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    assert "Account 111122223333" in admin.reads()

    admin.goes("/console/roles/new")
    admin.page.get_by_role("radio", name="A user or role").check()
    admin.finds_no_barrier()
    admin.fills("Name of the user or role", "nobody")
    admin.fills("Name", "ForOperator")
    admin.presses("Create role")
    assert "nobody" in admin.alarm()
    assert admin.page.get_by_role("radio", name="A user or role").is_checked()
    admin.fills("Name of the user or role", "operator")
    assert made("ForOperator") == {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/staff/operator"}}

    admin.goes("/console/roles/new")
    admin.page.get_by_role("radio", name="A service").check()
    admin.fills("Service", "ec2.amazonaws.com")
    assert made("ForMachines") == {"Principal": {"Service": "ec2.amazonaws.com"}}
    admin.goes("/console/roles")
    assert "user/staff/operator" in admin.reads() and "ec2.amazonaws.com" in admin.reads()
    assert "Last activity" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("roles-trusted")


def test_a_role_is_given_policies_and_a_boundary_at_once_and_later(admin: Person, console: Server) -> None:
    for name in ("Fence", "Wall"):
        console.aws("iam", "create-policy", "--policy-name", name, "--policy-document", json.dumps(READ))

    def bound() -> object:
        return console.aws("iam", "get-role", "--role-name", "Bounded")["Role"].get("PermissionsBoundary")

    def fence(name: str) -> dict[str, str]:
        return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/{name}"}

    admin.goes("/console/roles/new")
    admin.fills("Name", "Bounded")
    admin.fills("Search policies", "fence")
    admin.presses("Search for policies")
    admin.page.get_by_role("checkbox", name="Fence").check()
    admin.fills("Policy that bounds it", "Nothing")
    admin.presses("Create role")
    assert "policy/Nothing" in admin.alarm()
    assert admin.page.get_by_role("checkbox", name="Fence").is_checked()
    admin.fills("Policy that bounds it", "Fence")
    admin.presses("Create role")
    assert admin.notice() == "The role has been created."
    attached = console.aws("iam", "list-attached-role-policies", "--role-name", "Bounded")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["Fence"]
    assert bound() == fence("Fence")
    admin.fills("Policy that bounds it", f"arn:aws:iam::{ACCOUNT}:policy/Wall")
    admin.presses("Change boundary")
    assert admin.notice() == "The permissions boundary is set."
    assert bound() == fence("Wall")
    admin.finds_no_barrier()
    admin.shoots("role-bounded")
    admin.presses("Remove boundary")
    assert admin.notice() == "The permissions boundary has been removed."
    assert bound() is None
    admin.presses("Set boundary")
    assert admin.alarm() == "Name a policy."


def test_who_deletes_a_role_is_warned_when_it_was_used_lately(admin: Person, console: Server) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/Nightly"
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}]}
    take = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}]}
    iam = console.client("iam")
    iam.create_role(RoleName="Nightly", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_user(UserName="job")
    iam.put_user_policy(UserName="job", PolicyName="take", PolicyDocument=json.dumps(take))
    admin.goes("/console/role/delete?name=Nightly")
    assert "It was never used." in admin.reads()
    job = Keys.of(iam.create_access_key(UserName="job")["AccessKey"])
    taken = console.aws("sts", "assume-role", "--role-arn", arn, "--role-session-name", "night", keys=job)
    console.aws("sts", "get-caller-identity", keys=Keys.of(taken["Credentials"]))
    admin.goes("/console/role/delete?name=Nightly")
    assert "It was used within the last 24 hours" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("role-delete-in-use")
    admin.goes("/console/bulk?do=delete-roles&item=Nightly")
    assert "In use: last used" in admin.reads()
    console.advance(2 * 86_400)
    admin.signs_in_as_root()
    admin.goes("/console/role/delete?name=Nightly")
    assert "It was used within the last 30 days: 2 days ago." in admin.reads()
    console.advance(30 * 86_400)
    admin.signs_in_as_root()
    admin.goes("/console/role/delete?name=Nightly")
    assert "It was last used 32 days ago." in admin.reads()
    assert "within the last" not in admin.reads()


def test_a_role_is_made_without_scripts(browser: Browser, console: Server, tmp_path: Path) -> None:
    somebody = Person(browser, console, tmp_path, java_script_enabled=False)
    somebody.signs_in_as_root()
    somebody.goes("/console/roles/new")
    somebody.page.get_by_role("radio", name="A service").check()
    somebody.fills("Service", "lambda.amazonaws.com")
    somebody.fills("Name", "Scriptless")
    somebody.presses("Create role")
    assert somebody.notice() == "The role has been created."
    assert "lambda.amazonaws.com" in somebody.reads()
    somebody.close()
