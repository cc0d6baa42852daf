"""The tutorial "Permit users to manage their own credentials and MFA settings" (IAM user guide), at the console."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claviger import ACCOUNT, Server, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"
USER = "MFAUser"
FORCE_MFA = (Path(__file__).resolve().parents[1] / "aws" / "force_mfa.json").read_text()


@pytest.fixture(scope="module")
def story(console: Server) -> Server:
    """What the tutorial's administrator has done: the user, the group, the two policies."""
    aws = console.aws
    aws("iam", "create-user", "--user-name", USER)
    aws("iam", "create-login-profile", "--user-name", USER, "--password", PASSWORD)
    aws("iam", "create-group", "--group-name", "EC2MFA")
    aws("iam", "add-user-to-group", "--group-name", "EC2MFA", "--user-name", USER)
    made = aws("iam", "create-policy", "--policy-name", "Force_MFA", "--policy-document", FORCE_MFA)
    for arn in ("arn:aws:iam::aws:policy/AmazonEC2FullAccess", made["Policy"]["Arn"]):
        aws("iam", "attach-group-policy", "--group-name", "EC2MFA", "--policy-arn", arn)
    return console


def decided(person: Person, action: str) -> str:
    person.goes(f"/console/access?action={action}")
    return person.page.inner_text("#verdict")


def test_1_without_a_second_factor_only_the_own_device_can_be_managed(story: Server, person: Person) -> None:
    person.signs_in(USER, PASSWORD)
    assert "You have no MFA device" in person.reads()
    ec2 = decided(person, "ec2:DescribeInstances")
    assert "Denied" in ec2 and "“DenyAllExceptListedIfNoMFA” of the policy Force_MFA denies it" in ec2
    assert "Denied" in decided(person, "s3:ListAllMyBuckets")
    person.finds_no_barrier()
    person.shoots("my-access-before-mfa")

    person.goes("/console/credentials")
    page = person.reads()
    assert "Multi-factor authentication (0)" in page, "the section of devices works"
    assert "explicit deny in an identity-based policy" in page, "the section of access keys does not"
    person.finds_no_barrier()
    person.shoots("credentials-before-mfa")


def test_2_a_cancelled_try_blocks_its_name_until_an_administrator_deletes_the_device(
    story: Server, person: Person
) -> None:
    person.signs_in(USER, PASSWORD)
    for _ in range(2):
        person.goes("/console/credentials/mfa/new")
        person.fills("Device name", USER)
        person.presses("Next")
    assert "a device of this name already" in person.alarm()
    story.aws("iam", "delete-virtual-mfa-device", "--serial-number", f"arn:aws:iam::{ACCOUNT}:mfa/{USER}")


def test_3_to_6_with_a_device_the_user_gets_what_the_group_has(story: Server, person: Person) -> None:
    person.signs_in(USER, PASSWORD)
    person.goes("/console/credentials/mfa/new")
    person.finds_no_barrier()
    person.shoots("assign-mfa-device")
    person.fills("Device name", USER)
    person.presses("Next")
    seed = person.scans()
    person.page.get_by_text("Enter the secret key by hand instead").click()
    assert person.page.inner_text("#seed") == seed
    person.finds_no_barrier()
    person.shoots("set-up-device")
    now = story.early_in_step()
    person.fills("First code", totp(seed, now, -3))
    person.fills("The code after it", totp(seed, now))
    person.presses("Assign device")
    assert person.alarm() == "Authentication code for device is not valid."
    person.fills("First code", totp(seed, now, -1))
    person.fills("The code after it", totp(seed, now))
    person.presses("Assign device")
    assert "has been assigned" in person.notice()
    assert f"arn:aws:iam::{ACCOUNT}:mfa/{USER}" in person.reads()
    # The session itself has proved nothing yet.
    assert "Denied" in decided(person, "ec2:DescribeInstances")
    person.signs_out()

    story.advance(30)
    person.gives_password(USER, PASSWORD)
    person.gives_code(totp(seed, story.early_in_step()))
    ec2 = decided(person, "ec2:DescribeInstances")
    assert "Allowed" in ec2 and "AmazonEC2FullAccess allows it" in ec2
    for action in ("s3:ListAllMyBuckets", "iam:ListUsers"):
        assert "Not allowed" in decided(person, action)
    person.shoots("my-access-with-mfa")

    person.goes("/console/credentials")
    page = person.reads()
    assert "Multi-factor authentication (1)" in page and "Access keys (0)" in page
    person.follows("Create access key")
    person.finds_no_barrier()
    person.presses("Create and show")
    person.finds_no_barrier()
    person.shoots("access-key-made")
    key = person.page.inner_text("#key-id code")
    secret = person.page.inner_text("#secret code")
    assert key.startswith("AKIA") and len(secret) == 40
    person.follows("Done")
    assert key in person.reads() and secret not in person.page.content()
    person.page.get_by_role("link", name=f"Manage {key}").click()
    person.finds_no_barrier()
    person.shoots("access-key")
    person.presses("Deactivate")
    assert "Inactive" in person.reads()
    person.goes(f"/console/credentials/keys/{key}")
    person.presses("Activate")
    person.goes(f"/console/credentials/keys/{key}")
    person.follows("Delete access key")
    person.presses("Deactivate")
    assert person.notice() == "The access key is inactive. Requests signed with it are refused."
    person.finds_no_barrier()
    person.fills(f"Type {key} to go on", key)
    person.presses("Delete access key")
    assert "has been deleted" in person.notice()
    assert key not in person.reads()


def test_7_the_device_is_resynchronised_and_removed_by_its_owner(story: Server, person: Person) -> None:
    story.advance(60)
    (device,) = story.aws("iam", "list-mfa-devices", "--user-name", USER)["MFADevices"]
    story.aws("iam", "deactivate-mfa-device", "--user-name", USER, "--serial-number", device["SerialNumber"])
    story.aws("iam", "delete-virtual-mfa-device", "--serial-number", device["SerialNumber"])
    person.signs_in(USER, PASSWORD)
    seed = person.assigns("phone")
    person.signs_out()
    story.advance(60)
    person.gives_password(USER, PASSWORD)
    person.gives_code(totp(seed, story.early_in_step()))

    story.advance(90)
    person.goes("/console/credentials")
    person.page.get_by_role("link", name="Resync phone").click()
    person.finds_no_barrier()
    person.shoots("resync-device")
    now = story.early_in_step()
    person.fills("First code", totp(seed, now, -1))
    person.fills("The code after it", totp(seed, now))
    person.presses("Resync")
    assert "in step again" in person.notice()
    person.page.get_by_role("link", name="Remove phone").click()
    person.finds_no_barrier()
    person.shoots("remove-device")
    assert "your password alone" in person.reads()
    person.presses("Remove device")
    assert "has been removed" in person.notice()
    assert json.dumps(story.aws("iam", "list-mfa-devices", "--user-name", USER)["MFADevices"]) == "[]"
