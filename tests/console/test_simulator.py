"""The policy simulator at the console."""

from __future__ import annotations

import json

import pytest

from claviger import ACCOUNT, Server
from console.person import Person


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def words(person: Person) -> list[str]:
    return [mark.inner_text() for mark in person.page.locator("tr .mark").all()]


def test_the_policies_of_a_user_are_asked_without_doing_anything(admin: Person, console: Server) -> None:
    allowed = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}]}
    console.aws("iam", "create-user", "--user-name", "asked")
    console.aws("iam", "put-user-policy", "--user-name", "asked", "--policy-name", "p",
                "--policy-document", json.dumps(allowed))
    admin.goes("/console/simulator")
    admin.finds_no_barrier()
    admin.fills("ARN of the user, group or role", f"arn:aws:iam::{ACCOUNT}:user/asked")
    admin.fills("Actions", "s3:GetObject\ns3:DeleteObject\ns3:PutObject")
    admin.presses("Decide")
    assert words(admin) == ["Not allowed", "Denied", "Not allowed"]
    assert "aws:MultiFactorAuthPresent, which you did not give" in admin.reads()
    admin.presses("Which keys do they ask for?")
    keys = admin.page.get_by_label("Condition keys")
    assert keys.input_value().strip() == "aws:MultiFactorAuthPresent ="
    keys.fill("aws:MultiFactorAuthPresent = true")
    admin.presses("Decide")
    assert words(admin) == ["Allowed", "Denied", "Not allowed"]
    admin.finds_no_barrier()
    admin.shoots("simulator")
    admin.fills("ARN of the user, group or role", f"arn:aws:iam::{ACCOUNT}:user/nobody")
    # The Enter key decides, whichever buttons stand before.
    admin.page.get_by_label("ARN of the user, group or role").press("Enter")
    assert "nobody" in admin.alarm()
    assert admin.page.get_by_label("Actions").input_value().startswith("s3:GetObject")


def test_policies_are_tried_before_anybody_has_them(admin: Person) -> None:
    def document(effect: str, action: str) -> str:
        return json.dumps({"Version": "2012-10-17",
                           "Statement": {"Effect": effect, "Action": action, "Resource": "*"}}, indent=2)

    admin.goes("/console/simulator")
    admin.page.get_by_label("Only those written below").check()
    admin.page.get_by_text("Policies written here").click()
    admin.fills("Policy 1", document("Allow", "s3:*"))
    admin.presses("Another policy")
    admin.fills("Policy 2", document("Deny", "s3:Delete*"))
    admin.fills("Actions", "s3:GetObject s3:DeleteObject")
    admin.fills("Resources", "arn:aws:s3:::a/1\narn:aws:s3:::b/2")
    admin.presses("Decide")
    assert words(admin) == ["Allowed", "Allowed", "Denied", "Denied"]
    assert "Policy 2, lines 3 to 7" in admin.reads(), admin.reads()
    admin.page.get_by_text("Permissions boundary, policy on the resource").click()
    admin.fills("Permissions boundary, in place of the one there is", document("Allow", "s3:List*"))
    admin.presses("Decide")
    assert words(admin) == ["Not allowed", "Not allowed", "Denied", "Denied"]
    assert "The permissions boundary does not allow it." in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("simulator-written")
    admin.fills("Policy 1", "{")
    admin.presses("Decide")
    assert admin.alarm()
    assert admin.page.get_by_label("Policy 2", exact=True).input_value().startswith("{")


def test_other_pages_lead_here_with_what_is_asked(admin: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "led")
    admin.goes(f"/console/simulator?principal=arn:aws:iam::{ACCOUNT}:user/led&actions=iam:ListUsers")
    assert words(admin) == ["Not allowed"]
