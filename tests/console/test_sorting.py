"""Lists of groups, roles and policies at the console in another order than by name, searched and page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from claviger import ACCOUNT, Server
from console.person import ROOT_EMAIL, ROOT_PASSWORD, Person

READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    ],
}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets an account have more groups than a page can sort."""
    env = {
        "CLAVIGER_ROOT_EMAIL": ROOT_EMAIL,
        "CLAVIGER_ROOT_PASSWORD": ROOT_PASSWORD,
        "CLAVIGER_QUOTA_GROUPS": "2000",
    }
    running = Server(tmp_path_factory.mktemp("server"), moves_time=True, env=env).start()
    yield running
    running.close()


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def names(person: Person) -> list[str]:
    """The names in the list: what stands behind the box that chooses."""
    return person.page.locator("tbody tr td:nth-child(2)").all_inner_texts()


def order(person: Person) -> str | None:
    """What the list says that it is in order by."""
    sorted_by = person.page.locator("th[aria-sort]")
    if sorted_by.count() == 0:
        return None
    (heading,) = sorted_by.all()
    return f"{heading.inner_text()} {heading.get_attribute('aria-sort')}"


def test_groups_are_sorted_by_name_and_age_over_all_pages_and_within_a_search(admin: Person, console: Server) -> None:
    for number in range(60):
        answer = console.operation("CreateGroup", GroupName=f"{'Team' if number % 2 else 'crew'}-{number:02}")
        assert answer.status == 200, answer.text
    console.advance(60)
    assert console.operation("CreateGroup", GroupName="middle").status == 200
    admin.goes("/console/groups")
    assert order(admin) == "Name ascending" and names(admin)[0] == "crew-00"
    admin.follows("Name")
    assert order(admin) == "Name descending" and names(admin)[0] == "Team-59"
    admin.finds_no_barrier()
    admin.shoots("groups-sorted")
    admin.follows("Next")
    assert order(admin) == "Name descending"
    assert names(admin)[-1] == "crew-00" and len(names(admin)) == 11
    admin.follows("Created")
    assert order(admin) == "Created descending" and names(admin)[0] == "middle"
    admin.fills("Name contains", "TEAM")
    admin.presses("Search")
    assert order(admin) == "Created descending", "a search keeps the order"
    assert len(names(admin)) == 30 and set(name[:4] for name in names(admin)) == {"Team"}
    admin.follows("Name")
    assert names(admin)[0] == "Team-01", "and an order keeps the search"
    admin.goes("/console/groups?search=e")
    assert len(names(admin)) == 50
    admin.follows("Next")
    assert len(names(admin)) == 11, "what a search finds goes on behind the page"
    assert not admin.page.get_by_role("link", name="Next").is_visible()


def test_roles_are_sorted_by_name_and_age(admin: Person, console: Server) -> None:
    for name in ("beta", "Alpha", "gamma"):
        answer = console.operation("CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        assert answer.status == 200, answer.text
        console.advance(60)
    admin.goes("/console/roles")
    assert names(admin) == ["Alpha", "beta", "gamma"]
    admin.follows("Created")
    assert order(admin) == "Created descending" and names(admin) == ["gamma", "Alpha", "beta"]
    admin.follows("Created")
    assert order(admin) == "Created ascending" and names(admin) == ["beta", "Alpha", "gamma"]
    admin.finds_no_barrier()
    admin.shoots("roles-sorted")
    assert admin.goes("/console/roles?sort=-nonsense&from=x") == 200
    assert order(admin) == "Name ascending"


def test_policies_are_sorted_by_name_type_use_and_age(admin: Person, console: Server) -> None:
    console.operation("CreateUser", UserName="holder")
    for name in ("zeta", "Eta", "mine"):
        answer = console.operation("CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(READ))
        assert answer.status == 200, answer.text
        console.advance(60)
    console.operation("AttachUserPolicy", UserName="holder", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/Eta")
    admin.goes("/console/policies")
    assert order(admin) is None, "the account's own stand first, so it is by no column"
    assert names(admin)[:3] == ["Eta", "mine", "zeta"]
    admin.follows("Name")
    assert order(admin) == "Name ascending"
    assert names(admin) == sorted(names(admin), key=str.lower) and "mine" not in names(admin)
    admin.follows("Used as")
    assert order(admin) == "Used as descending" and names(admin)[0] == "Eta"
    admin.follows("Edited")
    assert names(admin)[:3] == ["mine", "Eta", "zeta"]
    admin.finds_no_barrier()
    admin.shoots("policies-sorted")
    admin.page.get_by_label("Type", exact=True).select_option(label="Customer managed")
    admin.presses("Search")
    assert order(admin) == "Edited descending" and names(admin) == ["mine", "Eta", "zeta"]
    admin.follows("Type")
    assert order(admin) == "Type ascending" and names(admin) == ["Eta", "mine", "zeta"]


def test_what_is_sorted_only_in_part_says_so(admin: Person, console: Server) -> None:
    for number in range(1_001):
        answer = console.operation("CreateGroup", GroupName=f"many-{number:04}")
        assert answer.status == 200, answer.text
    admin.goes("/console/groups?sort=-name")
    assert "here are the first 1000 by name" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("groups-sorted-partly")
    admin.goes("/console/groups?sort=-name&search=many-10")
    assert names(admin) == ["many-1000"]
    assert "than can be sorted" not in admin.reads()
