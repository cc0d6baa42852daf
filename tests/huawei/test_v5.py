"""The v5 API through Huawei's unmodified SDK: users, passwords, groups, policies, agencies, tags. Effects are read back, and
scenes are set, at the AWS door."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from cloud import ask, client, make_user, outcome, own_id, refusal
from huaweicloudsdkiam import v5

from claviger import ACCOUNT, Keys, Server

MISSING = (404, "IAM.0004")
DENIED = (403, "PAP5.0001")
PASSWORD = "Correct-Horse-7"
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    ],
}


@pytest.fixture(scope="module")
def sdk(server: Server) -> v5.IamClient:
    return client(server, server.root)


@pytest.fixture(scope="module")
def nobody(server: Server) -> v5.IamClient:
    return client(server, make_user(server, "nobody"))


@pytest.fixture(scope="module")
def domain_id(server: Server) -> str:
    return ask(server, server.root, "/v5/caller-identity").body["account_id"]


def made_user(sdk: v5.IamClient, name: str, **more) -> v5.User:
    body = v5.CreateUserReqBody(name=name, **({"enabled": True} | more))
    return sdk.create_user_v5(v5.CreateUserV5Request(body=body)).user


def made_group(sdk: v5.IamClient, name: str) -> v5.Group:
    return sdk.create_group_v5(v5.CreateGroupV5Request(body=v5.CreateGroupReqBody(group_name=name))).group


def made_policy(sdk: v5.IamClient, name: str, document=READ) -> v5.Policy:
    body = v5.CreatePolicyReqBody(policy_name=name, policy_document=json.dumps(document), description="to read")
    return sdk.create_policy_v5(v5.CreatePolicyV5Request(body=body)).policy


def made_agency(sdk: v5.IamClient, name: str) -> v5.TrustAgency:
    body = v5.CreateAgencyReqBody(agency_name=name, trust_policy=json.dumps(TRUST), max_session_duration=7200)
    return sdk.create_agency_v5(v5.CreateAgencyV5Request(body=body)).agency


def known(call, **arguments) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NoSuchEntity"
        return False
    return True


# Users


def test_a_user_lives_and_ends(server: Server, sdk: v5.IamClient, domain_id: str) -> None:
    iam = server.client("iam")
    user = made_user(sdk, "ada", description="keeps the engine")
    assert (user.user_name, user.enabled, user.is_root_user) == ("ada", True, False)
    assert user.description == "keeps the engine"
    assert user.urn == f"iam::{domain_id}:user:ada"
    assert iam.get_user(UserName="ada")["User"]["UserName"] == "ada"
    shown = sdk.show_user_v5(v5.ShowUserV5Request(user_id=user.user_id)).user
    assert (shown.description, shown.enabled) == ("keeps the engine", True)
    key = Keys.of(iam.create_access_key(UserName="ada")["AccessKey"])
    assert own_id(server, key) == user.user_id
    body = v5.UpdateUserReqBody(new_user_name="lovelace", new_description="wrote the notes", enabled=False)
    changed = sdk.update_user_v5(v5.UpdateUserV5Request(user_id=user.user_id, body=body)).user
    assert (changed.user_id, changed.user_name, changed.enabled) == (user.user_id, "lovelace", False)
    assert iam.get_user(UserName="lovelace")["User"]["UserName"] == "lovelace"
    assert not known(iam.get_user, UserName="ada")
    assert ask(server, key, "/v5/caller-identity").status == 403
    listed = sdk.list_users_v5(v5.ListUsersV5Request(limit=200)).users
    told = {one.user_name: (one.enabled, one.description) for one in listed}
    assert told["lovelace"] == (False, "wrote the notes")
    # Who has a key is not deleted.
    delete = v5.DeleteUserV5Request(user_id=user.user_id)
    assert refusal(sdk.delete_user_v5, delete).status_code == 409
    iam.delete_access_key(UserName="lovelace", AccessKeyId=key.access_key_id)
    sdk.delete_user_v5(delete)
    assert not known(iam.get_user, UserName="lovelace")
    assert outcome(refusal(sdk.delete_user_v5, delete)) == MISSING


def test_a_disabled_user_is_made_disabled(server: Server, sdk: v5.IamClient) -> None:
    user = made_user(sdk, "asleep", enabled=False)
    assert user.enabled is False
    key = Keys.of(server.client("iam").create_access_key(UserName="asleep")["AccessKey"])
    assert ask(server, key, "/v5/caller-identity").status == 403


def test_who_may_make_users_and_not_disable_them_leaves_none_behind(server: Server) -> None:
    may = [{"Effect": "Allow", "Action": ["iam:CreateUser", "iam:DeleteUser"], "Resource": "*"}]
    sdk = client(server, make_user(server, "maker", may))
    error = refusal(made_user, sdk, "halfmade", enabled=False)
    assert outcome(error) == DENIED
    assert not known(server.client("iam").get_user, UserName="halfmade")
    assert made_user(sdk, "whole").enabled is True


def test_a_change_that_is_refused_in_part_does_not_happen_in_part(server: Server, sdk: v5.IamClient) -> None:
    made_user(sdk, "occupied")
    user = made_user(sdk, "half")
    body = v5.UpdateUserReqBody(new_user_name="OCCUPIED", new_description="new", enabled=False)
    refused = refusal(sdk.update_user_v5, v5.UpdateUserV5Request(user_id=user.user_id, body=body))
    assert outcome(refused) == (409, "1109")
    told = server.operation("GetUserAccess", UserName="half")
    assert told.element("Enabled") == "true" and told.element("Description") is None


def test_what_is_wrong_about_a_user_is_told_apart(server: Server, sdk: v5.IamClient) -> None:
    made_user(sdk, "taken")
    assert outcome(refusal(made_user, sdk, "Taken")) == (409, "1109")
    assert outcome(refusal(made_user, sdk, "a b")) == (400, "1101")
    assert outcome(refusal(made_user, sdk, "fine", description="a<b")) == (400, "1117")
    for body, code in (({}, "1100"), ({"name": 5}, "IAM.0011"), ({"name": "x", "enabled": "false"}, "IAM.0011")):
        told = ask(server, server.root, "/v5/users", method="POST", body=body)
        assert (told.status, told.body["error_code"]) == (400, code), body
    assert not known(server.client("iam").get_user, UserName="x")
    root = own_id(server, server.root)
    assert outcome(refusal(sdk.delete_user_v5, v5.DeleteUserV5Request(user_id=root))) == (400, "1107")


def test_who_may_not_learns_nothing_and_changes_nothing(server: Server, sdk: v5.IamClient, nobody) -> None:
    user = made_user(sdk, "shielded")
    gone = made_user(sdk, "fleeting")
    sdk.delete_user_v5(v5.DeleteUserV5Request(user_id=gone.user_id))
    for user_id in (user.user_id, gone.user_id):
        assert outcome(refusal(nobody.delete_user_v5, v5.DeleteUserV5Request(user_id=user_id))) == DENIED
        assert outcome(refusal(nobody.show_user_v5, v5.ShowUserV5Request(user_id=user_id))) == DENIED
        body = v5.UpdateUserReqBody(enabled=False)
        request = v5.UpdateUserV5Request(user_id=user_id, body=body)
        assert outcome(refusal(nobody.update_user_v5, request)) == DENIED
    assert sdk.show_user_v5(v5.ShowUserV5Request(user_id=user.user_id)).user.enabled is True


def test_an_id_that_is_not_a_users_is_nobodys(server: Server, sdk: v5.IamClient) -> None:
    # An id that was changed fails its check, and one of another kind is no user's.
    user = made_user(sdk, "local")
    group = made_group(sdk, "local")
    for foreign in (user.user_id[:-1] + ("0" if user.user_id[-1] != "0" else "1"), group.group_id, "x" * 32):
        assert outcome(refusal(sdk.show_user_v5, v5.ShowUserV5Request(user_id=foreign))) == MISSING


# Passwords


def test_a_password_is_set_changed_and_taken_away(server: Server, sdk: v5.IamClient) -> None:
    iam = server.client("iam")
    user = made_user(sdk, "pia")
    get = v5.ShowLoginProfileV5Request(user_id=user.user_id)
    assert outcome(refusal(sdk.show_login_profile_v5, get)) == MISSING
    body = v5.CreateLoginProfileReqBody(password=PASSWORD, password_reset_required=True)
    create = v5.CreateLoginProfileV5Request(user_id=user.user_id, body=body)
    profile = sdk.create_login_profile_v5(create).login_profile
    assert (profile.user_id, profile.password_reset_required) == (user.user_id, True)
    assert iam.get_login_profile(UserName="pia")["LoginProfile"]["PasswordResetRequired"] is True
    assert refusal(sdk.create_login_profile_v5, create).status_code == 409
    body = v5.UpdateLoginProfileReqBody(password_reset_required=False)
    update = v5.UpdateLoginProfileV5Request(user_id=user.user_id, body=body)
    assert sdk.update_login_profile_v5(update).login_profile.password_reset_required is False
    assert sdk.show_login_profile_v5(get).login_profile.password_reset_required is False
    may = [{"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "*"}]
    iam.put_user_policy(
        UserName="pia",
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": may}),
    )
    own = client(server, Keys.of(iam.create_access_key(UserName="pia")["AccessKey"]))

    def change(old: str, new: str):
        body = v5.ChangePasswordReqBody(old_password=old, new_password=new)
        return own.change_password_v5(v5.ChangePasswordV5Request(body=body))

    assert refusal(change, "Wrong-Horse-7", "Better-Horse-8").status_code in (400, 401, 403)
    assert outcome(refusal(change, PASSWORD, "short")) == (400, "1118")
    assert outcome(refusal(change, PASSWORD, "Long-Horse-" + "9" * 30)) == (400, "1118")
    change(PASSWORD, "Better-Horse-8")
    sdk.delete_login_profile_v5(v5.DeleteLoginProfileV5Request(user_id=user.user_id))
    assert not known(iam.get_login_profile, UserName="pia")
    body = v5.ChangePasswordReqBody(old_password="a", new_password="b")
    error = refusal(sdk.change_password_v5, v5.ChangePasswordV5Request(body=body))
    assert outcome(error) == (400, "PAP5.0040")
    last = sdk.show_user_last_login_v5(v5.ShowUserLastLoginV5Request(user_id=user.user_id)).user_last_login
    assert last.last_login_at is None


# Groups


def test_a_group_lives_and_ends(server: Server, sdk: v5.IamClient, domain_id: str) -> None:
    iam = server.client("iam")
    group, user = made_group(sdk, "crew"), made_user(sdk, "gus")
    assert group.urn == f"iam::{domain_id}:group:crew"
    add = v5.AddUserToGroupV5Request(group.group_id, v5.AddUserToGroupReqBody(user_id=user.user_id))
    sdk.add_user_to_group_v5(add)
    assert [one["UserName"] for one in iam.get_group(GroupName="crew")["Users"]] == ["gus"]
    of_user = sdk.list_groups_v5(v5.ListGroupsV5Request(user_id=user.user_id)).groups
    assert [one.group_id for one in of_user] == [group.group_id]
    # The SDK has no name for this one.
    summary = ask(server, server.root, "/v5/groups-summary").body["groups"]
    assert {one["group_name"]: one["user_count"] for one in summary}["crew"] == 1
    delete = v5.DeleteGroupV5Request(group_id=group.group_id)
    assert refusal(sdk.delete_group_v5, delete).status_code == 409
    body = v5.UpdateGroupReqBody(new_group_name="hands")
    renamed = sdk.update_group_v5(v5.UpdateGroupV5Request(group_id=group.group_id, body=body)).group
    assert (renamed.group_id, renamed.group_name) == (group.group_id, "hands")
    shown = sdk.show_group_v5(v5.ShowGroupV5Request(group_id=group.group_id)).group
    assert shown.group_name == "hands"
    remove = v5.RemoveUserFromGroupReqBody(user_id=user.user_id)
    sdk.remove_user_from_group_v5(v5.RemoveUserFromGroupV5Request(group.group_id, remove))
    assert iam.get_group(GroupName="hands")["Users"] == []
    sdk.delete_group_v5(delete)
    assert not known(iam.get_group, GroupName="hands")
    assert outcome(refusal(sdk.add_user_to_group_v5, add)) == MISSING


def test_a_group_is_not_for_whoever_asks(server: Server, sdk: v5.IamClient, nobody) -> None:
    group = made_group(sdk, "closed")
    me = own_id(server, server.root)
    body = v5.AddUserToGroupReqBody(user_id=me)
    assert outcome(refusal(nobody.add_user_to_group_v5, v5.AddUserToGroupV5Request(group.group_id, body))) == DENIED
    assert outcome(refusal(nobody.delete_group_v5, v5.DeleteGroupV5Request(group.group_id))) == DENIED
    assert outcome(refusal(nobody.list_groups_v5, v5.ListGroupsV5Request())) == DENIED


# Policies


def test_a_policy_grants_where_it_is_attached(server: Server, sdk: v5.IamClient, domain_id: str) -> None:
    policy = made_policy(sdk, "reading")
    assert (policy.policy_type, policy.default_version_id) == ("custom", "v1")
    assert policy.urn == f"iam::{domain_id}:policy:reading"
    keys = make_user(server, "polly")
    user_id = own_id(server, keys)
    own = client(server, keys)
    assert outcome(refusal(own.list_users_v5, v5.ListUsersV5Request())) == DENIED
    body = v5.AttachUserPolicyReqBody(user_id=user_id)
    sdk.attach_user_policy_v5(v5.AttachUserPolicyV5Request(policy.policy_id, body))
    assert own.list_users_v5(v5.ListUsersV5Request()).users
    assert server.client("iam", keys).list_users()["Users"]
    attached = sdk.list_attached_user_policies_v5(v5.ListAttachedUserPoliciesV5Request(user_id=user_id))
    assert [(one.policy_id, one.policy_name) for one in attached.attached_policies] == [(policy.policy_id, "reading")]
    entities = sdk.list_entities_for_policy_v5(v5.ListEntitiesForPolicyV5Request(policy_id=policy.policy_id))
    assert [one.user_id for one in entities.policy_users] == [user_id]
    delete = v5.DeletePolicyV5Request(policy_id=policy.policy_id)
    assert refusal(sdk.delete_policy_v5, delete).status_code == 409
    body = v5.DetachUserPolicyReqBody(user_id=user_id)
    sdk.detach_user_policy_v5(v5.DetachUserPolicyV5Request(policy.policy_id, body))
    assert outcome(refusal(own.list_users_v5, v5.ListUsersV5Request())) == DENIED
    sdk.delete_policy_v5(delete)
    assert outcome(refusal(sdk.delete_policy_v5, delete)) == MISSING


def test_a_systems_policy_is_awss(server: Server, sdk: v5.IamClient, nobody) -> None:
    listed = sdk.list_policies_v5(v5.ListPoliciesV5Request(policy_type="system", limit=200)).policies
    admin = next(one for one in listed if one.policy_name == "AdministratorAccess")
    shown = sdk.get_policy_v5(v5.GetPolicyV5Request(policy_id=admin.policy_id)).policy
    assert (shown.policy_type, shown.urn) == ("system", "iam::system:policy:AdministratorAccess")
    group, keys = made_group(sdk, "bosses"), make_user(server, "boss")
    body = v5.AttachGroupPolicyReqBody(group_id=group.group_id)
    request = v5.AttachGroupPolicyV5Request(admin.policy_id, body)
    assert outcome(refusal(nobody.attach_group_policy_v5, request)) == DENIED
    sdk.attach_group_policy_v5(request)
    server.aws("iam", "add-user-to-group", "--group-name", "bosses", "--user-name", "boss")
    assert client(server, keys).list_users_v5(v5.ListUsersV5Request()).users
    attached = sdk.list_attached_group_policies_v5(v5.ListAttachedGroupPoliciesV5Request(group_id=group.group_id))
    assert [one.policy_id for one in attached.attached_policies] == [admin.policy_id]
    body = v5.DetachGroupPolicyReqBody(group_id=group.group_id)
    sdk.detach_group_policy_v5(v5.DetachGroupPolicyV5Request(admin.policy_id, body))
    assert outcome(refusal(client(server, keys).list_users_v5, v5.ListUsersV5Request())) == DENIED
    custom = sdk.list_policies_v5(v5.ListPoliciesV5Request(policy_type="custom", limit=200)).policies
    assert all(one.policy_type == "custom" for one in custom)


def test_versions_of_a_policy(server: Server, sdk: v5.IamClient) -> None:
    policy = made_policy(sdk, "versioned")
    denying = json.dumps(READ).replace("Allow", "Deny")

    def make(default: bool | None = None) -> v5.PolicyVersion:
        body = v5.CreatePolicyVersionReqBody(policy_document=denying, set_as_default=default)
        return sdk.create_policy_version_v5(v5.CreatePolicyVersionV5Request(policy.policy_id, body)).policy_version

    assert (make().version_id, make(True).is_default) == ("v2", True)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/versioned"
    assert server.client("iam").get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    get = v5.GetPolicyVersionV5Request(policy_id=policy.policy_id, version_id="v1")
    assert json.loads(sdk.get_policy_version_v5(get).policy_version.document) == READ
    for _ in range(2):
        make()
    assert outcome(refusal(make)) == (409, "PAP5.0028")
    sdk.set_default_policy_version_v5(v5.SetDefaultPolicyVersionV5Request(policy.policy_id, "v1"))
    listed = sdk.list_policy_versions_v5(v5.ListPolicyVersionsV5Request(policy_id=policy.policy_id)).versions
    assert {one.version_id: one.is_default for one in listed}["v1"] is True
    assert len(listed) == 5
    sdk.delete_policy_version_v5(v5.DeletePolicyVersionV5Request(policy.policy_id, "v2"))
    assert refusal(sdk.delete_policy_version_v5, v5.DeletePolicyVersionV5Request(policy.policy_id, "v1")).status_code == 409
    assert outcome(refusal(sdk.delete_policy_version_v5, v5.DeletePolicyVersionV5Request(policy.policy_id, "v9"))) == MISSING
    assert outcome(refusal(made_policy, sdk, "broken", {"Version": "2012-10-17"})) == (400, "PAP5.0011")


# Agencies


def test_an_agency_is_a_role(server: Server, sdk: v5.IamClient, nobody, domain_id: str) -> None:
    iam = server.client("iam")
    agency = made_agency(sdk, "night")
    assert agency.urn == f"iam::{domain_id}:agency:night"
    assert iam.get_role(RoleName="night")["Role"]["MaxSessionDuration"] == 7200
    assert json.loads(agency.trust_policy) == TRUST
    get = v5.GetAgencyV5Request(agency_id=agency.agency_id)
    assert outcome(refusal(nobody.get_agency_v5, get)) == DENIED
    body = v5.UpdateAgencyReqBody(max_session_duration=3600, description="shift")
    sdk.update_agency_v5(v5.UpdateAgencyV5Request(agency.agency_id, body))
    shown = sdk.get_agency_v5(get).agency
    assert (shown.max_session_duration, shown.description) == (3600, "shift")
    denying = json.dumps(TRUST).replace("Allow", "Deny")
    body = v5.UpdateTrustPolicyReqBody(trust_policy=denying)
    sdk.update_trust_policy_v5(v5.UpdateTrustPolicyV5Request(agency.agency_id, body))
    assert iam.get_role(RoleName="night")["Role"]["AssumeRolePolicyDocument"] == json.loads(denying)
    policy = made_policy(sdk, "nightly")
    body = v5.AttachAgencyPolicyReqBody(agency_id=agency.agency_id)
    sdk.attach_agency_policy_v5(v5.AttachAgencyPolicyV5Request(policy.policy_id, body))
    attached = sdk.list_attached_agency_policies_v5(v5.ListAttachedAgencyPoliciesV5Request(agency.agency_id))
    assert [one.policy_id for one in attached.attached_policies] == [policy.policy_id]
    body = v5.DetachAgencyPolicyReqBody(agency_id=agency.agency_id)
    sdk.detach_agency_policy_v5(v5.DetachAgencyPolicyV5Request(policy.policy_id, body))
    assert "night" in [one.agency_name for one in sdk.list_agencies_v5(v5.ListAgenciesV5Request()).agencies]
    sdk.delete_agency_v5(v5.DeleteAgencyV5Request(agency_id=agency.agency_id))
    assert not known(iam.get_role, RoleName="night")
    body = v5.CreateAgencyReqBody(agency_name="bad", trust_policy="{}")
    assert outcome(refusal(sdk.create_agency_v5, v5.CreateAgencyV5Request(body=body))) == (400, "PAP5.0011")


# Tags and counts


def test_tags_are_set_listed_and_removed(server: Server, sdk: v5.IamClient, nobody) -> None:
    iam = server.client("iam")
    user, agency = made_user(sdk, "tagged"), made_agency(sdk, "tagged")
    for kind, bearer in (("user", user.user_id), ("agency", agency.agency_id)):
        body = {"tags": [{"tag_key": "team", "tag_value": "blue"}, {"tag_key": "level", "tag_value": ""}]}
        told = ask(server, server.root, f"/v5/{kind}/{bearer}/tags/create", method="POST", body=body)
        assert told.status == 200, told.body
        told = ask(server, server.root, f"/v5/{kind}/{bearer}/tags/delete", method="DELETE", body=["level"])
        assert told.status == 204, told.body
        told = ask(server, server.root, f"/v5/{kind}/{bearer}/tags")
        assert told.body["tags"] == [{"tag_key": "team", "tag_value": "blue"}]
        refused = ask(server, server.root, f"/v5/{kind}/{bearer}/tags/create", method="POST", body={"tags": [1]})
        assert (refused.status, refused.body["error_code"]) == (400, "IAM.0011")
    assert iam.list_user_tags(UserName="tagged")["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert iam.list_role_tags(RoleName="tagged")["Tags"] == [{"Key": "team", "Value": "blue"}]
    request = v5.ListResourceTagsV5Request(resource_id=user.user_id, resource_type="user")
    assert [(one.tag_key, one.tag_value) for one in sdk.list_resource_tags_v5(request).tags] == [("team", "blue")]
    assert outcome(refusal(nobody.list_resource_tags_v5, request)) == DENIED
    assert ask(server, server.root, f"/v5/group/{user.user_id}/tags").status == 400


def test_the_accounts_counts_are_told(server: Server, sdk: v5.IamClient, nobody) -> None:
    there = server.aws("iam", "get-account-summary")["SummaryMap"]
    told = sdk.get_account_summary_v5(v5.GetAccountSummaryV5Request())
    assert (told.users, told.users_quota) == (there["Users"], there["UsersQuota"])
    assert (told.agencies, told.versions_per_policy_quota) == (there["Roles"], there["VersionsPerPolicyQuota"])
    assert outcome(refusal(nobody.get_account_summary_v5, v5.GetAccountSummaryV5Request())) == DENIED
