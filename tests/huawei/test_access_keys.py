"""Access keys through Huawei's unmodified SDK, both generations of it; they are used, and read back, at the AWS door."""

from __future__ import annotations

import pytest
from cloud import ask, client, client_v3, grant, make_user, outcome, own_id, refusal
from huaweicloudsdkiam import v3, v5

from claviger import Keys, Server

MISSING = (404, "IAM.0004")
DENIED = (403, "IAM.0002")
DENIED_V5 = (403, "PAP5.0001")
OWN = {
    "Effect": "Allow",
    "Action": "iam:*AccessKey*",
    "Resource": "arn:aws:iam::*:user/${aws:username}",
}


@pytest.fixture(scope="module")
def domain_id(server: Server) -> str:
    return ask(server, server.root, "/v5/caller-identity").body["account_id"]


def user_id(server: Server, name: str) -> str:
    listed = client(server, server.root).list_users_v5(v5.ListUsersV5Request()).users
    return next(user.user_id for user in listed if user.user_name == name)


def made(sdk: v3.IamClient, user: str, **more: str):
    option = v3.CreateCredentialOption(user_id=user, **more)
    body = v3.CreatePermanentAccessKeyRequestBody(credential=option)
    return sdk.create_permanent_access_key(v3.CreatePermanentAccessKeyRequest(body=body)).credential


def updated(sdk: v3.IamClient, key: str, **what: str):
    body = v3.UpdatePermanentAccessKeyRequestBody(credential=v3.UpdateCredentialOption(**what))
    return sdk.update_permanent_access_key(v3.UpdatePermanentAccessKeyRequest(access_key=key, body=body)).credential


def statuses(server: Server, name: str) -> dict[str, str]:
    listed = server.aws("iam", "list-access-keys", "--user-name", name)["AccessKeyMetadata"]
    return {key["AccessKeyId"]: key["Status"] for key in listed}


def test_a_key_of_the_older_api_lives_and_ends_at_both_doors(server: Server, domain_id: str) -> None:
    server.aws("iam", "create-user", "--user-name", "ada")
    user = user_id(server, "ada")
    grant(server, "ada", {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})
    sdk = client_v3(server, server.root, domain_id)
    key = made(sdk, user)
    assert (key.user_id, key.status) == (user, "active")
    assert key.create_time.endswith("Z")
    keys = Keys(key.access, key.secret)
    assert server.client("iam", keys).get_user()["User"]["UserName"] == "ada"
    assert own_id(server, keys) == user
    listed = sdk.list_permanent_access_keys(v3.ListPermanentAccessKeysRequest(user_id=user)).credentials
    assert [(one.access, one.status, one.user_id) for one in listed] == [(key.access, "active", user)]
    shown = sdk.show_permanent_access_key(v3.ShowPermanentAccessKeyRequest(access_key=key.access)).credential
    assert (shown.access, shown.user_id, shown.create_time) == (key.access, user, key.create_time)
    assert shown.last_use_time >= shown.create_time
    assert updated(sdk, key.access, status="inactive").status == "inactive"
    assert statuses(server, "ada") == {key.access: "Inactive"}
    assert ask(server, keys, "/v5/caller-identity").status == 401
    assert updated(sdk, key.access, status="active").status == "active"
    assert statuses(server, "ada") == {key.access: "Active"}
    sdk.delete_permanent_access_key(v3.DeletePermanentAccessKeyRequest(access_key=key.access))
    assert statuses(server, "ada") == {}
    assert ask(server, keys, "/v5/caller-identity").status == 401


def test_a_third_key_is_one_too_many(server: Server, domain_id: str) -> None:
    server.aws("iam", "create-user", "--user-name", "hoarder")
    user = user_id(server, "hoarder")
    sdk = client_v3(server, server.root, domain_id)
    for _ in range(2):
        made(sdk, user)
    error = refusal(made, sdk, user)
    assert (error.status_code, error.error_msg) == (400, "akSkNumExceed")
    told = ask(
        server,
        server.root,
        "/v3.0/OS-CREDENTIAL/credentials",
        method="POST",
        body={"credential": {"user_id": user}},
    )
    assert told.body["error"]["message"] == "akSkNumExceed"
    assert len(statuses(server, "hoarder")) == 2


def test_users_manage_keys_of_their_own_and_nobody_elses(server: Server, domain_id: str) -> None:
    keys = make_user(server, "selfish", OWN)
    server.aws("iam", "create-user", "--user-name", "victim")
    theirs = Keys.of(server.aws("iam", "create-access-key", "--user-name", "victim")["AccessKey"])
    me, victim = own_id(server, keys), own_id(server, theirs)
    sdk = client_v3(server, keys, domain_id)
    own = made(sdk, me)
    listed = sdk.list_permanent_access_keys(v3.ListPermanentAccessKeysRequest()).credentials
    assert {one.access for one in listed} == {keys.access_key_id, own.access}
    assert updated(sdk, own.access, status="inactive").status == "inactive"
    sdk.delete_permanent_access_key(v3.DeletePermanentAccessKeyRequest(access_key=own.access))
    assert outcome(refusal(made, sdk, victim)) == DENIED
    assert outcome(refusal(updated, sdk, theirs.access_key_id, status="inactive")) == DENIED
    delete = v3.DeletePermanentAccessKeyRequest(access_key=theirs.access_key_id)
    assert outcome(refusal(sdk.delete_permanent_access_key, delete)) == DENIED
    assert statuses(server, "victim") == {theirs.access_key_id: "Active"}
    # A key that nobody has is not told apart from somebody else's.
    nowhere = v3.DeletePermanentAccessKeyRequest(access_key="AKIA" + "0" * 16)
    assert outcome(refusal(sdk.delete_permanent_access_key, nowhere)) == DENIED


def test_an_explicit_deny_of_the_aws_door_holds(server: Server, domain_id: str) -> None:
    deny = {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*"}
    keys = make_user(server, "denied", [{"Effect": "Allow", "Action": "*", "Resource": "*"}, deny])
    me = own_id(server, keys)
    assert outcome(refusal(made, client_v3(server, keys, domain_id), me)) == DENIED
    error = refusal(client(server, keys).create_access_key_v5, v5.CreateAccessKeyV5Request(user_id=me))
    assert outcome(error) == DENIED_V5
    assert list(statuses(server, "denied")) == [keys.access_key_id]


def test_the_keys_of_root_are_for_root(server: Server, domain_id: str) -> None:
    admin = make_user(server, "admin", "arn:aws:iam::aws:policy/AdministratorAccess")
    root = own_id(server, server.root)
    sdk = client_v3(server, server.root, domain_id)
    mine = sdk.list_permanent_access_keys(v3.ListPermanentAccessKeysRequest(user_id=root)).credentials
    assert [one.access for one in mine] == [server.root.access_key_id]
    of_admin = client_v3(server, admin, domain_id)
    assert outcome(refusal(made, of_admin, root)) == MISSING
    error = refusal(updated, of_admin, server.root.access_key_id, status="inactive")
    assert outcome(error) == MISSING


def test_what_is_wrong_in_a_body_is_told_apart(server: Server) -> None:
    path = "/v3.0/OS-CREDENTIAL/credentials"
    me = own_id(server, server.root)
    for body, code in (
        ({}, "IAM.0011"),
        ({"credential": {}}, "IAM.0011"),
        ({"credential": {"user_id": 7}}, "IAM.0011"),
        ({"credential": [me]}, "IAM.0011"),
        ({"credential": {"user_id": me, "description": "x" * 40_000}}, "IAM.1101"),
    ):
        told = ask(server, server.root, path, method="POST", body=body)
        assert (told.status, told.body["error_code"]) == (400, code), body
    empty = ask(server, server.root, path, method="POST")
    assert (empty.status, empty.body["error_code"]) == (400, "IAM.1101")
    key = f"{path}/{server.root.access_key_id}"
    for credential in ({"status": "off"}, {"status": True}, {}, {"description": "text"}):
        told = ask(server, server.root, key, method="PUT", body={"credential": credential})
        assert told.status in (400, 501), credential
    for unknown in ("nobody", "0" * 32, me.upper()):
        told = ask(server, server.root, path, method="POST", body={"credential": {"user_id": unknown}})
        assert (told.status, told.body["error_code"]) == MISSING, unknown


def test_a_key_of_v5_lives_and_ends_at_both_doors(server: Server) -> None:
    server.aws("iam", "create-user", "--user-name", "vera")
    user = user_id(server, "vera")
    sdk = client(server, server.root)
    key = sdk.create_access_key_v5(v5.CreateAccessKeyV5Request(user_id=user)).access_key
    assert (key.user_id, key.status) == (user, "active")
    used = v5.ShowAccessKeyLastUsedV5Request(user_id=user, access_key_id=key.access_key_id)
    assert sdk.show_access_key_last_used_v5(used).access_key_last_used.last_used_at is None
    assert own_id(server, Keys(key.access_key_id, key.secret_access_key)) == user
    listed = sdk.list_access_keys_v5(v5.ListAccessKeysV5Request(user_id=user))
    assert [one.access_key_id for one in listed.access_keys] == [key.access_key_id]
    assert listed.page_info.current_count == 1
    body = v5.UpdateAccessKeyReqBody(status="inactive")
    request = v5.UpdateAccessKeyV5Request(user_id=user, access_key_id=key.access_key_id, body=body)
    assert sdk.update_access_key_v5(request).access_key.status == "inactive"
    assert statuses(server, "vera") == {key.access_key_id: "Inactive"}
    # A key is found under its owner alone.
    other = v5.DeleteAccessKeyV5Request(user_id=own_id(server, server.root), access_key_id=key.access_key_id)
    assert outcome(refusal(sdk.delete_access_key_v5, other)) == MISSING
    sdk.delete_access_key_v5(v5.DeleteAccessKeyV5Request(user_id=user, access_key_id=key.access_key_id))
    assert statuses(server, "vera") == {}
    assert outcome(refusal(sdk.show_access_key_last_used_v5, used)) == MISSING
