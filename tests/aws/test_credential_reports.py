"""Credential reports by boto3: asked for, waited for, fetched and read as the programs that audit accounts read them."""

from __future__ import annotations

import csv
import datetime
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from claviger import ACCOUNT, Keys, Server

HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
DATE = "%Y-%m-%dT%H:%M:%S+00:00"
NO_KEY = "false,N/A,N/A,N/A,N/A"
NO_CERTIFICATES = "false,N/A,false,N/A"


def wait_for_report(iam: Any) -> dict[str, Any]:
    """What auditing programs do: ask until it is there, then fetch it."""
    for _ in range(20):
        if iam.generate_credential_report()["State"] == "COMPLETE":
            return iam.get_credential_report()
    raise AssertionError("the report is never there")


def rows(report: dict[str, Any]) -> dict[str, dict[str, str]]:
    reader = csv.DictReader(io.StringIO(report["Content"].decode("utf-8")), delimiter=",")
    return {row["user"]: row for row in reader}


def written(at: datetime.datetime) -> str:
    return at.astimezone(datetime.timezone.utc).strftime(DATE)


def test_01_there_is_no_report_before_one_was_asked_for(server: Server) -> None:
    with pytest.raises(ClientError) as refused:
        server.client("iam").get_credential_report()
    assert refused.value.response["Error"]["Code"] == "ReportNotPresent"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_02_the_first_is_started_and_the_next_is_complete(server: Server) -> None:
    iam = server.client("iam")
    first = iam.generate_credential_report()
    assert first["State"] == "STARTED"
    assert first["Description"] == "No report exists. Starting a new report generation task"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    assert isinstance(report["GeneratedTime"], datetime.datetime)
    assert iam.get_credential_report()["Content"] == report["Content"]


def test_03_the_report_is_right_to_the_byte(server: Server) -> None:
    iam = server.client("iam")
    iam.update_account_password_policy(MaxPasswordAge=30)
    made = {}
    for name in ("bob", "Carla", "=1+1,@x"):
        made[name] = iam.create_user(UserName=name)["User"]
    profile = iam.create_login_profile(UserName="bob", Password="Correct-horse-1")["LoginProfile"]
    keys = sorted(
        (iam.create_access_key(UserName="bob")["AccessKey"] for _ in range(2)), key=lambda key: key["AccessKeyId"]
    )
    iam.update_access_key(UserName="bob", AccessKeyId=keys[1]["AccessKeyId"], Status="Inactive")
    server.client("sts", Keys.of(keys[0])).get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=keys[0]["AccessKeyId"])["AccessKeyLastUsed"]

    lines = wait_for_report(iam)["Content"].decode().split("\n")
    assert lines[0] == HEADER
    assert lines[1].startswith(f"<root_account>,arn:aws:iam::{ACCOUNT}:root,")
    since = {name: written(user["CreateDate"]) for name, user in made.items()}
    changed = profile["CreateDate"]
    arn = f"arn:aws:iam::{ACCOUNT}:user/"
    assert lines[2:] == [
        f'"=1+1,@x","{arn}=1+1,@x",{since["=1+1,@x"]},false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}',
        f"bob,{arn}bob,{since['bob']},true,no_information,{written(changed)},"
        f"{written(changed + datetime.timedelta(days=30))},false,"
        f"true,{written(keys[0]['CreateDate'])},{written(used['LastUsedDate'])},{used['Region']},sts,"
        f"false,{written(keys[1]['CreateDate'])},N/A,N/A,N/A,{NO_CERTIFICATES}",
        f"Carla,{arn}Carla,{since['Carla']},false,N/A,N/A,N/A,false,{NO_KEY},{NO_KEY},{NO_CERTIFICATES}",
    ]


def test_04_auditing_programs_can_read_it(server: Server) -> None:
    report = rows(wait_for_report(server.client("iam")))
    assert list(report) == ["<root_account>", "=1+1,@x", "bob", "Carla"]
    root, bob = report["<root_account>"], report["bob"]
    assert root["password_enabled"] == root["password_last_changed"] == root["password_next_rotation"] == "not_supported"
    assert root["password_last_used"] == "no_information"
    assert (root["access_key_1_active"], root["access_key_1_last_used_service"]) == ("true", "iam")
    # As checks of key rotation and of unused credentials read dates.
    for column in ("user_creation_time", "password_last_changed", "password_next_rotation", "access_key_1_last_rotated"):
        datetime.datetime.strptime(bob[column], DATE)
    assert bob["password_enabled"] == "true"
    assert bob["mfa_active"] == "false"
    assert all(None not in row and None not in row.values() for row in report.values()), "each line has every column"


def test_05_each_asking_makes_a_new_report(server: Server) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="dora")
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert "dora" in rows(report)
    iam.delete_user(UserName="dora")
    assert "dora" in rows(iam.get_credential_report()), "a report stays as it was made"
    assert "dora" not in rows(wait_for_report(iam))


def test_06_a_report_is_no_longer_given_out_after_four_hours(timed_server: Server) -> None:
    iam = timed_server.client("iam")
    wait_for_report(iam)
    timed_server.advance(4 * 3_600 + 5)
    error = timed_server.refused("iam", "get-credential-report")
    assert error.code == "ReportExpired"
    timed_server.aws("iam", "generate-credential-report")
    assert timed_server.aws("iam", "get-credential-report")["ReportFormat"] == "text/csv"
