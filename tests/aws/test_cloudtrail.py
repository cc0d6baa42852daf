"""The audit trail, read back with `aws cloudtrail lookup-events`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claviger import ACCOUNT, Keys, Server

PASSWORD = "Planted-password-1"


@pytest.fixture(scope="module")
def alice(server: Server) -> Keys:
    """A user with a password and keys, and one thing that was refused."""
    server.aws("iam", "create-user", "--user-name", "alice", "--path", "/staff/", "--tags", "Key=team,Value=blue")
    key = server.aws("iam", "create-access-key", "--user-name", "alice")["AccessKey"]
    server.aws("iam", "create-login-profile", "--user-name", "alice", "--password", PASSWORD)
    keys = Keys.of(key)
    server.refused("iam", "create-user", "--user-name", "mallory", keys=keys)
    return keys


def lookup(server: Server, name: str, value: str, *more: str) -> list[dict[str, Any]]:
    answer = server.aws(
        "cloudtrail", "lookup-events", "--lookup-attributes", f"AttributeKey={name},AttributeValue={value}", *more
    )
    return answer["Events"]


def record(event: dict[str, Any]) -> dict[str, Any]:
    return json.loads(event["CloudTrailEvent"])


def test_a_change_is_on_record(server: Server, alice: Keys) -> None:
    (refused, granted) = lookup(server, "EventName", "CreateUser")
    assert alice
    body = record(granted)
    assert body["eventSource"] == "iam.amazonaws.com"
    assert body["eventName"] == "CreateUser"
    assert body["recipientAccountId"] == ACCOUNT
    assert body["userIdentity"]["type"] == "Root"
    assert body["userIdentity"]["accountId"] == ACCOUNT
    assert body["requestParameters"]["userName"] == "alice"
    assert body["requestParameters"]["path"] == "/staff/"
    assert body["responseElements"]["user"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/staff/alice"
    assert body["sourceIPAddress"] == "127.0.0.1"
    assert body["requestID"]
    assert body["eventID"] == granted["EventId"]
    assert "errorCode" not in body
    assert record(refused)["errorCode"] == "AccessDenied"


def test_the_request_id_is_the_one_the_client_got(server: Server, alice: Keys) -> None:
    made = server.client("iam").create_group(GroupName="auditors")
    (event,) = lookup(server, "EventName", "CreateGroup")
    assert record(event)["requestID"] == made["ResponseMetadata"]["RequestId"]
    assert alice


def test_a_refusal_is_on_record_under_its_user(server: Server, alice: Keys) -> None:
    events = [event for event in lookup(server, "Username", "alice") if event["EventName"] == "CreateUser"]
    (event,) = events
    body = record(event)
    assert body["errorCode"] == "AccessDenied"
    assert body["userIdentity"]["type"] == "IAMUser"
    assert body["userIdentity"]["userName"] == "alice"
    assert body["userIdentity"]["accessKeyId"] == alice.access_key_id


def test_secrets_are_masked(server: Server, alice: Keys) -> None:
    (profile,) = lookup(server, "EventName", "CreateLoginProfile")
    assert record(profile)["requestParameters"]["userName"] == "alice"
    (key,) = lookup(server, "EventName", "CreateAccessKey")
    assert record(key)["responseElements"]["accessKey"]["accessKeyId"] == alice.access_key_id
    everything = json.dumps(server.aws("cloudtrail", "lookup-events"))
    assert PASSWORD not in everything
    assert alice.secret_access_key not in everything


def test_events_come_newest_first_and_in_pages(server: Server, alice: Keys) -> None:
    client = server.client("cloudtrail")
    whole = client.lookup_events()["Events"]
    times = [event["EventTime"] for event in whole]
    assert times == sorted(times, reverse=True)
    assert alice
    pages, token = [], None
    while True:
        answer = client.lookup_events(MaxResults=2, **({"NextToken": token} if token else {}))
        assert len(answer["Events"]) <= 2
        pages += [event["EventId"] for event in answer["Events"]]
        token = answer.get("NextToken")
        if token is None:
            break
    assert pages == [event["EventId"] for event in whole]


def test_reading_the_trail_needs_a_permission(server: Server, alice: Keys) -> None:
    error = server.refused("cloudtrail", "lookup-events", keys=alice)
    assert error.code in {"AccessDenied", "AccessDeniedException"}
    assert "cloudtrail:LookupEvents" in error.message


def test_events_are_exported_as_json_lines(make_server: Callable[..., Server], tmp_path: Path) -> None:
    exported = tmp_path / "events.jsonl"
    server = make_server(env={"CLAVIGER_EVENTS_FILE": str(exported)}).start()
    server.aws("iam", "create-user", "--user-name", "alice")
    server.aws("iam", "create-login-profile", "--user-name", "alice", "--password", PASSWORD)
    assert server.stop() == 0
    text = exported.read_text()
    records = [json.loads(line) for line in text.splitlines()]
    names = [one["eventName"] for one in records]
    assert names.index("CreateUser") < names.index("CreateLoginProfile")
    assert PASSWORD not in text
    (made,) = [one for one in records if one["eventName"] == "CreateUser"]
    assert made["requestParameters"]["userName"] == "alice"
