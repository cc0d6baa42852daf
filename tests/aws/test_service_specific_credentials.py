"""Service-specific credentials by boto3, and their verification by a service behind the server, which asks in plain HTTP."""

from __future__ import annotations

import json
import re
import urllib.parse
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from claviger import ACCOUNT, Keys, Server

GIT = "codecommit.amazonaws.com"
BEDROCK = "bedrock.amazonaws.com"


@pytest.fixture(scope="module")
def git(server: Server) -> Keys:
    """A service that may have its own credentials verified, and nothing else."""
    server.aws("iam", "create-user", "--user-name", "git-service")
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "iam:VerifyServiceSpecificCredential",
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:ServiceSpecificCredentialServiceName": GIT}},
        },
    }
    server.client("iam").put_user_policy(UserName="git-service", PolicyName="verify", PolicyDocument=json.dumps(policy))
    return Keys.of(server.aws("iam", "create-access-key", "--user-name", "git-service")["AccessKey"])


def verify(server: Server, keys: Keys, name: str, password: str, service: str = GIT) -> str:
    """Whose credential it is, or the code of the refusal."""
    form = {
        "Action": "VerifyServiceSpecificCredential",
        "Version": "2010-05-08",
        "ServiceName": service,
        "ServiceUserName": name,
        "ServicePassword": password,
    }
    answer = server.query(urllib.parse.urlencode(form), keys=keys)
    return (answer.element("UserName") if answer.status == 200 else answer.code) or ""


def code(call: object, **parameters: object) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)  # type: ignore[operator]
    return refused.value.response["Error"]["Code"]


def test_01_a_password_is_told_once_and_verified(server: Server, git: Keys) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="jane")
    made = iam.create_service_specific_credential(UserName="jane", ServiceName=GIT)["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"jane-at-{ACCOUNT}"
    assert made["Status"] == "Active"
    assert re.fullmatch(r"ACCA\w{17}", made["ServiceSpecificCredentialId"])
    (listed,) = iam.list_service_specific_credentials(UserName="jane")["ServiceSpecificCredentials"]
    assert listed == {name: value for name, value in made.items() if name != "ServicePassword"}
    assert verify(server, git, made["ServiceUserName"], made["ServicePassword"]) == "jane"
    assert verify(server, git, made["ServiceUserName"], "wrong") == "InvalidCredential"
    assert verify(server, git, "nobody-at-1", made["ServicePassword"]) == "InvalidCredential"
    assert verify(server, git, "x", "y", service="cassandra.amazonaws.com") == "AccessDenied"


def test_02_a_second_takes_over_and_the_first_is_switched_off_and_deleted(server: Server, git: Keys) -> None:
    iam = server.client("iam")
    (first,) = iam.list_service_specific_credentials(UserName="jane", ServiceName=GIT)["ServiceSpecificCredentials"]
    second = iam.create_service_specific_credential(UserName="jane", ServiceName=GIT)["ServiceSpecificCredential"]
    assert second["ServiceUserName"] == f"jane+1-at-{ACCOUNT}"
    assert code(iam.create_service_specific_credential, UserName="jane", ServiceName=GIT) == "LimitExceeded"
    of_first = {"UserName": "jane", "ServiceSpecificCredentialId": first["ServiceSpecificCredentialId"]}
    fresh = iam.reset_service_specific_credential(**of_first)["ServiceSpecificCredential"]
    assert verify(server, git, fresh["ServiceUserName"], fresh["ServicePassword"]) == "jane"
    iam.update_service_specific_credential(**of_first, Status="Inactive")
    assert verify(server, git, fresh["ServiceUserName"], fresh["ServicePassword"]) == "InvalidCredential"
    iam.delete_service_specific_credential(**of_first)
    assert code(iam.delete_service_specific_credential, **of_first) == "NoSuchEntity"
    assert verify(server, git, second["ServiceUserName"], second["ServicePassword"]) == "jane"
    assert code(iam.delete_user, UserName="jane") == "DeleteConflict"


def test_03_a_key_has_an_alias_and_a_time(server: Server) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="bot")
    made = iam.create_service_specific_credential(UserName="bot", ServiceName=BEDROCK, CredentialAgeDays=30)
    made = made["ServiceSpecificCredential"]
    assert made["ServiceCredentialAlias"] == f"bot-at-{ACCOUNT}"
    assert made["ServiceCredentialSecret"].startswith("ABSK")
    assert (made["ExpirationDate"] - made["CreateDate"]).days == 30
    everyone = iam.list_service_specific_credentials(AllUsers=True, ServiceName=BEDROCK)
    assert [one["UserName"] for one in everyone["ServiceSpecificCredentials"]] == ["bot"]
    unknown = code(iam.create_service_specific_credential, UserName="bot", ServiceName="lambda.amazonaws.com")
    assert unknown == "NoSuchEntity"


def test_04_no_secret_is_on_the_disk_or_in_the_log(server: Server) -> None:
    iam = server.client("iam")
    made = iam.create_service_specific_credential(UserName="bot", ServiceName=GIT)["ServiceSpecificCredential"]
    secret = made["ServicePassword"].encode()
    assert secret not in server.said().encode()
    for file in filter(Path.is_file, server.data.iterdir()):
        assert secret not in file.read_bytes(), file
