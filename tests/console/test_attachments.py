"""Several policies at once at the console: attached to and detached from a user, a group and a role."""

from __future__ import annotations

import json

import pytest

from claviger import ACCOUNT, Server
from console.person import Person

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    ],
}
PAGES = {"user": "/console/users/holder", "group": "/console/group?name=holder", "role": "/console/role?name=holder"}


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def held(console: Server, kind: str) -> list[str]:
    listed = console.aws("iam", f"list-attached-{kind}-policies", f"--{kind}-name", "holder")
    return sorted(policy["PolicyName"] for policy in listed["AttachedPolicies"])


def became(person: Person) -> list[str]:
    """What became of each, as the page tells it."""
    return [" ".join(row.split()) for row in person.page.locator("main .list > li").all_inner_texts()]


@pytest.mark.parametrize("kind", PAGES)
def test_several_policies_are_attached_and_detached_and_what_became_of_each_is_told(
    admin: Person, console: Server, kind: str
) -> None:
    iam = console.client("iam")
    if kind == "role":
        iam.create_role(RoleName="holder", AssumeRolePolicyDocument=json.dumps(TRUST))
    else:
        console.aws("iam", f"create-{kind}", f"--{kind}-name", "holder")
    made = [f"{kind}-{name}" for name in ("one", "two", "gone")]
    arns = {
        name: iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(READ))["Policy"]["Arn"] for name in made
    }
    one, two, gone = made

    def tick(*names: str) -> None:
        for name in names:
            admin.page.get_by_role("checkbox", name=name).check()

    admin.goes(PAGES[kind])
    admin.follows("Attach policies")
    tick(one, gone, two)
    iam.delete_policy(PolicyArn=arns[gone])
    admin.presses("Attach policies")
    assert admin.alarm() == "1 of 3 could not be done."
    told = {row.split()[-1] if row.startswith("Done") else "refused": row for row in became(admin)}
    assert set(told) == {one, two, "refused"}
    assert told["refused"].startswith(f"Not done {gone} ") and "does not exist" in told["refused"]
    assert held(console, kind) == [one, two]
    admin.finds_no_barrier()
    admin.shoots(f"attached-{kind}")
    admin.follows("Back to holder")

    admin.presses("Detach")
    assert admin.alarm() == "Tick what to detach."
    tick(one, two)
    admin.finds_no_barrier()
    admin.shoots(f"attached-to-{kind}")
    console.aws("iam", f"detach-{kind}-policy", f"--{kind}-name", "holder", "--policy-arn", arns[one])
    admin.presses("Detach")
    assert admin.alarm() == "1 of 2 could not be done."
    assert any(row == f"Done {two}" for row in became(admin))
    assert held(console, kind) == []

    admin.follows("Back to holder")
    admin.follows("Attach policies")
    tick(one, two)
    admin.presses("Attach policies")
    assert admin.notice() == "The policies are attached."
    admin.page.get_by_role("checkbox", name=f"Choose {one}").check()
    admin.presses("Detach")
    assert admin.notice() == "The policy has been detached."
    assert held(console, kind) == [two]
    admin.presses(f"Detach {two}")
    assert admin.notice() == "The policy has been detached."
    assert held(console, kind) == []


def test_one_policy_alone_that_is_refused_is_told_beside_the_form(admin: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_group(GroupName="single")
    gone = iam.create_policy(PolicyName="single-gone", PolicyDocument=json.dumps(READ))["Policy"]["Arn"]
    admin.goes("/console/group/attach?name=single")
    admin.page.get_by_role("checkbox", name="single-gone").check()
    iam.delete_policy(PolicyArn=gone)
    admin.presses("Attach policies")
    assert "does not exist" in admin.alarm()
    assert admin.page.get_by_role("checkbox", name="single-gone").is_checked()
