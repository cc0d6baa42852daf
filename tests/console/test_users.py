"""Administering users, as a person does it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser

from claviger import ACCOUNT, Keys, Server, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"
CHANGE_PASSWORD = "arn:aws:iam::aws:policy/IAMUserChangePassword"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW_S3 = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture(scope="module", autouse=True)
def admin(console: Server) -> str:
    """Somebody who may do everything, a group, and enough users for two pages."""
    aws = console.aws
    aws("iam", "create-user", "--user-name", "admin")
    aws("iam", "create-login-profile", "--user-name", "admin", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "admin", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    iam = console.client("iam")
    for group in ("builders", "readers"):
        iam.create_group(GroupName=group)
    iam.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
    for number in range(60):
        iam.create_user(UserName=f"robot-{number:02}", Path="/robots/")
    return "admin"


@pytest.fixture
def at_users(person: Person) -> Person:
    person.signs_in("admin", PASSWORD)
    return person


def attached(console: Server, name: str) -> set[str]:
    listed = console.client("iam").list_attached_user_policies(UserName=name)
    return {policy["PolicyArn"] for policy in listed["AttachedPolicies"]}


def shown_once(person: Person) -> str:
    return person.page.locator("#secret code").inner_text()


def test_the_list_shows_what_to_look_for_and_finds_users(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    key = iam.create_access_key(UserName="robot-07")["AccessKey"]["AccessKeyId"]
    iam.add_user_to_group(UserName="robot-07", GroupName="builders")
    person.goes("/console")
    person.follows("Users")
    assert "Users (61)" in person.reads()
    rows = person.page.locator("tbody tr")
    assert rows.count() == 50
    row = rows.filter(has=person.page.get_by_role("link", name="robot-07", exact=True))
    for said in ("1", "None", "Disabled", key, "Active, 0 days"):
        assert said in row.inner_text()
    person.finds_no_barrier()
    person.shoots("users")
    person.follows("Next")
    assert rows.count() == 11
    person.follows("First page")
    for wanted, names in ((key, ["robot-07"]), ("OT-5", [f"robot-5{n}" for n in range(10)]), ("nobody-here", [])):
        person.page.get_by_label("User name or access key ID").fill(wanted)
        person.presses("Search")
        assert person.page.locator("tbody th").all_inner_texts() == names
    assert "No user fits" in person.reads()


def names(person: Person) -> list[str]:
    return person.page.locator("tbody th").all_inner_texts()


def test_columns_are_chosen_and_stay_and_the_whole_list_is_sorted_and_narrowed(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    iam.create_user(UserName="zoe")
    iam.create_login_profile(UserName="zoe", Password=PASSWORD)
    iam.add_user_to_group(UserName="zoe", GroupName="readers")
    person.goes("/console/users?search=zoe")
    headings = person.page.locator("thead th")
    assert "User ID" not in headings.all_inner_texts()
    person.page.locator("summary", has_text="Columns").click()
    person.finds_no_barrier()
    person.shoots("users-columns")
    person.page.get_by_label("MFA", exact=True).uncheck()
    for column in ("Path", "User ID", "ARN", "Created", "Last sign-in", "Signing certificates", "Active key age", "Key last used"):
        person.page.get_by_label(column, exact=True).check()
    person.presses("Show these")
    assert names(person) == ["zoe"], "the search stays"
    assert "MFA" not in headings.all_inner_texts()
    row = person.page.locator("tbody tr")
    for said in (iam.get_user(UserName="zoe")["User"]["UserId"], f"arn:aws:iam::{ACCOUNT}:user/zoe", "Enabled without MFA", "0 days", "Never"):
        assert said in row.inner_text(), said
    row.locator("summary").click()
    assert row.get_by_role("link", name="readers").is_visible()
    person.goes("/console/users")
    assert "User ID" in headings.all_inner_texts(), "the choice stays"
    person.finds_no_barrier()

    person.follows("User name")
    assert names(person)[0] == "zoe"
    assert person.page.locator("th[aria-sort=descending]").inner_text().startswith("User name")
    person.follows("Created")
    assert names(person)[0] == "zoe", "the latest first"
    person.follows("Created")
    assert names(person)[0] == "admin"
    person.follows("Next")
    assert names(person)[-1] == "zoe"
    person.page.get_by_label("Show", exact=True).select_option("With a password, without MFA")
    person.presses("Search")
    assert names(person) == ["admin", "zoe"]
    assert "All users" not in person.page.locator("h2").all_inner_texts()
    person.page.get_by_label("Show", exact=True).select_option("Password older than 90 days")
    person.presses("Search")
    assert "There is none of these users." in person.reads()


def test_who_may_not_read_the_report_sees_users_by_name(another: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_user(UserName="looker")
    iam.create_login_profile(UserName="looker", Password=PASSWORD)
    statement = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    iam.put_user_policy(UserName="looker", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    another.signs_in("looker", PASSWORD)
    another.goes("/console/users?search=ot-5")
    assert names(another) == [f"robot-5{n}" for n in range(10)]
    another.follows("User name")
    assert "iam:GetCredentialReport" in another.reads()
    assert names(another)[0] == "robot-50"


def test_a_user_is_created_with_a_drawn_password_and_changes_it(at_users: Person, another: Person, console: Server) -> None:
    person = at_users
    person.goes("/console/users")
    person.follows("Create user")
    person.finds_no_barrier()
    person.fills("User name", "no such name!")
    person.fills("Path", "/staff/")
    person.page.get_by_label("builders").check()
    person.page.get_by_label("Search policies", exact=True).first.fill("SecurityAudit")
    person.presses("Search for policies")
    person.page.get_by_label(re.compile(r"^SecurityAudit\b")).check()
    person.fills("Key 1", "team")
    person.fills("Value 1", "blue")
    person.presses("Review")
    assert "The user name is not valid." in person.alarm()
    # Nothing that was typed is lost.
    person.fills("User name", "admin")
    person.presses("Review")
    assert "already exists" in person.alarm()
    person.fills("User name", "alice")
    person.page.get_by_label("Bound the user by a policy").check()
    person.presses("Review")
    assert person.alarm() == "Choose the policy that bounds the user."
    person.page.get_by_label("Search boundaries", exact=True).fill("AdministratorAcc")
    person.presses("Search for boundaries")
    person.page.get_by_role("radio", name=re.compile(r"^AdministratorAccess\b")).check()
    person.presses("Review")
    for said in ("alice", "/staff/", "builders", "SecurityAudit", "IAMUserChangePassword", "AdministratorAccess", "team", "blue"):
        assert said in person.reads(), said
    assert "could not sign in" not in person.reads(), "this boundary lets everything through"
    assert "alice" not in [user["UserName"] for user in console.client("iam").list_users()["Users"]], "nothing is made yet"
    person.finds_no_barrier()
    person.shoots("user-review")
    person.presses("Back")
    assert person.page.get_by_label("User name").input_value() == "alice"
    person.presses("Review")
    person.presses("Create user")
    assert "alice has been created" in person.reads()
    assert "IAMUserChangePassword was attached" in person.reads()
    person.finds_no_barrier()
    person.shoots("user-created")
    password = shown_once(person)
    # Nobody leaves it by accident; once it has been taken, nothing asks any more.
    asked: list[str] = []
    person.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    person.follows("To alice")
    person.page.wait_for_timeout(500)
    assert asked == ["beforeunload"] and shown_once(person) == password
    with person.page.expect_download() as waited:
        person.presses("Download .csv")
    kept = Path(waited.value.path()).read_text()
    assert kept == f'User name,Password,Console sign-in URL\n"alice","{password}","http://localhost:{console.port}/signin/{ACCOUNT}"\n'
    letter = person.page.get_by_role("link", name="E-mail sign-in instructions").get_attribute("href") or ""
    assert letter.startswith("mailto:") and "alice" in letter and password not in unquote(letter)
    iam = console.client("iam")
    user = iam.get_user(UserName="alice")["User"]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == "arn:aws:iam::aws:policy/AdministratorAccess"
    assert (user["Path"], user["Tags"]) == ("/staff/", [{"Key": "team", "Value": "blue"}])
    assert attached(console, "alice") == {CHANGE_PASSWORD, "arn:aws:iam::aws:policy/SecurityAudit"}
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="alice")["Groups"]] == ["builders"]
    person.follows("To alice")
    person.page.wait_for_url("**/console/users/alice")
    assert asked == ["beforeunload"]
    another.gives_password("alice", password)
    assert another.at == "/signin/step/password"
    another.fills("Password so far", password)
    another.fills("New password", PASSWORD)
    another.fills("New password again", PASSWORD)
    another.presses("Change it and go on")
    assert another.at == "/console"
    # Who may look and not touch is told so where the button was.
    another.goes("/console/users/robot-01?tab=tags")
    another.fills("Key 1", "mine")
    another.presses("Save tags")
    assert "iam:TagUser" in another.alarm()
    assert another.page.get_by_label("Key 1").input_value() == "mine"


def test_a_boundary_that_would_trap_a_new_user_is_warned_of(at_users: Person, another: Person, console: Server) -> None:
    person = at_users
    console.client("iam").create_policy(PolicyName="s3-at-most", PolicyDocument=ALLOW_S3)
    person.goes("/console/users/~new")
    person.fills("User name", "stuck")
    person.page.get_by_label("Bound the user by a policy").check()
    person.page.locator("summary", has_text="Choose the policy").click()
    person.page.get_by_label("Search boundaries", exact=True).fill("s3-at-most")
    person.presses("Search for boundaries")
    person.page.get_by_role("radio", name=re.compile(r"^s3-at-most\b")).check()
    person.presses("Review")
    assert "does not let stuck change the password" in person.reads()
    person.finds_no_barrier()
    person.shoots("user-review-trapped")
    # Who is not made to choose a password is not trapped.
    person.presses("Back")
    person.page.get_by_label(re.compile("must choose a new password")).uncheck()
    person.presses("Review")
    assert "could not sign in" not in person.reads()
    person.presses("Back")
    person.page.get_by_label(re.compile("must choose a new password")).check()
    person.presses("Review")
    person.presses("Create user")
    assert "does not let stuck change the password" in person.alarm()
    password = shown_once(person)
    another.gives_password("stuck", password)
    another.fills("Password so far", password)
    another.fills("New password", PASSWORD)
    another.fills("New password again", PASSWORD)
    another.presses("Change it and go on")
    assert "permissions boundary" in another.alarm()
    assert "Another try will not help" in another.reads()
    another.finds_no_barrier()
    another.shoots("change-refused-by-boundary")
    # What the warning said is what helps.
    console.client("iam").put_user_permissions_boundary(
        UserName="stuck", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    another.fills("Password so far", password)
    another.fills("New password", PASSWORD)
    another.fills("New password again", PASSWORD)
    another.presses("Change it and go on")
    assert another.at == "/console"


def test_a_refused_password_makes_no_user(at_users: Person, console: Server) -> None:
    person = at_users
    person.goes("/console/users/~new")
    person.fills("User name", "weak")
    person.page.get_by_label("Use one of my own").check()
    person.presses("Review")
    person.fills("Password", "aaa")
    person.presses("Create user")
    assert person.alarm()
    assert person.page.get_by_label("Password", exact=True).input_value() == "", "it is typed again"
    assert "aaa" not in person.page.content()
    person.presses("Back")
    assert person.page.get_by_label("User name").input_value() == "weak"
    assert person.page.get_by_label("Use one of my own").is_checked()
    users = console.client("iam").list_users(PathPrefix="/")["Users"]
    assert "weak" not in [user["UserName"] for user in users]


def test_a_user_is_made_like_another(at_users: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_user(UserName="model", PermissionsBoundary=READ_ONLY)
    iam.put_user_policy(UserName="model", PolicyName="s3", PolicyDocument=ALLOW_S3)
    iam.add_user_to_group(UserName="model", GroupName="readers")
    person = at_users
    person.goes("/console/users/~new")
    person.fills("User name", "double")
    person.page.get_by_label("Can sign in to the console").uncheck()
    person.fills("Copy from", "model")
    person.presses("Review")
    for said in ("The same as", "readers", "Inline, copied", READ_ONLY):
        assert said in person.reads(), said
    person.presses("Create user")
    assert "double has been created" in person.reads()
    assert "Disabled" in person.reads()
    assert iam.list_user_policies(UserName="double")["PolicyNames"] == ["s3"]
    assert iam.get_user(UserName="double")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    assert iam.list_groups_for_user(UserName="double")["Groups"][0]["GroupName"] == "readers"


def test_permissions_come_and_go(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    person.goes("/console/users/robot-10")
    person.follows("Attach policies")
    person.presses("Attach policies")
    assert person.alarm() == "Tick what to attach."
    person.page.get_by_label("Search policies", exact=True).first.fill("ReadOnlyAccess")
    person.presses("Search for policies")
    person.page.get_by_label(re.compile(r"^ReadOnlyAccess\b")).check()
    person.page.get_by_label("Search policies", exact=True).first.fill("SecurityAudit")
    person.presses("Search for policies")
    assert person.page.get_by_label(re.compile(r"^ReadOnlyAccess\b")).is_checked()
    person.page.get_by_label(re.compile(r"^SecurityAudit\b")).check()
    person.presses("Attach policies")
    assert person.notice() == "The policies are attached."
    assert len(attached(console, "robot-10")) == 2
    person.presses("Detach SecurityAudit")
    assert attached(console, "robot-10") == {READ_ONLY}

    person.follows("Create inline policy")
    person.fills("Policy name", "s3")
    person.fills("Policy document, in JSON", '{"Version": "2012-10-17"')
    person.presses("Save policy")
    assert person.alarm()
    assert person.page.get_by_label("Policy document, in JSON").input_value() == '{"Version": "2012-10-17"'
    person.fills("Policy document, in JSON", ALLOW_S3)
    person.presses("Save policy")
    assert person.notice() == "The inline policy has been saved."
    assert iam.get_user_policy(UserName="robot-10", PolicyName="s3")["PolicyDocument"] == json.loads(ALLOW_S3)
    person.follows("Edit s3")
    assert json.loads(person.page.get_by_label("Policy document, in JSON").input_value()) == json.loads(ALLOW_S3)

    person.goes("/console/users/robot-10")
    person.follows("Set boundary")
    person.page.get_by_label("Search boundaries", exact=True).fill("ReadOnlyAccess")
    person.presses("Search for boundaries")
    person.page.get_by_label(re.compile(r"^ReadOnlyAccess\b")).check()
    person.presses("Set boundary")
    assert person.notice() == "The permissions boundary is set."
    assert iam.get_user(UserName="robot-10")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY

    person.follows("Groups")
    person.follows("Add to groups")
    person.page.get_by_label("readers").check()
    person.presses("Add to groups")
    assert person.notice() == "Added to the groups."
    person.goes("/console/users/robot-10")
    assert "ReadOnlyAccess" in person.page.locator("section", has_text="Through groups").inner_text()
    person.finds_no_barrier()
    person.shoots("user-permissions")
    person.follows("Remove boundary")
    person.presses("Remove boundary")
    person.follows("Delete s3")
    person.presses("Delete policy")
    assert iam.list_user_policies(UserName="robot-10")["PolicyNames"] == []
    person.follows("Groups")
    person.finds_no_barrier()
    person.presses("Remove from readers")
    assert iam.list_groups_for_user(UserName="robot-10")["Groups"] == []


def test_tags_are_edited_as_one(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    iam.tag_user(UserName="robot-11", Tags=[{"Key": "Team", "Value": "red"}, {"Key": "stage", "Value": "test"}])
    person.goes("/console/users/robot-11?tab=tags")
    person.finds_no_barrier()
    person.fills("Value 1", "green") if person.page.get_by_label("Key 1").input_value() == "Team" else person.fills("Value 2", "green")
    stage = 1 if person.page.get_by_label("Key 1").input_value() == "stage" else 2
    person.fills(f"Key {stage}", "")
    person.fills("Key 3", "cost centre")
    person.fills("Value 3", "42")
    person.presses("Save tags")
    assert person.notice() == "The tags have been saved."
    tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName="robot-11")["Tags"]}
    assert tags == {"Team": "green", "cost centre": "42"}
    person.fills("Key 3", "no<such>key")
    person.presses("Save tags")
    assert "The key of a tag" in person.alarm()
    assert person.page.get_by_label("Key 3").input_value() == "no<such>key"


def test_credentials_are_administered(at_users: Person, another: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    name = "robot-12"
    person.goes(f"/console/users/{name}?tab=credentials")
    person.follows("Enable console access")
    person.page.get_by_label("Use this one").check()
    person.fills("Password", PASSWORD)
    person.page.get_by_label("The user must choose a new password").uncheck()
    person.presses("Enable console access")
    assert f"{name} can sign in" in person.reads()
    assert PASSWORD not in person.page.content()
    assert attached(console, name) == set()
    another.signs_in(name, PASSWORD)
    seed_policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*MFADevice*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="mfa", PolicyDocument=json.dumps(seed_policy))
    seed = another.assigns("phone")

    person.goes(f"/console/users/{name}?tab=credentials")
    assert "Enabled" in person.page.locator("section[aria-labelledby=console]").inner_text()
    person.presses("Demand a second factor")
    assert "needs a second factor from the next sign-in on" in person.notice()
    person.follows("Resync phone")
    person.fills("First code", "000000")
    person.fills("The code after it", "000001")
    person.presses("Resync")
    assert person.alarm()
    console.advance(120)
    now = console.early_in_step()
    person.fills("First code", totp(seed, now, -1))
    person.fills("The code after it", totp(seed, now))
    person.presses("Resync")
    assert person.notice() == "The MFA device is in step again."

    person.follows("Create access key")
    person.presses("Create and show")
    key = person.page.locator("dd code").first.inner_text()
    secret = shown_once(person)
    me = console.client("sts", Keys(key, secret)).get_caller_identity()
    assert me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/robots/{name}"
    person.follows("Done")
    assert secret not in person.page.content()
    public = rsa.generate_private_key(65_537, 2_048).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    ssh = iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=public)["SSHPublicKey"]["SSHPublicKeyId"]
    service = iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")["ServiceSpecificCredential"]
    person.goes(f"/console/users/{name}?tab=credentials")
    person.finds_no_barrier()
    person.fits_a_phone()
    person.shoots("user-credentials")
    for one in (key, ssh, service["ServiceSpecificCredentialId"]):
        person.presses(f"Deactivate {one}")
        assert person.page.get_by_role("button", name=f"Activate {one}", exact=True).is_visible()
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"][0]["Status"] == "Inactive"
    person.presses(f"Activate {key}")
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Active"
    person.presses(f"Reset the secret of {service['ServiceSpecificCredentialId']}")
    assert shown_once(person) != service["ServicePassword"]
    person.follows("Done")
    person.follows(f"Delete {key}")
    assert "It was last used" in person.reads()
    person.finds_no_barrier()
    person.shoots("access-key-delete")
    # One that is active is deactivated first, or along with it if the person says so, and its ID is typed.
    assert person.page.request.post(
        person.page.url, form={"proof": person.page.locator("main [name=proof]").first.input_value(), "confirm": key}
    ).status == 422
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Active"
    person.page.get_by_label("Deactivate and delete it at once").check()
    person.fills(f"Type {key} to go on", "AKIA")
    person.presses("Delete access key")
    assert person.alarm() == f"Type {key} to go on."
    assert person.page.get_by_label("Deactivate and delete it at once").is_checked()
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["Status"] == "Active"
    person.fills(f"Type {key} to go on", key)
    person.presses("Delete access key")
    assert person.notice() == "The access key has been deleted."
    assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []

    person.presses("End all sessions")
    assert person.notice() == "The user's sessions have ended."
    another.goes("/console")
    assert another.at == "/signin"
    person.follows("Remove phone")
    person.presses("Remove device")
    assert iam.list_mfa_devices(UserName=name)["MFADevices"] == []
    person.follows("Change password")
    person.presses("Set password")
    assert shown_once(person)
    assert attached(console, name) == {CHANGE_PASSWORD}
    person.follows(f"To {name}")
    person.follows("Disable console access")
    person.presses("Disable console access")
    assert "cannot sign in" in person.notice()


def test_a_user_is_renamed_and_then_deleted_with_all_that_hangs_on_it(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    iam.create_user(UserName="leaver")
    iam.create_login_profile(UserName="leaver", Password=PASSWORD)
    key = iam.create_access_key(UserName="leaver")["AccessKey"]["AccessKeyId"]
    iam.add_user_to_group(UserName="leaver", GroupName="readers")
    iam.attach_user_policy(UserName="leaver", PolicyArn=READ_ONLY)
    iam.put_user_policy(UserName="leaver", PolicyName="s3", PolicyDocument=ALLOW_S3)
    iam.create_service_specific_credential(UserName="leaver", ServiceName="codecommit.amazonaws.com")
    person.goes("/console/users/leaver")
    person.follows("Rename")
    person.fills("User name", "robot-01")
    person.presses("Rename")
    assert person.alarm()
    person.fills("User name", "gone")
    person.presses("Rename")
    assert person.at == "/console/users/gone"
    person.follows("Delete")
    for said in (key, "readers", READ_ONLY, "s3", "gone cannot sign in any more"):
        assert said in person.reads()
    person.finds_no_barrier()
    person.shoots("user-delete")
    person.page.get_by_label("Type gone to go on").fill("leaver")
    person.presses("Delete user")
    assert person.alarm() == "Type gone to go on."
    person.page.get_by_label("Type gone to go on").fill("gone")
    person.presses("Delete user")
    assert person.notice() == "Deleted, with everything that went along."
    assert person.goes("/console/users/gone") == 404


def test_a_step_that_is_refused_is_named(at_users: Person, another: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_user(UserName="clerk")
    iam.create_login_profile(UserName="clerk", Password=PASSWORD)
    statements = [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:DeleteAccessKey", "Resource": "*"},
    ]
    iam.put_user_policy(UserName="clerk", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    key = iam.create_access_key(UserName="robot-20")["AccessKey"]["AccessKeyId"]
    another.signs_in("clerk", PASSWORD)
    another.goes("/console/users/robot-20/delete")
    another.page.get_by_label("Type robot-20 to go on").fill("robot-20")
    another.presses("Delete user")
    assert f"Access keys: {key} could not be removed from robot-20." in another.alarm()
    assert "iam:DeleteAccessKey" in another.alarm()


def test_several_users_are_put_into_groups_and_deleted_at_once(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    chosen = ("robot-30", "robot-31")
    person.goes("/console/users?search=robot-3")
    for name in chosen:
        person.page.get_by_label(f"Choose {name}").check()
    person.presses("Add to groups")
    assert "Add 2 users to groups" in person.reads()
    person.page.get_by_label("builders").check()
    person.presses("Add to groups")
    assert person.notice() == "Added to the groups."
    assert {user["UserName"] for user in iam.get_group(GroupName="builders")["Users"]} >= set(chosen)
    person.goes("/console/users?search=robot-3")
    for name in chosen:
        person.page.get_by_label(f"Choose {name}").check()
    person.presses("Delete")
    assert "Delete 2 users" in person.reads()
    person.page.get_by_label("Type delete to go on").fill("delete")
    person.presses("Delete users")
    assert person.notice() == "Deleted, with everything that went along."
    assert not {user["UserName"] for user in iam.list_users()["Users"]} & set(chosen)


def test_what_is_done_to_several_users_is_told_before_and_of_each_after(at_users: Person, another: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    chosen = ("robot-40", "robot-41", "robot-42")
    key = iam.create_access_key(UserName="robot-40")["AccessKey"]["AccessKeyId"]
    for name in chosen[:2]:
        iam.create_login_profile(UserName=name, Password=PASSWORD)

    def choose(who: Person, button: str) -> None:
        who.goes("/console/users?search=robot-4")
        for name in chosen:
            who.page.get_by_label(f"Choose {name}").check()
        who.presses(button)

    choose(person, "Deactivate keys")
    assert f"{key}, never used" in person.reads()
    assert "No key is active: nothing happens." in person.reads()
    assert iam.list_access_keys(UserName="robot-40")["AccessKeyMetadata"][0]["Status"] == "Active"
    person.finds_no_barrier()
    person.presses("Deactivate access keys")
    assert person.notice() == "Done with all 3."
    assert iam.list_access_keys(UserName="robot-40")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    person.follows("Back to the list")
    assert person.at == "/console/users"

    # Whoever may do it to some is told of each.
    statements = [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:DeleteLoginProfile", "Resource": "arn:aws:iam::*:user/robots/robot-41"},
    ]
    iam.create_user(UserName="helper")
    iam.create_login_profile(UserName="helper", Password=PASSWORD)
    iam.put_user_policy(UserName="helper", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    another.signs_in("helper", PASSWORD)
    choose(another, "Disable console access")
    another.presses("Disable console access")
    assert another.alarm() == "2 of 3 could not be done."
    rows = another.page.get_by_role("listitem").filter(has_text="robot-4").all_inner_texts()
    assert [row.split("\n")[0].split()[0] for row in rows] == ["Done", "Not", "Not"]
    assert "iam:DeleteLoginProfile" in rows[1]
    another.finds_no_barrier()
    another.fits_a_phone()
    another.shoots("bulk-done")

    choose(person, "Demand MFA")
    person.presses("Demand a second factor")
    another.gives_password("robot-41", PASSWORD)
    assert another.at == "/console/credentials/mfa/new", "nothing else is open"


def test_groups_policies_and_roles_are_deleted_together(at_users: Person, console: Server) -> None:
    person = at_users
    iam = console.client("iam")
    for group in ("spare-1", "spare-2"):
        iam.create_group(GroupName=group)
        iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    iam.add_user_to_group(GroupName="spare-1", UserName="robot-44")
    own = iam.create_policy(PolicyName="spare-policy", PolicyDocument=ALLOW_S3)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="robot-44", PolicyArn=own)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="spare-role", AssumeRolePolicyDocument=json.dumps(trust))
    for page, names, told in (
        ("groups", ("spare-1", "spare-2"), ("Loses its members: robot-44", "ReadOnlyAccess is detached")),
        ("policies", ("spare-policy",), ("Detached from the user robot-44",)),
        ("roles", ("spare-role",), ("Never used",)),
    ):
        person.goes(f"/console/{page}?search=spare")
        for name in names:
            person.page.get_by_label(f"Choose {name}").check()
        person.finds_no_barrier()
        person.presses("Delete")
        for said in told:
            assert said in person.reads(), said
        person.finds_no_barrier()
        person.shoots(f"bulk-{page}")
        person.fills("Type delete to go on", "no")
        person.presses(f"Delete {page}")
        assert person.alarm() == "Type delete to go on."
        person.fills("Type delete to go on", "delete")
        person.presses(f"Delete {page}")
        assert person.notice().startswith("Done")
    assert not {group["GroupName"] for group in iam.list_groups()["Groups"]} & {"spare-1", "spare-2"}
    assert "spare-role" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert attached(console, "robot-44") == set()


def test_who_is_in_use_is_deleted_with_a_warning(at_users: Person, another: Person, console: Server) -> None:
    iam = console.client("iam")
    for name in ("busy", "idle"):
        iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=PASSWORD)
    another.signs_in("busy", PASSWORD)
    at_users.goes("/console/users/busy/delete")
    assert "busy is in use" in at_users.reads()
    at_users.goes("/console/users/idle/delete")
    assert "is in use" not in at_users.reads()


def test_who_may_see_no_users_is_told_why(another: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_user(UserName="visitor")
    iam.create_login_profile(UserName="visitor", Password=PASSWORD)
    another.signs_in("visitor", PASSWORD)
    another.follows("Users")
    assert "iam:ListUsers" in another.reads()
    assert another.goes("/console/users/admin") == 403
    assert "iam:GetUser" in another.reads()
    assert another.goes("/console/users/admin/remove?what=password") == 200
    another.presses("Disable console access")
    assert "iam:DeleteLoginProfile" in another.alarm()


def test_users_and_keys_are_made_without_scripts(browser: Browser, console: Server, tmp_path: Path) -> None:
    person = Person(browser, console, tmp_path, java_script_enabled=False)
    person.signs_in("admin", PASSWORD)
    person.goes("/console/users/~new")
    person.fills("User name", "plain")
    person.presses("Review")
    person.presses("Create user")
    assert len(shown_once(person)) >= 24
    person.follows("To plain")
    person.follows("Security credentials")
    person.follows("Create access key")
    person.presses("Create and show")
    key = Keys(person.page.locator("dd code").first.inner_text(), shown_once(person))
    assert console.client("sts", key).get_caller_identity()["Arn"].endswith(":user/plain")
    person.close()
