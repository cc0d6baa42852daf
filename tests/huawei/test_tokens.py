"""Tokens: issued to a password, or a password and a code, by Keystone's own clients; what they open is set up through the
AWS door, and what ends them is done there.

Names that bear a number are abuse cases.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cloud import send
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkiam import v3 as sdk
from keystone import DOMAIN, PASSWORD, PROJECT, connection, openstack_cli, plugin, session
from keystoneauth1 import exceptions
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from claviger import ACCOUNT, Keys, Server, totp

READ_ALL = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"


def make_user(server: Server, name: str, policy: str | None = None) -> None:
    server.aws("iam", "create-user", "--user-name", name)
    server.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    if policy is not None:
        server.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", policy)


@pytest.fixture(scope="module")
def alice(server: Server) -> str:
    make_user(server, "alice", READ_ALL)
    return "alice"


def token(server: Server, name: str, password: str = PASSWORD) -> str:
    return session(server, name, password).get_token()


def about(server: Server, method: str, asking: str, subject: str, query: str = "") -> tuple[int, dict]:
    answer = send(
        server, method, f"/v3/auth/tokens{query}", {"X-Auth-Token": asking, "X-Subject-Token": subject}
    )
    return answer.status, answer.body


def methods(server: Server, held: str) -> list[str]:
    return about(server, "GET", held, held)[1]["token"]["methods"]


def is_good(server: Server, held: str) -> bool:
    status = send(server, "GET", "/v3/auth/domains", {"X-Auth-Token": held}).status
    assert status in (200, 401)
    return status == 200


def ask(server: Server, identity: dict, scope: dict | None = None, headers: dict | None = None):
    auth = {"identity": identity} | ({"scope": scope} if scope else {})
    body = json.dumps({"auth": auth}).encode()
    return send(
        server, "POST", "/v3/auth/tokens", {"Content-Type": "application/json"} | (headers or {}), body
    )


def by_password(name: str, password: str = PASSWORD) -> dict:
    user = {"name": name, "password": password, "domain": {"name": ACCOUNT}}
    return {"methods": ["password"], "password": {"user": user}}


# What a token is


def test_keystoneauth_gets_a_token_for_the_account_and_for_its_project(server: Server, alice: str) -> None:
    for scope in (DOMAIN, PROJECT):
        authentication = plugin(server, alice, scope=scope)
        held = keystone_session.Session(auth=authentication)
        access = authentication.get_access(held)
        assert access.username == "alice" and access.user_domain_name == ACCOUNT
        assert methods(server, access.auth_token) == ["password"]
        address = access.service_catalog.url_for(service_type="identity", interface="public")
        assert address == f"http://localhost:{server.port}/v3"
        if scope is DOMAIN:
            assert access.domain_name == ACCOUNT and access.project_name is None
        else:
            assert access.project_name == "claviger" and access.project_domain_name == ACCOUNT


def test_what_a_token_may_do_is_what_policies_say_at_the_next_request(server: Server) -> None:
    make_user(server, "carol")
    held = token(server, "carol")

    def users():
        return send(server, "GET", "/v5/users", {"X-Auth-Token": held})

    assert users().status == 403
    server.aws("iam", "attach-user-policy", "--user-name", "carol", "--policy-arn", READ_ALL)
    assert {user["user_name"] for user in users().body["users"]} >= {"carol"}
    deny = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}}'
    server.aws("iam", "put-user-policy", "--user-name", "carol", "--policy-name", "no", "--policy-document", deny)
    assert users().status == 403


def test_root_is_the_owner_of_the_domain_and_answers_to_its_name(make_server: Callable[..., Server]) -> None:
    server = make_server(env={"CLAVIGER_ROOT_PASSWORD": PASSWORD}).start()
    held = session(server, ACCOUNT)
    access = held.auth.get_access(held)
    assert access.username == ACCOUNT
    assert send(server, "GET", "/v5/users", {"X-Auth-Token": access.auth_token}).status == 200


def test_openstacksdk_connects_and_finds_the_project(server: Server, alice: str) -> None:
    cloud = connection(server, alice)
    assert cloud.current_project_id == cloud.identity.find_project("claviger").id
    assert [domain.name for domain in cloud.identity.domains()] == [ACCOUNT]
    assert [region.id for region in cloud.identity.regions()] == ["claviger"]
    assert [service.type for service in cloud.identity.services()] == ["identity"]


def test_the_command_line_client_shows_and_revokes_a_token(server: Server, alice: str) -> None:
    issued = openstack_cli(server, alice, "token", "issue", "-f", "json")
    assert issued.returncode == 0, issued.stderr
    held = json.loads(issued.stdout)["id"]
    assert is_good(server, held)
    catalog = openstack_cli(server, alice, "catalog", "list", "-f", "json")
    assert catalog.returncode == 0, catalog.stderr
    assert [entry["Type"] for entry in json.loads(catalog.stdout)] == ["identity"]
    project = openstack_cli(server, alice, "project", "show", "claviger", "-f", "json")
    assert json.loads(project.stdout)["name"] == "claviger"
    revoked = openstack_cli(server, alice, "token", "revoke", held)
    assert revoked.returncode == 0, revoked.stderr
    assert not is_good(server, held)


def test_huaweis_sdk_finds_the_account_by_its_key_and_gets_a_token(server: Server, alice: str) -> None:
    keys = Keys.of(server.aws("iam", "create-access-key", "--user-name", alice)["AccessKey"])
    credentials = GlobalCredentials(keys.access_key_id, keys.secret_access_key)
    client = sdk.IamClient.new_builder().with_credentials(credentials).with_endpoint(server.endpoint).build()
    domains = client.keystone_list_auth_domains(sdk.KeystoneListAuthDomainsRequest()).domains
    assert [domain.name for domain in domains] == [ACCOUNT]
    user = sdk.PwdPasswordUser(domain=sdk.PwdPasswordUserDomain(name=ACCOUNT), name=alice, password=PASSWORD)
    identity = sdk.PwdIdentity(methods=["password"], password=sdk.PwdPassword(user=user))
    scope = sdk.AuthScope(domain=sdk.AuthScopeDomain(id=domains[0].id))
    body = sdk.KeystoneCreateUserTokenByPasswordRequestBody(auth=sdk.PwdAuth(identity=identity, scope=scope))
    answer = client.keystone_create_user_token_by_password(
        sdk.KeystoneCreateUserTokenByPasswordRequest(nocatalog="true", body=body)
    )
    assert answer.status_code == 201 and answer.token.user.name == alice
    assert not answer.token.catalog
    assert is_good(server, answer.x_subject_token)
    projects = client.keystone_list_auth_projects(sdk.KeystoneListAuthProjectsRequest()).projects
    assert [project.name for project in projects] == ["claviger"]


# What opens none


def test_ac_30_whatever_is_wrong_is_answered_alike(server: Server, alice: str) -> None:
    make_user(server, "off")
    server.aws("iam", "create-user", "--user-name", "nopass")
    # Through the AWS door, whose client does not know the operation.
    assert server.operation("SetUserAccess", UserName="off", Enabled="false").status == 200
    told = []
    for identity in (
        by_password(alice, "Wrong-Horse-7"),
        by_password("nobody"),
        by_password("nopass"),
        by_password("off"),
        {"methods": ["password"], "password": {"user": {"id": "0" * 32, "password": PASSWORD}}},
        {
            "methods": ["password"],
            "password": {"user": {"name": alice, "password": PASSWORD, "domain": {"name": "elsewhere"}}},
        },
    ):
        answer = ask(server, identity)
        assert answer.status == 401 and "X-Subject-Token" not in answer.headers
        told.append((answer.body["error"], answer.body["error_code"]))
    assert all(one == told[0] for one in told), told
    assert told[0][0]["title"] == "Unauthorized"
    with pytest.raises(exceptions.Unauthorized):
        token(server, alice, "Wrong-Horse-7")


def test_broken_requests_are_refused_as_such(server: Server) -> None:
    for body in (
        b"",
        b"[]",
        b"{",
        b'{"auth":{}}',
        b'{"auth":{"identity":{"methods":["saml2"]}}}',
        b'{"auth":{"identity":{"methods":"password"}}}',
        b'{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":1}}}}}',
        b'{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":"b"}}}}}',
        b'{"auth":{"identity":{"methods":["token"]}}}',
        json.dumps({"auth": {"identity": by_password("a" * 40_000)}}).encode(),
    ):
        answer = send(server, "POST", "/v3/auth/tokens", {"Content-Type": "application/json"}, body)
        assert answer.status == 400 and answer.body["error"]["code"] == 400, body
    assert send(server, "PUT", "/v3/auth/tokens", {}).status == 405
    anonymous = send(server, "GET", "/v3/auth/tokens", {})
    assert anonymous.status == 401


def test_a_token_for_somebody_elses_account_or_project_is_not_issued(server: Server, alice: str) -> None:
    for scope in (
        {"domain": {"name": "elsewhere"}},
        {"domain": {"id": "0" * 32}},
        {"project": {"name": "eu-de"}},
        {"project": {"id": "0" * 32}},
    ):
        answer = ask(server, by_password(alice), scope)
        assert answer.status == 401 and "X-Subject-Token" not in answer.headers, scope


def test_ac_31_parallel_guesses_are_counted_before_a_password_is_looked_at(server: Server) -> None:
    make_user(server, "guessed")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: ask(server, by_password("guessed", f"Wrong-Horse-{n}")), range(40)))
    assert {answer.status for answer in answers} == {401}
    locked = [answer for answer in answers if answer.body["error_code"] == "IAM.0061"]
    assert len(locked) >= 30
    assert ask(server, by_password("guessed")).body["error_code"] == "IAM.0061"


def test_a_password_that_somebody_else_has_set_must_be_changed_first(server: Server) -> None:
    server.aws("iam", "create-user", "--user-name", "fresh")
    server.aws(
        "iam", "create-login-profile", "--user-name", "fresh", "--password", PASSWORD, "--password-reset-required"
    )
    answer = ask(server, by_password("fresh"))
    assert answer.status == 401 and "must be changed" in answer.body["error"]["message"]


# The second factor


def test_a_code_stands_for_the_second_factor_at_both_doors(timed_server: Server) -> None:
    server = timed_server
    make_user(server, "mallory")
    needs = """{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}"""
    server.aws("iam", "put-user-policy", "--user-name", "mallory", "--policy-name", "mfa", "--policy-document", needs)
    made = server.operation("CreateVirtualMFADevice", VirtualMFADeviceName="mallory")
    seed = base64.b64decode(made.element("Base32StringSeed")).decode()
    serial = made.element("SerialNumber")
    now = server.early_in_step()
    server.operation(
        "EnableMFADevice",
        UserName="mallory",
        SerialNumber=serial,
        AuthenticationCode1=totp(seed, now, -1),
        AuthenticationCode2=totp(seed, now),
    )

    def status_of(held: str) -> int:
        return send(server, "GET", "/v5/users", {"X-Auth-Token": held}).status

    assert status_of(token(server, "mallory")) == 403
    server.advance(60)
    now = server.early_in_step()
    code = totp(seed, now)
    both = v3.MultiFactor(
        auth_url=f"{server.endpoint}/v3",
        auth_methods=["v3password", "v3totp"],
        username="mallory",
        user_domain_name=ACCOUNT,
        password=PASSWORD,
        passcode=code,
        domain_name=ACCOUNT,
    )
    held = keystone_session.Session(auth=both)
    access = both.get_access(held)
    assert methods(server, access.auth_token) == ["password", "totp"]
    assert status_of(access.auth_token) == 200
    # Once (AC-35), and whose code it is said to be must be who signs in.
    identity = by_password("mallory") | {"methods": ["password", "totp"]}
    assert ask(server, identity | {"totp": {"user": {"passcode": code}}}).status == 401
    server.advance(60)
    now = server.early_in_step()
    other = {"totp": {"user": {"id": "0" * 32, "passcode": totp(seed, now)}}}
    assert ask(server, identity | other).status == 401


# What shows and ends one


def test_a_token_is_shown_to_its_bearer_and_to_who_may_see_it(server: Server, alice: str) -> None:
    make_user(server, "eve")
    held, other = token(server, alice), token(server, "eve")
    status, body = about(server, "GET", held, held)
    assert status == 200 and body["token"]["user"]["name"] == alice and "catalog" in body["token"]
    assert "catalog" not in about(server, "GET", held, held, "?nocatalog")[1]["token"]
    assert about(server, "HEAD", held, held) == (200, None)
    # IAMReadOnlyAccess does not cover what AWS does not know.
    assert about(server, "GET", other, held)[0] == 403
    allow = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ValidateToken","Resource":"*"}}'
    server.aws("iam", "put-user-policy", "--user-name", "eve", "--policy-name", "see", "--policy-document", allow)
    assert about(server, "GET", other, held)[1]["token"]["user"]["name"] == alice
    assert about(server, "GET", held, "AAAA")[0] == 404
    assert about(server, "GET", "AAAA", held)[0] == 401


def test_a_token_is_ended_by_its_bearer_and_by_nobody_who_may_not(server: Server, alice: str) -> None:
    make_user(server, "trent")
    first, second, other = token(server, alice), token(server, alice), token(server, "trent")
    assert about(server, "DELETE", other, first)[0] == 403
    assert about(server, "DELETE", first, first)[0] == 204
    assert not is_good(server, first) and is_good(server, second)
    assert about(server, "DELETE", second, first)[0] == 404
    allow = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:RevokeToken","Resource":"*"}}'
    server.aws("iam", "put-user-policy", "--user-name", "trent", "--policy-name", "end", "--policy-document", allow)
    assert about(server, "DELETE", other, second)[0] == 204
    assert not is_good(server, second)


def test_a_change_of_the_password_at_the_other_door_ends_every_token(server: Server) -> None:
    make_user(server, "peggy")
    held = [token(server, "peggy") for _ in range(3)]
    server.aws("iam", "update-login-profile", "--user-name", "peggy", "--password", "Battery-Staple-8")
    assert not any(is_good(server, one) for one in held)
    assert is_good(server, token(server, "peggy", "Battery-Staple-8"))
    server.aws("iam", "delete-login-profile", "--user-name", "peggy")
    assert ask(server, by_password("peggy", "Battery-Staple-8")).status == 401


def test_a_token_opens_another_that_lasts_no_longer(server: Server, alice: str) -> None:
    first = ask(server, by_password(alice))
    held = first.headers["X-Subject-Token"]
    second = ask(server, {"methods": ["token"], "token": {"id": held}}, {"project": {"name": "claviger"}})
    assert second.status == 201 and second.body["token"]["methods"] == ["password", "token"]
    assert second.body["token"]["expires_at"] == first.body["token"]["expires_at"]
    assert second.body["token"]["project"]["name"] == "claviger"


def test_ac_37_a_token_is_no_other_credential_and_no_other_is_a_token(server: Server, alice: str) -> None:
    held = token(server, alice)
    keys = Keys.of(server.aws("sts", "get-session-token", keys=server.root)["Credentials"])
    assert keys.session_token is not None
    for other in (keys.session_token, held[:-1], held + "A", "A" * 20_000, ""):
        assert send(server, "GET", "/v3/auth/domains", {"X-Auth-Token": other}).status == 401
    stolen = Keys(keys.access_key_id, keys.secret_access_key, held)
    with pytest.raises(Exception, match="InvalidClientTokenId"):
        server.aws("sts", "get-caller-identity", keys=stolen)
    # Who shows a token must not name another account.
    assert send(server, "GET", "/v3/auth/domains", {"X-Auth-Token": held, "X-Domain-Id": "0" * 32}).status == 403


def test_an_agency_is_assumed_by_a_token(server: Server) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}}}}}'
    )
    server.aws("iam", "create-role", "--role-name", "Auditor", "--assume-role-policy-document", trust)
    server.aws("iam", "attach-role-policy", "--role-name", "Auditor", "--policy-arn", READ_ALL)
    make_user(server, "watch")
    held = token(server, "watch")
    identity = {"methods": ["assume_role"], "assume_role": {"agency_name": "Auditor", "domain_name": ACCOUNT}}
    assert ask(server, identity, headers={"X-Auth-Token": held}).status == 403
    assume = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}'
    server.aws("iam", "put-user-policy", "--user-name", "watch", "--policy-name", "p", "--policy-document", assume)
    answer = ask(server, identity, headers={"X-Auth-Token": held})
    assert answer.status == 201, answer.body
    assert answer.body["token"]["user"]["name"] == f"{ACCOUNT}/Auditor"
    assert answer.body["token"]["assumed_by"]["user"]["id"]
    agency = answer.headers["X-Subject-Token"]
    assert send(server, "GET", "/v5/users", {"X-Auth-Token": agency}).status == 200
    assert ask(server, identity).status == 401
