"""Policies at the console: found, written, checked, versioned, compared, attached, and deleted with what hangs on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from claviger import ACCOUNT, Server
from console.person import Person

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/{name}"


def make(console: Server, name: str) -> str:
    console.aws("iam", "create-policy", "--policy-name", name, "--policy-document", json.dumps(READ))
    return arn(name)


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def test_a_policy_is_found_by_a_part_of_its_name_and_by_its_type(admin: Person, console: Server) -> None:
    make(console, "FindMe")
    admin.goes("/console/policies")
    admin.finds_no_barrier()
    admin.shoots("policies")
    admin.fills("Name contains", "findm")
    admin.page.get_by_label("Type", exact=True).select_option(label="Customer managed")
    admin.presses("Search")
    assert "FindMe" in admin.reads() and "Not used" in admin.reads()
    admin.page.get_by_label("Type", exact=True).select_option(label="AWS managed")
    admin.presses("Search")
    assert "No policy of this type has “findm” in its name." in admin.reads()
    admin.fills("Name contains", "")
    admin.presses("Search")
    admin.follows("Next")
    assert "AWS managed" in admin.reads()


def test_a_policy_is_written_checked_and_made_and_what_was_typed_survives_faults(
    admin: Person, console: Server
) -> None:
    admin.goes("/console/policies")
    admin.follows("Create policy")
    admin.finds_no_barrier()
    admin.fills("Policy document, in JSON", '{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "Alow"}\n}')
    admin.fills("Name", "Written")
    admin.fills("Description", "Reads <everything>")
    admin.fills("Tags", "team = blue\ncost=7")
    admin.presses("Check")
    assert "1 error" in admin.notice()
    line = admin.page.locator(".lines > li").nth(2)
    assert "Error" in line.inner_text(), "the finding stands at its line"
    admin.finds_no_barrier()
    admin.shoots("policy-check")
    admin.presses("Create policy")
    assert admin.alarm()
    assert admin.page.get_by_label("Name", exact=True).input_value() == "Written"
    assert admin.page.get_by_label("Description", exact=True).input_value() == "Reads <everything>"
    assert "Alow" in admin.page.get_by_label("Policy document, in JSON").input_value()
    admin.fills("Policy document, in JSON", json.dumps(READ, indent=2))
    size = len(json.dumps(READ, separators=(",", ":")))
    assert f"{size} of 6144 characters" in admin.reads()
    admin.fills("Name", "Wri tten")
    admin.presses("Create policy")
    assert "The name is not valid." in admin.alarm()
    admin.fills("Name", "Written")
    admin.presses("Create policy")
    assert admin.notice() == "The policy has been created."
    made = console.aws("iam", "get-policy", "--policy-arn", arn("Written"))["Policy"]
    assert made["Description"] == "Reads <everything>"
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {"team": "blue", "cost": "7"}


def test_versions_are_added_compared_put_in_force_and_deleted(admin: Person, console: Server) -> None:
    policy = make(console, "Versions")
    admin.goes(f"/console/policy?arn={policy}")
    admin.follows("Edit")
    admin.finds_no_barrier()
    admin.fills("Policy document, in JSON", json.dumps(WRITE))
    admin.page.get_by_label("Set as default").uncheck()
    admin.presses("Save as a new version")
    assert admin.notice() == "The new version has been saved."
    assert "Document, version v1" in admin.reads()
    admin.page.get_by_role("link", name="Compare v2 with v1").click()
    admin.finds_no_barrier()
    admin.shoots("policy-compare")
    assert admin.page.locator(".diff .gone").all_inner_texts() == ['−       "Action": "s3:PutObject",']
    assert admin.page.locator(".diff .add").all_inner_texts() == ['+       "Action": "s3:GetObject",']
    admin.goes(f"/console/policy?arn={policy}")
    admin.presses("Set v2 as default")
    assert "Document, version v2" in admin.reads() and "s3:PutObject" in admin.reads()
    for _ in range(3):
        console.aws("iam", "create-policy-version", "--policy-arn", policy, "--policy-document", json.dumps(READ))
    admin.follows("Edit")
    assert "one has to go" in admin.reads()
    admin.page.get_by_label("Version to delete").select_option("v3")
    admin.presses("Save as a new version")
    versions = console.aws("iam", "list-policy-versions", "--policy-arn", policy)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v6", "v5", "v4", "v2", "v1"]
    admin.presses("Delete v1")
    assert admin.notice() == "The version has been deleted."
    admin.presses("Delete v2")
    admin.finds_no_barrier()
    admin.shoots("policy")


def test_a_policy_is_attached_tagged_and_deleted_with_what_hangs_on_it(admin: Person, console: Server) -> None:
    policy = make(console, "Hanging")
    console.aws("iam", "create-group", "--group-name", "hangers")
    console.aws("iam", "create-user", "--user-name", "hanger")
    admin.goes(f"/console/policy?arn={policy}")
    admin.fills("Its name", "nobody")
    admin.presses("Attach")
    assert admin.alarm()
    assert admin.page.get_by_label("Its name").input_value() == "nobody"
    admin.fills("Its name", "hangers")
    admin.presses("Attach")
    assert admin.notice() == "The policy has been attached."
    admin.page.get_by_label("Attach to a").select_option("user")
    admin.fills("Its name", "hanger")
    admin.presses("Attach")
    admin.presses("Detach from the user hanger")
    assert admin.notice() == "The policy has been detached."
    admin.fills("Key", "team")
    admin.fills("Value", "blue")
    admin.presses("Set tag")
    admin.presses("Remove the tag team")
    assert admin.notice() == "The tag has been removed."
    console.aws("iam", "put-user-permissions-boundary", "--user-name", "hanger", "--permissions-boundary", policy)
    admin.follows("Delete")
    assert "It is the permissions boundary of the user hanger." in admin.reads()
    console.aws("iam", "delete-user-permissions-boundary", "--user-name", "hanger")
    admin.goes(f"/console/policy/delete?arn={policy}")
    assert "the group hangers" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("policy-delete")
    admin.fills("Type Hanging to confirm", "hanging")
    admin.presses("Delete policy")
    assert admin.alarm() == "Type Hanging to delete it."
    admin.fills("Type Hanging to confirm", "Hanging")
    admin.presses("Delete policy")
    assert admin.notice() == "The policy has been deleted."
    attached = console.aws("iam", "list-attached-group-policies", "--group-name", "hangers")
    assert attached["AttachedPolicies"] == []


def test_each_section_fails_alone(person: Person, console: Server) -> None:
    policy = make(console, "Partly")
    console.aws("iam", "create-user", "--user-name", "partial")
    console.aws("iam", "create-login-profile", "--user-name", "partial", "--password", "Correct-Horse-1")
    allowed = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"], "Resource": "*"}]}
    console.aws("iam", "put-user-policy", "--user-name", "partial", "--policy-name", "p",
                "--policy-document", json.dumps(allowed))
    person.signs_in("partial", "Correct-Horse-1")
    person.goes("/console/policies")
    assert "is not authorized to perform: iam:ListPolicies" in person.reads()
    person.goes(f"/console/policy?arn={policy}")
    assert "s3:GetObject" in person.reads()
    assert "iam:ListEntitiesForPolicy" in person.reads() and "iam:ListPolicyVersions" in person.reads()
    person.fills("Key", "team")
    person.presses("Set tag")
    assert "iam:TagPolicy" in person.alarm()


def test_a_policy_is_checked_made_and_edited_without_scripts(
    browser: Browser, console: Server, tmp_path: Path
) -> None:
    somebody = Person(browser, console, tmp_path, java_script_enabled=False)
    somebody.signs_in_as_root()
    somebody.goes("/console/policies/new")
    somebody.fills("Policy document, in JSON", "{")
    somebody.fills("Name", "Scriptless")
    somebody.presses("Check")
    assert "1 error" in somebody.notice()
    somebody.fills("Policy document, in JSON", json.dumps(READ))
    somebody.presses("Create policy")
    assert somebody.notice() == "The policy has been created."
    somebody.follows("Edit")
    assert '"s3:GetObject"' in somebody.page.get_by_label("Policy document, in JSON").input_value()
    somebody.presses("Save as a new version")
    assert "Document, version v2" in somebody.reads()
    somebody.close()


def test_a_policy_is_told_by_service_access_level_resource_and_condition(admin: Person, console: Server) -> None:
    told = {"Version": "2012-10-17", "Statement": [
        {"Sid": "Look", "Effect": "Allow", "Action": ["iam:Tag*", "iam:Untag*", "iam:GetUser", "iam:Teleport"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::one/*", "arn:aws:s3:::two/*"]},
        {"Effect": "Deny", "NotAction": ["iam:GetUser"], "Resource": "*",
         "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
    ]}
    console.aws("iam", "create-policy", "--policy-name", "Told", "--policy-document", json.dumps(told))
    admin.goes(f"/console/policy?arn={arn('Told')}")
    rows = [" | ".join(row.inner_text().split("\t")) for row in admin.page.locator(".granted tr:has(th[scope=row])").all()]
    assert [" ".join(row.split()) for row in rows] == [
        "All services | Everything but some | All resources | BoolIfExists aws:MultiFactorAuthPresent: false",
        "iam | Full: Tagging Limited: Read | All resources | None",
        "s3 | Not known here | 2 resources | None",
    ]
    assert "iam:Teleport (statement 1)" in admin.reads()
    assert "iam:TagRole" not in admin.reads()
    admin.page.get_by_text("Actions of iam").click()
    assert "iam:TagRole" in admin.reads() and "Statement 1, Look" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("policy-summary")


def test_the_editor_says_what_is_wrong_while_somebody_types(admin: Person) -> None:
    admin.goes("/console/policies/new")
    area = admin.page.get_by_label("Policy document, in JSON")
    area.fill('{\n "Version": "2012-10-17",\n "Statement": {"Effect": "Alow", "Action": "s3:*", "Resource": "*"}\n}')
    there = admin.page.get_by_role("button", name="Line 3")
    there.wait_for()
    assert "There is no Effect `Alow`: write \"Allow\" or \"Deny\"." in admin.reads()
    assert admin.page.locator(".gutter span").all_inner_texts() == ["1", "2", "3", "4"]
    assert admin.page.locator(".gutter .bad").inner_text() == "3"
    admin.finds_no_barrier()
    admin.shoots("policy-editor")
    there.click()
    assert area.evaluate("area => area.value.slice(0, area.selectionStart).split('\\n').length") == 3
    area.fill('{"Version": "2012-10-17",\n}')
    admin.page.get_by_role("button", name="Line 2").wait_for()
    assert "`}` cannot stand here: take away the comma before it" in admin.reads()
    area.fill(json.dumps(READ))
    admin.page.get_by_text("Nothing was found. The document can be saved.").wait_for()
    assert admin.page.get_by_role("button", name="Line").count() == 0


def test_actions_and_condition_keys_are_completed_by_the_keyboard_alone(admin: Person) -> None:
    admin.goes("/console/policies/new")
    area = admin.page.get_by_label("Policy document, in JSON")
    options = admin.page.get_by_role("option")
    area.fill('{"Statement": {"Action": ')
    area.press_sequentially('"iam:creategr')
    options.first.wait_for()
    assert options.all_inner_texts() == ["iam:CreateGroup\nWrite"]
    chosen = area.get_attribute("aria-activedescendant")
    assert admin.page.locator(f"[id='{chosen}']").get_attribute("aria-selected") == "true"
    admin.finds_no_barrier()
    area.press("Enter")
    area.press_sequentially('", "iam:listgroup')
    options.first.wait_for()
    admin.shoots("policy-completion")
    area.press("ArrowDown")
    area.press("Enter")
    assert area.input_value() == '{"Statement": {"Action": "iam:CreateGroup", "iam:ListGroups'
    area.press("Enter")
    area.press_sequentially('"aws:multifactorauthp')
    options.first.wait_for()
    area.press("Escape")
    assert options.count() == 0
    area.press("Control+Space")
    options.first.wait_for()
    area.press("Enter")
    assert area.input_value().endswith('\n"aws:MultiFactorAuthPresent')
    area.fill(" " * 400)
    area.press_sequentially('"iam:creategr')
    assert area.evaluate("area => area.scrollLeft") > 0
    options.first.wait_for()


def test_who_may_not_have_documents_checked_can_still_save_them(person: Person, console: Server) -> None:
    policy = make(console, "Unchecked")
    console.aws("iam", "create-user", "--user-name", "unchecked")
    console.aws("iam", "create-login-profile", "--user-name", "unchecked", "--password", "Correct-Horse-1")
    rules = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:CheckPolicyDocument", "Resource": "*"}]}
    console.aws("iam", "put-user-policy", "--user-name", "unchecked", "--policy-name", "p",
                "--policy-document", json.dumps(rules))
    person.signs_in("unchecked", "Correct-Horse-1")
    person.goes(f"/console/policy?arn={policy}")
    assert "iam:CheckPolicyDocument" in person.reads() and "Document, version v1" in person.reads()
    person.goes("/console/policies/new")
    person.fills("Policy document, in JSON", json.dumps(READ))
    person.page.locator("[data-editor] [aria-live]", has_text="iam:CheckPolicyDocument").wait_for()
    person.presses("Check")
    assert person.notice().startswith("It was not checked.")
    person.fills("Name", "MadeUnchecked")
    person.presses("Create policy")
    assert person.notice() == "The policy has been created."
