"""Access keys rotated in stages and bound to networks, by raw requests; and what boto3 makes of them meanwhile."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from claviger import Answer, Keys, Server


def call(server: Server, action: str, keys: Keys | None = None, **parameters: str) -> Answer:
    """An operation that AWS's clients do not know."""
    return server.operation(action, keys=keys, **parameters)


def key_of(answer: Answer) -> Keys:
    assert answer.status == 200, answer.text
    return Keys(answer.element("AccessKeyId") or "", answer.element("SecretAccessKey") or "")


def code(server: Server, keys: Keys) -> str:
    """How the server refuses the keys."""
    with pytest.raises(ClientError) as refused:
        server.client("sts", keys).get_caller_identity()
    return refused.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def old(server: Server) -> Keys:
    iam = server.client("iam")
    iam.create_user(UserName="jane")
    return Keys.of(iam.create_access_key(UserName="jane")["AccessKey"])


def test_01_both_keys_are_good_until_the_old_one_expires(server: Server, old: Keys) -> None:
    new = key_of(call(server, "RotateAccessKey", UserName="jane", AccessKeyId=old.access_key_id, GracePeriodHours="2"))
    for keys in (old, new):
        assert server.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/jane")
    listed = server.client("iam").list_access_keys(UserName="jane")["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in listed} == {
        old.access_key_id: "Active",
        new.access_key_id: "Active",
    }
    details = call(server, "ListAccessKeyDetails", UserName="jane").text
    assert "<Stage>Retiring</Stage>" in details
    assert "<Stage>Active</Stage>" in details
    session = server.client("sts", old).get_session_token()["Credentials"]
    listed = {key["AccessKeyId"]: key for key in listed}
    assert session["Expiration"] <= listed[old.access_key_id]["CreateDate"] + timedelta(hours=2, minutes=5)

    # Its end is brought forward to an instant that the test can wait for.
    sts = server.client("sts", old)
    soon = datetime.now(UTC) + timedelta(seconds=5)
    bounds = {"AccessKeyId": old.access_key_id, "ExpirationDate": f"{soon:%FT%TZ}"}
    assert call(server, "UpdateAccessKeyBounds", UserName="jane", **bounds).status == 200
    sts.get_caller_identity()
    time.sleep(5)
    assert code(server, old) == "InvalidClientTokenId"
    assert code(server, Keys.of(session)) == "ExpiredToken"
    assert server.client("sts", new).get_caller_identity()["Arn"].endswith(":user/jane")
    iam = server.client("iam")
    statuses = {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName="jane")["AccessKeyMetadata"]}
    assert statuses == {old.access_key_id: "Expired", new.access_key_id: "Active"}
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.update_access_key(UserName="jane", AccessKeyId=old.access_key_id, Status="Active")
    iam.delete_access_key(UserName="jane", AccessKeyId=old.access_key_id)


def test_02_a_key_is_good_from_its_networks_alone(server: Server) -> None:
    keys = Keys.of(server.client("iam").create_access_key(UserName="jane")["AccessKey"])
    bounds = {"UserName": "jane", "AccessKeyId": keys.access_key_id}
    here = {"SourceNetworks.member.1": "127.0.0.0/8", "SourceNetworks.member.2": "::1"}
    assert call(server, "UpdateAccessKeyBounds", **bounds, **here).status == 200
    assert server.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/jane")
    there = {"SourceNetworks.member.1": "10.0.0.0/8"}
    assert call(server, "UpdateAccessKeyBounds", **bounds, **there).status == 200
    assert code(server, keys) == "AccessDenied"
    refused = call(server, "UpdateAccessKeyBounds", **bounds, **{"SourceNetworks.member.1": "10.1.2.3/8"})
    assert (refused.status, refused.code) == (400, "ValidationError")
    assert call(server, "UpdateAccessKeyBounds", **bounds, RemoveSourceNetworks="true").status == 200
    assert server.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/jane")


def test_03_an_account_opts_for_more_keys(server: Server) -> None:
    iam = server.client("iam")
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_access_key(UserName="jane")
    assert call(server, "PutAccessKeySettings", MaxAccessKeysPerUser="5").status == 200
    assert iam.get_account_summary()["SummaryMap"]["AccessKeysPerUserQuota"] == 5
    iam.create_access_key(UserName="jane")
    assert len(iam.list_access_keys(UserName="jane")["AccessKeyMetadata"]) == 3


def test_04_no_secret_of_a_rotation_is_in_the_log_or_on_the_disk(server: Server) -> None:
    key = server.client("iam").list_access_keys(UserName="jane")["AccessKeyMetadata"][0]["AccessKeyId"]
    made = key_of(call(server, "RotateAccessKey", UserName="jane", AccessKeyId=key, GracePeriodHours="0"))
    secret = made.secret_access_key.encode()
    assert secret not in server.said().encode()
    for file in server.data.iterdir():
        if file.is_file():
            assert secret not in file.read_bytes(), file
