"""Temporary credentials, issued to whoever is signed in at the console."""

from __future__ import annotations

import re

import boto3
import botocore.exceptions
import pytest

from claviger import ACCOUNT, Server, run_cli, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"


def exported(person: Person) -> dict[str, str]:
    """What stands on the page for a shell."""
    return dict(re.findall(r"export (\w+)=(\S+)", person.page.locator("#shell").inner_text()))


def taken(person: Person, server: Server) -> boto3.Session:
    """What stands on the page, as a program would use it."""
    found = exported(person)
    assert found["AWS_ENDPOINT_URL"] == f"http://localhost:{server.port}"
    return boto3.Session(
        found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"], found["AWS_REGION"]
    )


def test_they_say_whether_a_second_factor_was_proved(person: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "temp")
    console.aws("iam", "create-login-profile", "--user-name", "temp", "--password", PASSWORD)
    console.aws("iam", "attach-user-policy", "--user-name", "temp",
                "--policy-arn", "arn:aws:iam::aws:policy/IAMFullAccess")
    person.signs_in("temp", PASSWORD)
    person.goes("/console/credentials")
    person.follows("Temporary credentials")
    assert "You signed in without a second factor" in person.reads()
    person.finds_no_barrier()
    person.presses("Issue credentials")
    person.finds_no_barrier()
    endpoint = f"http://localhost:{console.port}"
    without = taken(person, console)
    assert without.client("sts", endpoint_url=endpoint).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/temp"
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        without.client("iam", endpoint_url=endpoint).list_users()

    seed = person.assigns("temp")
    person.signs_out()
    person.gives_password("temp", PASSWORD)
    console.advance(30)
    person.gives_code(totp(seed, console.early_in_step()))
    person.goes("/console/credentials/temporary")
    assert "without a second factor" not in person.reads()
    person.page.get_by_label("How long they last").select_option(label="15 minutes")
    person.shoots("temporary-credentials")
    person.presses("Issue credentials")
    assert "you proved a second factor" in person.reads()
    person.shoots("temporary-credentials-made")
    proved = taken(person, console).client("iam", endpoint_url=endpoint)
    assert "temp" in [user["UserName"] for user in proved.list_users()["Users"]]
    # The CLI needs nothing but what was exported, not even a region.
    alone = {"AWS_DEFAULT_REGION": ""} | exported(person) | console.faked()
    who = run_cli(console.folder, ("sts", "get-caller-identity"), alone)
    assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/temp"
    console.advance(901)
    with pytest.raises(botocore.exceptions.ClientError, match="ExpiredToken"):
        proved.list_users()
    # The session is no longer fresh: the person confirms before more are issued.
    person.goes("/console/credentials/temporary")
    assert person.at == "/console/confirm"


def test_a_policy_that_forbids_them_is_named(person: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "barred")
    console.aws("iam", "create-login-profile", "--user-name", "barred", "--password", PASSWORD)
    denied = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:GetSessionToken","Resource":"*"}}'
    console.aws("iam", "put-user-policy", "--user-name", "barred", "--policy-name", "no", "--policy-document", denied)
    person.signs_in("barred", PASSWORD)
    person.goes("/console/credentials/temporary")
    person.presses("Issue credentials")
    assert "sts:GetSessionToken" in person.alarm()
