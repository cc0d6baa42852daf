"""Roles at the console: made, trusted, given policies, and deleted with what hangs on them."""

from __future__ import annotations

import json

import pytest

from claviger import ACCOUNT, Server
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
    admin.presses("Search")
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
