"""Signed calls through Huawei's unmodified SDK; what they do is read back, and set up, through the AWS door.

Names that bear a number are abuse cases.
"""

from __future__ import annotations

import datetime
import re
import time

import pytest
from cloud import ask, ask_as_go_does, client, outcome, refusal, send
from huaweicloudsdkiam.v5 import ListUsersV5Request, ShowUserV5Request

from claviger import ACCOUNT, Keys, Server

DENIED = (403, "PAP5.0001")
UNKNOWN = (401, "APIGW.0301")


def make_user(server: Server, name: str, policy: str | None = None) -> Keys:
    server.aws("iam", "create-user", "--user-name", name, "--tags", "Key=team,Value=blue")
    if policy is not None:
        server.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", policy)
    return Keys.of(server.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])


@pytest.fixture(scope="module")
def alice(server: Server) -> Keys:
    return make_user(server, "alice", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")


@pytest.fixture(scope="module")
def nobody(server: Server) -> Keys:
    return make_user(server, "nobody")


@pytest.fixture(scope="module")
def domain_id(server: Server) -> str:
    return ask(server, server.root, "/v5/caller-identity").body["account_id"]


# Who calls


def test_an_access_key_of_the_aws_door_says_who_calls_here(server: Server, alice: Keys) -> None:
    root = ask(server, server.root, "/v5/caller-identity").body
    assert re.fullmatch("[0-9a-f]{32}", root["account_id"])
    assert root["principal_urn"] == f"iam::{root['account_id']}:root"
    user = ask(server, alice, "/v5/caller-identity").body
    assert user["account_id"] == root["account_id"]
    assert user["principal_urn"] == f"iam::{root['account_id']}:user:alice"
    assert re.fullmatch("[0-9a-f]{32}", user["principal_id"])


def test_a_session_of_a_role_is_that_of_an_agency(server: Server, domain_id: str) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}}}}}'
    )
    assume = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}'
    server.aws("iam", "create-role", "--role-name", "Night", "--assume-role-policy-document", trust)
    keys = make_user(server, "watch")
    server.aws("iam", "put-user-policy", "--user-name", "watch", "--policy-name", "p", "--policy-document", assume)
    role = f"arn:aws:iam::{ACCOUNT}:role/Night"
    session = server.aws("sts", "assume-role", "--role-arn", role, "--role-session-name", "shift", keys=keys)
    temporary = Keys.of(session["Credentials"])
    told = ask(server, temporary, "/v5/caller-identity")
    assert told.status == 200, told.body
    assert told.body["principal_urn"] == f"sts::{domain_id}:assumed-agency:Night/shift"
    assert told.body["principal_id"].endswith(":shift")
    # The Go client adds the token when it has signed.
    late = {"x-security-token": temporary.session_token}
    assert ask_as_go_does(server, temporary, "/v5/caller-identity", late).body == told.body


def test_every_dialect_is_understood(server: Server, alice: Keys) -> None:
    plain = ask(server, alice, "/v5/caller-identity").body
    assert ask_as_go_does(server, alice, "/v5/caller-identity").body == plain
    assert ask(server, alice, "/v5/caller-identity", derived_service="sts").body == plain
    listed = client(server, alice, derived=True).list_users_v5(ListUsersV5Request())
    assert "alice" in [user.user_name for user in listed.users]


# Users


def test_users_are_listed_page_by_page(server: Server, alice: Keys, nobody: Keys, domain_id: str) -> None:
    there = [user["UserName"] for user in server.aws("iam", "list-users")["Users"]]
    sdk = client(server, alice, domain_id)
    seen, marker = [], None
    while True:
        page = sdk.list_users_v5(ListUsersV5Request(limit=1, marker=marker))
        assert page.page_info.current_count == len(page.users) <= 1
        seen += page.users
        marker = page.page_info.next_marker
        if marker is None:
            break
    assert [user.user_name for user in seen] == there
    first = next(user for user in seen if user.user_name == "alice")
    assert first.urn == f"iam::{domain_id}:user:alice"
    assert first.enabled is True
    assert first.is_root_user is False
    assert abs(first.created_at - datetime.datetime.now(datetime.UTC).replace(tzinfo=first.created_at.tzinfo)) < (
        datetime.timedelta(minutes=10)
    )


def test_a_user_is_shown_by_id_with_tags(server: Server, alice: Keys) -> None:
    sdk = client(server, alice)
    user_id = ask(server, alice, "/v5/caller-identity").body["principal_id"]
    shown = sdk.show_user_v5(ShowUserV5Request(user_id=user_id)).user
    assert (shown.user_id, shown.user_name) == (user_id, "alice")
    assert [(tag.tag_key, tag.tag_value) for tag in shown.tags] == [("team", "blue")]


def test_a_deleted_user_is_gone_though_the_name_is_taken_again(server: Server, alice: Keys) -> None:
    sdk = client(server, alice)
    server.aws("iam", "create-user", "--user-name", "phoenix")
    listed = sdk.list_users_v5(ListUsersV5Request()).users
    old = next(user.user_id for user in listed if user.user_name == "phoenix")
    assert sdk.show_user_v5(ShowUserV5Request(user_id=old)).user.user_name == "phoenix"
    server.aws("iam", "delete-user", "--user-name", "phoenix")
    server.aws("iam", "create-user", "--user-name", "phoenix")
    error = refusal(sdk.show_user_v5, ShowUserV5Request(user_id=old))
    assert outcome(error) == (404, "IAM.0004")


def test_a_limit_or_marker_that_is_wrong_is_refused(server: Server, alice: Keys) -> None:
    sdk = client(server, alice)
    for limit in (0, 201, -1):
        error = refusal(sdk.list_users_v5, ListUsersV5Request(limit=limit))
        assert outcome(error) == (400, "IAM.0007"), limit
    for marker in ("abc", "not-a-marker", "x" * 401):
        error = refusal(sdk.list_users_v5, ListUsersV5Request(marker=marker))
        assert outcome(error) == (400, "PAP5.0010"), marker


def test_a_filter_that_is_not_served_lists_nobody(server: Server, alice: Keys) -> None:
    error = refusal(client(server, alice).list_users_v5, ListUsersV5Request(group_id="g" * 32))
    assert error.status_code == 501


# Permission


def test_a_policy_written_for_the_aws_door_decides_here(server: Server, alice: Keys, nobody: Keys) -> None:
    sdk = client(server, nobody)
    assert outcome(refusal(sdk.list_users_v5, ListUsersV5Request())) == DENIED
    deny = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}}'
    keys = make_user(server, "fallen", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    assert client(server, keys).list_users_v5(ListUsersV5Request()).users
    server.aws("iam", "put-user-policy", "--user-name", "fallen", "--policy-name", "p", "--policy-document", deny)
    assert outcome(refusal(client(server, keys).list_users_v5, ListUsersV5Request())) == DENIED


def test_ac_26_who_may_not_ask_does_not_learn_who_is_there(server: Server, alice: Keys, nobody: Keys) -> None:
    there = ask(server, alice, "/v5/caller-identity").body["principal_id"]
    server.aws("iam", "create-user", "--user-name", "ghost")
    listed = client(server, alice).list_users_v5(ListUsersV5Request()).users
    gone = next(user.user_id for user in listed if user.user_name == "ghost")
    server.aws("iam", "delete-user", "--user-name", "ghost")
    answers = [ask(server, nobody, f"/v5/users/{user_id}") for user_id in (there, gone)]
    for answer in answers:
        answer.body.pop("request_id")
    assert answers[0].status == 403
    assert answers[0].body == answers[1].body


# Authentication


def test_ac_01_a_wrong_secret_or_an_unknown_key_is_refused(server: Server, alice: Keys) -> None:
    for keys in (Keys(alice.access_key_id, "x" * 40), Keys("AKIAAAAAAAAAAAAAAAAA", alice.secret_access_key)):
        error = refusal(client(server, keys).list_users_v5, ListUsersV5Request())
        assert outcome(error) == UNKNOWN
        assert ask_as_go_does(server, keys, "/v5/users").status == 401


def test_a_key_that_is_made_inactive_ends_here_too(server: Server) -> None:
    keys = make_user(server, "brief", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    sdk = client(server, keys)
    assert sdk.list_users_v5(ListUsersV5Request()).users
    change = ("--user-name", "brief", "--access-key-id", keys.access_key_id, "--status", "Inactive")
    server.aws("iam", "update-access-key", *change)
    assert outcome(refusal(sdk.list_users_v5, ListUsersV5Request())) == UNKNOWN


def test_ac_06_a_signature_and_a_token_are_one_too_many(server: Server, alice: Keys) -> None:
    told = ask(server, alice, "/v5/users", headers={"X-Auth-Token": "token"})
    assert (told.status, told.body["error_code"]) == UNKNOWN


def test_ac_07_a_derived_key_for_another_service_is_refused(server: Server, alice: Keys) -> None:
    told = ask(server, alice, "/v5/users", derived_service="sts")
    assert (told.status, told.body["error_code"]) == UNKNOWN


def test_ac_08_a_signature_is_too_old_after_a_quarter_of_an_hour(server: Server, alice: Keys) -> None:
    for minutes, status in ((-14, 200), (-16, 401), (14, 200), (16, 401)):
        at = time.gmtime(time.time() + 60 * minutes)
        told = ask(server, alice, "/v5/users", headers={"X-Sdk-Date": time.strftime("%Y%m%dT%H%M%SZ", at)})
        assert told.status == status, minutes
        assert "Date" in told.headers


def test_ac_10_a_temporary_key_needs_its_own_token(server: Server, alice: Keys) -> None:
    first, second = (Keys.of(server.aws("sts", "get-session-token", keys=alice)["Credentials"]) for _ in range(2))
    assert ask(server, first, "/v5/caller-identity").status == 200
    for token in (None, second.session_token, first.session_token[:-4]):
        keys = Keys(first.access_key_id, first.secret_access_key, token)
        told = ask(server, keys, "/v5/caller-identity")
        assert (told.status, told.body["error_code"]) == UNKNOWN
    stray = Keys(alice.access_key_id, alice.secret_access_key, first.session_token)
    assert ask(server, stray, "/v5/caller-identity").status == 401


def test_ac_25_another_account_cannot_be_named(server: Server, alice: Keys, domain_id: str) -> None:
    assert client(server, alice, domain_id).list_users_v5(ListUsersV5Request()).users
    other = "0" * 32
    assert outcome(refusal(client(server, alice, other).list_users_v5, ListUsersV5Request())) == (403, "IAM.0002")
    for name in ("x-domain-id", "x-project-id"):
        assert ask_as_go_does(server, alice, "/v5/users", {name: other}).status == 403


# Shapes


def test_the_versions_are_told_to_everybody(server: Server) -> None:
    host = {"Host": f"127.0.0.1:{server.port}"}
    listed = send(server, "GET", "/", host)
    assert listed.status == 300
    version = listed.body["versions"]["values"][0]
    assert version["id"] == "v3.6"
    assert version["links"][0]["href"].endswith("/v3/")
    for path in ("/v3", "/v3/"):
        told = send(server, "GET", path, host)
        assert (told.status, told.body) == (200, {"version": version})
    assert server.send("GET", "/", [*host.items(), ("Accept", "text/html")]).status == 303
    # Whoever names an operation speaks to the AWS door.
    assert b"MissingAuthenticationToken" in server.get("/?Action=ListUsers&Version=2010-05-08").body


def test_every_client_reads_a_refusal(server: Server, alice: Keys) -> None:
    host = {"Host": f"127.0.0.1:{server.port}"}
    for method, path, status in (
        ("GET", "/v5/users", 401),
        ("GET", "/v3/nowhere", 404),
        ("GET", "/v3.0/OS-USER/users", 404),
        ("GET", "/v5", 404),
        ("DELETE", "/v5/users", 405),
        ("POST", "/v3", 405),
    ):
        told = send(server, method, path, host)
        assert told.status == status, path
        assert told.headers["Content-Type"] == "application/json"
        assert told.headers["X-Request-Id"] == told.headers["X-IAM-Trace-Id"] == told.body["request_id"]
        assert told.body["error"]["code"] == status
        assert told.body["error"]["title"]
        assert told.body["error"]["message"] == told.body["error_msg"]
        assert told.body["error_code"]
    token = send(server, "GET", "/v5/users", host | {"X-Auth-Token": "planted-token"})
    assert (token.status, token.body["error_code"]) == (401, "IAM.0067")
    error = refusal(client(server, alice).show_user_v5, ShowUserV5Request(user_id="nobody"))
    assert outcome(error) == (404, "IAM.0004")
    assert error.request_id


def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    host = {"Host": f"127.0.0.1:{server.port}"}
    for headers, size in ((host, (64 << 10) + 1), (host | {"Authorization": "SDK-HMAC-SHA256 x"}, (1 << 20) + 1)):
        told = send(server, "POST", "/v5/users", headers, b"x" * size)
        assert (told.status, told.body["error_code"]) == (413, "IAM.1101")


# What is noted


def test_a_use_of_a_key_is_noted_with_the_service_that_was_asked(server: Server) -> None:
    keys = make_user(server, "used", "arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    for path, service in (("/v5/users", "iam"), ("/v5/caller-identity", "sts")):
        for dialect in (ask, ask_as_go_does):
            assert dialect(server, keys, path).status == 200
        told = last_used(server, keys, service)
        assert told["ServiceName"] == service
        # Uses are told by the second.
        time.sleep(1.1)


def last_used(server: Server, keys: Keys, service: str) -> dict[str, str]:
    """What is told of the key's last use, once it is of this service: marks are written in batches."""
    end = time.monotonic() + 15
    while True:
        told = server.aws("iam", "get-access-key-last-used", "--access-key-id", keys.access_key_id)
        if told["AccessKeyLastUsed"].get("ServiceName") == service or time.monotonic() > end:
            return told["AccessKeyLastUsed"]
        time.sleep(0.5)


def test_what_is_done_here_stands_in_the_same_events(server: Server, alice: Keys, nobody: Keys) -> None:
    refusal(client(server, nobody).list_users_v5, ListUsersV5Request(limit=7))
    end = time.monotonic() + 15
    found: list[str] = []
    while not found and time.monotonic() < end:
        events = server.aws(
            "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=ListUsers"
        )["Events"]
        found = [event["Username"] for event in events if event.get("Username") == "nobody"]
        time.sleep(0.3)
    assert found
