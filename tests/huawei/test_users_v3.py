"""Users and groups through OpenStack's own clients and Huawei's SDK; what they do is read back through the AWS door."""

from __future__ import annotations

import json

import pytest
from cloud import send
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam import v3 as sdk
from keystone import PASSWORD, connection, openstack_cli, session

from claviger import CliError, Server

EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


@pytest.fixture(scope="module")
def admin(server: Server) -> str:
    server.aws("iam", "create-user", "--user-name", "admin")
    server.aws("iam", "create-login-profile", "--user-name", "admin", "--password", PASSWORD)
    server.aws("iam", "put-user-policy", "--user-name", "admin", "--policy-name", "p", "--policy-document", EVERYTHING)
    return "admin"


def cli(server: Server, name: str, *arguments: str):
    done = openstack_cli(server, name, *arguments, "-f", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def missing(server: Server, name: str) -> bool:
    try:
        server.aws("iam", "get-user", "--user-name", name)
    except CliError as error:
        assert "NoSuchEntity" in str(error)
        return True
    return False


def call(server: Server, held: str, method: str, path: str, body: object = None):
    raw = json.dumps(body).encode() if body is not None else b""
    headers = {"X-Auth-Token": held, "Content-Type": "application/json"}
    return send(server, method, path, headers, raw)


def test_the_life_of_a_user_by_the_command_line_client(server: Server, admin: str) -> None:
    made = cli(server, admin, "user", "create", "alice", "--password", PASSWORD, "--description", "night shift")
    assert made["name"] == "alice" and made["enabled"] is True
    assert not missing(server, "alice")
    assert session(server, "alice").get_token()
    assert {user["Name"] for user in cli(server, admin, "user", "list")} >= {"admin", "alice"}
    shown = cli(server, admin, "user", "show", "alice")
    assert shown["id"] == made["id"] and shown["description"] == "night shift"
    changed = openstack_cli(server, admin, "user", "set", "alice", "--name", "alicia", "--password", "Battery-Staple-8")
    assert changed.returncode == 0, changed.stderr
    assert missing(server, "alice") and not missing(server, "alicia")
    assert session(server, "alicia", "Battery-Staple-8").get_token()
    # The user's own change, by the old password.
    own = openstack_cli(
        server,
        "alicia",
        "user",
        "password",
        "set",
        "--password",
        "Coffee-Filter-9",
        "--original-password",
        "Battery-Staple-8",
        password="Battery-Staple-8",
    )
    assert own.returncode == 0, own.stderr
    assert session(server, "alicia", "Coffee-Filter-9").get_token()
    disabled = openstack_cli(server, admin, "user", "set", "alicia", "--disable")
    assert disabled.returncode == 0, disabled.stderr
    assert cli(server, admin, "user", "show", "alicia")["enabled"] is False
    assert server.operation("GetUserAccess", UserName="alicia").element("Enabled") == "false"
    # Whatever the user still has must go first, as at the other door.
    refused = openstack_cli(server, admin, "user", "delete", "alicia")
    assert refused.returncode != 0 and "409" in refused.stderr
    server.aws("iam", "delete-login-profile", "--user-name", "alicia")
    assert openstack_cli(server, admin, "user", "delete", "alicia").returncode == 0
    assert missing(server, "alicia")


def test_groups_and_who_is_in_them_by_both_clients(server: Server, admin: str) -> None:
    group = cli(server, admin, "group", "create", "crew")
    server.aws("iam", "create-user", "--user-name", "bob")
    bob = cli(server, admin, "user", "show", "bob")["id"]
    assert openstack_cli(server, admin, "group", "add", "user", "crew", "bob").returncode == 0
    members = server.aws("iam", "get-group", "--group-name", "crew")["Users"]
    assert [user["UserName"] for user in members] == ["bob"]
    told = openstack_cli(server, admin, "group", "contains", "user", "crew", "bob")
    assert "bob in group crew" in told.stdout
    cloud = connection(server, admin)
    assert cloud.identity.check_user_in_group(bob, group["id"])
    assert [one.name for one in cloud.identity.group_users(group["id"])] == ["bob"]
    assert cloud.identity.find_group("crew").id == group["id"]
    assert [one["Name"] for one in cli(server, admin, "group", "list", "--user", "bob")] == ["crew"]
    cloud.identity.update_group(group["id"], name="team")
    assert openstack_cli(server, admin, "group", "remove", "user", "team", "bob").returncode == 0
    assert not cloud.identity.check_user_in_group(bob, group["id"])
    cloud.identity.delete_group(group["id"])
    assert server.aws("iam", "list-groups")["Groups"] == []
    server.aws("iam", "delete-user", "--user-name", "bob")


def test_huaweis_sdk_makes_a_user_who_is_whole_at_the_other_door(server: Server, admin: str) -> None:
    credentials = GlobalCredentials(server.root.access_key_id, server.root.secret_access_key)
    client = sdk.IamClient.new_builder().with_credentials(credentials).with_endpoint(server.endpoint).build()
    user = sdk.KeystoneCreateUserOption(name="carol", password=PASSWORD, enabled=True)
    body = sdk.KeystoneCreateUserRequestBody(user=user)
    made = client.keystone_create_user(sdk.KeystoneCreateUserRequest(body=body)).user
    assert server.aws("iam", "get-login-profile", "--user-name", "carol")["LoginProfile"]["UserName"] == "carol"
    group = sdk.KeystoneCreateGroupOption(name="night")
    body = sdk.KeystoneCreateGroupRequestBody(group=group)
    crew = client.keystone_create_group(sdk.KeystoneCreateGroupRequest(body=body)).group
    client.keystone_add_user_to_group(sdk.KeystoneAddUserToGroupRequest(group_id=crew.id, user_id=made.id))
    client.keystone_check_user_in_group(sdk.KeystoneCheckUserInGroupRequest(group_id=crew.id, user_id=made.id))
    assert server.aws("iam", "list-groups-for-user", "--user-name", "carol")["Groups"][0]["GroupName"] == "night"
    users = client.keystone_list_users_for_group_by_admin(
        sdk.KeystoneListUsersForGroupByAdminRequest(group_id=crew.id)
    ).users
    assert [one.name for one in users] == ["carol"]
    option = sdk.KeystoneUpdateUserOption(name="caroline")
    body = sdk.KeystoneUpdateUserByAdminRequestBody(user=option)
    client.keystone_update_user_by_admin(sdk.KeystoneUpdateUserByAdminRequest(user_id=made.id, body=body))
    assert not missing(server, "caroline")
    with pytest.raises(ClientRequestException) as refused:
        client.keystone_show_user(sdk.KeystoneShowUserRequest(user_id="0" * 32))
    assert (refused.value.status_code, refused.value.error_code) == (404, "IAM.0004")


def test_what_is_refused_leaves_nothing_behind(server: Server, admin: str) -> None:
    held = session(server, admin).get_token()
    for user, status, code in (
        ({"name": "dora", "password": "a"}, 400, "1118"),
        ({"name": "d o", "password": PASSWORD}, 400, "1101"),
        ({"password": PASSWORD}, 400, "1100"),
        ({"name": "dora", "description": "a@b"}, 400, "1117"),
        ({"name": "dora", "enabled": "false"}, 400, "IAM.0011"),
        ({"name": "dora", "domain_id": "0" * 32}, 403, "IAM.0002"),
        ({"name": "ADMIN", "password": PASSWORD}, 409, "1109"),
    ):
        answer = call(server, held, "POST", "/v3/users", {"user": user})
        assert (answer.status, answer.body["error_code"]) == (status, code), (user, answer.body)
        assert answer.body["error"]["code"] == status
    assert missing(server, "dora")
    # Of a change with a name that is taken the password does not happen either.
    made = call(server, held, "POST", "/v3/users", {"user": {"name": "erin", "password": PASSWORD}}).body["user"]
    change = {"user": {"name": "admin", "password": "Battery-Staple-8"}}
    assert call(server, held, "PATCH", f"/v3/users/{made['id']}", change).status == 409
    assert session(server, "erin").get_token()


def test_nobody_does_what_policies_do_not_allow_and_a_deny_of_the_other_door_holds(server: Server, admin: str) -> None:
    deny = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":["iam:CreateLoginProfile","iam:AddUserToGroup"],"Resource":"*"}]}"""
    for name, policy in (("frank", None), ("grace", deny)):
        server.aws("iam", "create-user", "--user-name", name)
        server.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
        if policy is not None:
            server.aws("iam", "put-user-policy", "--user-name", name, "--policy-name", "p", "--policy-document", policy)
    own = {name: session(server, name).get_token() for name in ("frank", "grace", admin)}
    listed = call(server, own[admin], "GET", "/v3/users?name=frank").body["users"]
    assert [user["name"] for user in listed] == ["frank"]
    frank = listed[0]["id"]
    for method, path, body in (
        ("GET", "/v3/users", None),
        ("GET", f"/v3/users/{'5e' + '0' * 30}", None),
        ("GET", "/v3/groups", None),
        ("POST", "/v3/users", {"user": {"name": "heidi"}}),
        ("DELETE", f"/v3/users/{frank}", None),
        ("POST", "/v3/groups", {"group": {"name": "heidi"}}),
    ):
        status = call(server, own["frank"], method, path, body).status
        assert status in (403, 404) and (status == 403 or "5e0" in path), (method, path, status)
    with_password = {"user": {"name": "heidi", "password": PASSWORD}}
    assert call(server, own["grace"], "POST", "/v3/users", with_password).status == 403
    assert missing(server, "heidi")
    made = call(server, own["grace"], "POST", "/v3/users", {"user": {"name": "heidi"}}).body["user"]
    crew = call(server, own["grace"], "POST", "/v3/groups", {"group": {"name": "denied"}}).body["group"]
    assert call(server, own["grace"], "PUT", f"/v3/groups/{crew['id']}/users/{made['id']}").status == 403
    # A password is changed by its owner alone, whoever asks.
    change = {"user": {"password": "Battery-Staple-8", "original_password": PASSWORD}}
    assert call(server, own[admin], "POST", f"/v3/users/{frank}/password", change).status == 403
