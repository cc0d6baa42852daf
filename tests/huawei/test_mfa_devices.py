"""Virtual MFA devices through Huawei's unmodified SDK, both generations of it; read back at the AWS door."""

from __future__ import annotations

import pytest
from cloud import ask, client, client_v3, make_user, outcome, own_id, refusal
from huaweicloudsdkiam import v3, v5

from claviger import ACCOUNT, Keys, Server, totp

MISSING = (404, "IAM.0004")
DENIED = (403, "IAM.0002")
WRONG = (400, "IAM.1061")
SECOND = (409, "IAM.0005")
OWN = [
    {
        "Effect": "Allow",
        "Action": ["iam:EnableMFADevice", "iam:DeactivateMFADevice", "iam:ListMFADevices"],
        "Resource": "arn:aws:iam::*:user/${aws:username}",
    },
    {
        "Effect": "Allow",
        "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
        "Resource": "arn:aws:iam::*:mfa/*",
    },
]


@pytest.fixture(scope="module")
def domain_id(server: Server) -> str:
    return ask(server, server.root, "/v5/caller-identity").body["account_id"]


def create(sdk: v3.IamClient, user: str, name: str):
    device = v3.CreateMfaDevice(name=name, user_id=user)
    request = v3.CreateMfaDeviceRequest(body=v3.CreateMfaDeviceReq(virtual_mfa_device=device))
    return sdk.create_mfa_device(request).virtual_mfa_device


def bind(server: Server, keys: Keys, user: str, serial: str, first: str, second: str, *, path: str = "mfa-devices"):
    return ask(
        server,
        keys,
        f"/v3.0/OS-MFA/{path}/bind",
        method="PUT",
        body={
            "user_id": user,
            "serial_number": serial,
            "authentication_code_first": first,
            "authentication_code_second": second,
        },
    )


def unbind(server: Server, keys: Keys, user: str, serial: str, code: str):
    body = {"user_id": user, "serial_number": serial, "authentication_code": code}
    return ask(server, keys, "/v3.0/OS-MFA/mfa-devices/unbind", method="PUT", body=body)


def pair(server: Server, seed: str) -> tuple[str, str]:
    now = server.early_in_step()
    return totp(seed, now, -1), totp(seed, now)


def held(server: Server, name: str) -> list[str]:
    return [device["SerialNumber"] for device in server.aws("iam", "list-mfa-devices", "--user-name", name)["MFADevices"]]


def bound(server: Server, domain_id: str, keys: Keys, name: str) -> tuple[str, str]:
    """A device in the hands of the keys' owner: its serial number here, and its seed."""
    user = own_id(server, keys)
    device = create(client_v3(server, keys, domain_id), user, name)
    answer = bind(server, keys, user, device.serial_number, *pair(server, device.base32_string_seed))
    assert answer.status == 204, answer.body
    return device.serial_number, device.base32_string_seed


def test_a_user_binds_a_device_of_its_own(server: Server, domain_id: str) -> None:
    keys = make_user(server, "ada", OWN)
    user = own_id(server, keys)
    sdk = client_v3(server, keys, domain_id)
    none = v3.ShowUserMfaDeviceRequest(user_id=user)
    assert outcome(refusal(sdk.show_user_mfa_device, none)) == MISSING
    device = create(sdk, user, "ada-phone")
    assert device.serial_number == f"iam:{domain_id}:mfa/ada-phone"
    first, second = pair(server, device.base32_string_seed)
    # In the wrong order, or the same twice, they do not follow each other.
    for codes in ((second, first), (first, first), ("abcdef", "1"), ("000000", "000000")):
        refused = bind(server, keys, user, device.serial_number, *codes)
        assert (refused.status, refused.body["error_code"]) == WRONG, codes
    first, second = pair(server, device.base32_string_seed)
    body = v3.BindMfaDevice(
        user_id=user,
        serial_number=device.serial_number,
        authentication_code_first=first,
        authentication_code_second=second,
    )
    sdk.create_binding_device(v3.CreateBindingDeviceRequest(body=body))
    assert held(server, "ada") == [f"arn:aws:iam::{ACCOUNT}:mfa/ada-phone"]
    assert sdk.show_user_mfa_device(none).virtual_mfa_device.serial_number == device.serial_number
    everybody = client_v3(server, server.root, domain_id).list_user_mfa_devices(v3.ListUserMfaDevicesRequest())
    told = [(one.user_id, one.serial_number) for one in everybody.virtual_mfa_devices]
    assert (user, device.serial_number) in told
    assert outcome(refusal(sdk.list_user_mfa_devices, v3.ListUserMfaDevicesRequest())) == DENIED


def test_a_second_device_is_one_too_many(server: Server, domain_id: str) -> None:
    keys = make_user(server, "twice", OWN)
    user = own_id(server, keys)
    serial, seed = bound(server, domain_id, keys, "twice-one")
    sdk = client_v3(server, keys, domain_id)
    assert outcome(refusal(create, sdk, user, "twice-two")) == SECOND
    # One that was made at the other door is not bound here either.
    spare = server.client("iam").create_virtual_mfa_device(VirtualMFADeviceName="twice-spare")["VirtualMFADevice"]
    codes = pair(server, spare["Base32StringSeed"].decode())
    refused = bind(server, keys, user, f"iam:{domain_id}:mfa/twice-spare", *codes)
    assert (refused.status, refused.body["error_code"]) == SECOND
    assert len(held(server, "twice")) == 1
    # A name is taken in the whole account.
    other = make_user(server, "copycat", OWN)
    error = refusal(create, client_v3(server, other, domain_id), own_id(server, other), "twice-one")
    assert outcome(error) == SECOND


def test_a_user_unbinds_with_a_code_and_an_administrator_without(server: Server, domain_id: str) -> None:
    keys = make_user(server, "leaver", OWN)
    user = own_id(server, keys)
    serial, seed = bound(server, domain_id, keys, "leaver-phone")
    wrong = unbind(server, keys, user, serial, "000000")
    assert (wrong.status, wrong.body["error_code"]) == WRONG
    # A code that was used for binding is used up.
    used = unbind(server, keys, user, serial, totp(seed, server.now()))
    assert (used.status, used.body["error_code"]) == WRONG
    assert held(server, "leaver")
    body = v3.UnbindMfaDevice(user_id=user, serial_number=serial, authentication_code="123456")
    client_v3(server, server.root, domain_id).delete_binding_device(v3.DeleteBindingDeviceRequest(body=body))
    assert held(server, "leaver") == []
    again = unbind(server, server.root, user, serial, "123456")
    assert (again.status, again.body["error_code"]) == MISSING
    delete = v3.DeleteMfaDeviceRequest(user_id=user, serial_number=serial)
    client_v3(server, keys, domain_id).delete_mfa_device(delete)
    listed = server.aws("iam", "list-virtual-mfa-devices")["VirtualMFADevices"]
    assert f"arn:aws:iam::{ACCOUNT}:mfa/leaver-phone" not in [one["SerialNumber"] for one in listed]


def test_a_user_unbinds_its_own_device_with_the_next_code(make_server) -> None:
    server = make_server(moves_time=True).start()
    domain_id = ask(server, server.root, "/v5/caller-identity").body["account_id"]
    keys = make_user(server, "goer", OWN)
    serial, seed = bound(server, domain_id, keys, "goer-phone")
    server.advance(60)
    answer = unbind(server, keys, own_id(server, keys), serial, totp(seed, server.early_in_step()))
    assert answer.status == 204, answer.body
    assert held(server, "goer") == []


def test_a_device_in_use_is_not_deleted(server: Server, domain_id: str) -> None:
    keys = make_user(server, "keeper", OWN)
    serial, _ = bound(server, domain_id, keys, "keeper-phone")
    delete = v3.DeleteMfaDeviceRequest(user_id=own_id(server, keys), serial_number=serial)
    error = refusal(client_v3(server, server.root, domain_id).delete_mfa_device, delete)
    assert error.status_code == 409
    assert held(server, "keeper")


def test_nobody_makes_or_binds_a_device_for_somebody_else_below_v30(server: Server, domain_id: str) -> None:
    keys = make_user(server, "meddler", "arn:aws:iam::aws:policy/AdministratorAccess")
    server.aws("iam", "create-user", "--user-name", "target")
    listed = client(server, server.root).list_users_v5(v5.ListUsersV5Request()).users
    target = next(user.user_id for user in listed if user.user_name == "target")
    assert outcome(refusal(create, client_v3(server, keys, domain_id), target, "planted")) == DENIED
    refused = bind(server, keys, target, f"iam:{domain_id}:mfa/planted", "123456", "654321")
    assert (refused.status, refused.body["error_code"]) == DENIED


def test_nobody_takes_away_the_device_of_somebody_else(server: Server, domain_id: str) -> None:
    keys = make_user(server, "holder", OWN)
    thief = make_user(server, "thief", OWN)
    serial, _ = bound(server, domain_id, keys, "holder-phone")
    refused = unbind(server, thief, own_id(server, keys), serial, "123456")
    assert (refused.status, refused.body["error_code"]) == DENIED
    # Nor by naming oneself and the other's device.
    refused = unbind(server, thief, own_id(server, thief), serial, "123456")
    assert (refused.status, refused.body["error_code"]) == MISSING
    assert held(server, "holder")


def test_the_go_clients_paths_lead_there_too(server: Server, domain_id: str) -> None:
    keys = make_user(server, "gopher", OWN)
    user = own_id(server, keys)
    device = create(client_v3(server, keys, domain_id), user, "gopher-phone")
    codes = pair(server, device.base32_string_seed)
    path = "virtual-mfa-devices"
    assert bind(server, keys, user, device.serial_number, *codes, path=path).status == 204
    body = {"user_id": user, "serial_number": device.serial_number, "authentication_code": "123456"}
    assert ask(server, server.root, f"/v3.0/OS-MFA/{path}/unbind", method="PUT", body=body).status == 204
    assert ask(server, server.root, f"/v3.0/OS-MFA/{path}", method="DELETE", body=body).status == 204


def test_v5_makes_binds_and_takes_away_for_others(server: Server, domain_id: str) -> None:
    server.aws("iam", "create-user", "--user-name", "vera")
    sdk = client(server, server.root)
    listed = sdk.list_users_v5(v5.ListUsersV5Request()).users
    user = next(user.user_id for user in listed if user.user_name == "vera")
    body = v5.CreateVirtualMfaDeviceReqBody(virtual_mfa_device_name="vera-phone", user_id=user)
    device = sdk.create_virtual_mfa_device_v5(v5.CreateVirtualMfaDeviceV5Request(body=body)).virtual_mfa_device
    assert device.serial_number == f"iam::{domain_id}:mfa:vera-phone"
    first, second = pair(server, device.base32_string_seed)
    body = v5.EnableMfaDeviceReqBody(
        user_id=user,
        serial_number=device.serial_number,
        authentication_code_first=first,
        authentication_code_second=second,
    )
    sdk.enable_mfa_device_v5(v5.EnableMfaDeviceV5Request(body=body))
    assert held(server, "vera") == [f"arn:aws:iam::{ACCOUNT}:mfa/vera-phone"]
    for request in (v5.ListMfaDevicesV5Request(user_id=user), v5.ListMfaDevicesV5Request()):
        told = [(one.user_id, one.serial_number, one.enabled) for one in sdk.list_mfa_devices_v5(request).mfa_devices]
        assert (user, device.serial_number, True) in told
    body = v5.DisableMfaDeviceReqBody(user_id=user, serial_number=device.serial_number)
    sdk.disable_mfa_device_v5(v5.DisableMfaDeviceV5Request(body=body))
    assert held(server, "vera") == []
    sdk.delete_virtual_mfa_device_v5(
        v5.DeleteVirtualMfaDeviceV5Request(user_id=user, serial_number=device.serial_number)
    )
    nobody = make_user(server, "nobody")
    assert outcome(refusal(client(server, nobody).list_mfa_devices_v5, v5.ListMfaDevicesV5Request())) == (
        403,
        "PAP5.0001",
    )


def test_root_binds_a_device_of_its_own(make_server) -> None:
    server = make_server().start()
    domain_id = ask(server, server.root, "/v5/caller-identity").body["account_id"]
    serial, _ = bound(server, domain_id, server.root, "root-phone")
    assert server.aws("iam", "list-mfa-devices")["MFADevices"][0]["SerialNumber"].endswith(":mfa/root-phone")
    # Whoever has the key alone cannot take it away again.
    user = own_id(server, server.root)
    refused = ask(
        server,
        server.root,
        "/v5/mfa-devices/disable",
        method="POST",
        body={"user_id": user, "serial_number": serial},
    )
    assert (refused.status, refused.body["error_code"]) == (403, "PAP5.0001")


def protect(sdk: v3.IamClient, user: str, enabled: bool, method: str):
    protect = v3.UpdateLoginProject(enabled=enabled, verification_method=method)
    request = v3.UpdateLoginProtectRequest(user_id=user, body=v3.UpdateLoginProjectReq(login_protect=protect))
    return sdk.update_login_protect(request).login_protect


def test_login_protection_holds_on_to_the_device(server: Server, domain_id: str) -> None:
    root = client_v3(server, server.root, domain_id)
    keys = make_user(server, "guarded", [*OWN, {"Effect": "Allow", "Action": "iam:*LoginProtection*", "Resource": "*"}])
    user, own = own_id(server, keys), client_v3(server, keys, domain_id)
    get = v3.ShowUserLoginProtectRequest(user_id=user)
    assert outcome(refusal(root.show_user_login_protect, get)) == MISSING
    # What is not bound cannot be asked for.
    for method in ("vmfa", "sms", "email"):
        assert outcome(refusal(protect, root, user, True, method)) == (400, "IAM.0007"), method
    serial, _ = bound(server, domain_id, keys, "guarded-phone")
    assert outcome(refusal(protect, own, user, True, "vmfa")) == DENIED
    told = protect(root, user, True, "vmfa")
    assert (told.user_id, told.enabled, told.verification_method) == (user, True, "vmfa")
    assert own.show_user_login_protect(get).login_protect.verification_method == "vmfa"
    listed = root.list_user_login_protects(v3.ListUserLoginProtectsRequest()).login_protects
    assert (user, True) in [(one.user_id, one.enabled) for one in listed]
    refused = unbind(server, server.root, user, serial, "123456")
    assert (refused.status, refused.body["error_code"]) == (400, "IAM.1062")
    assert held(server, "guarded")
    told = protect(root, user, False, "vmfa")
    assert (told.enabled, told.verification_method) == (False, "none")
    assert unbind(server, server.root, user, serial, "123456").status == 204
    assert outcome(refusal(protect, root, user, True, "pigeon")) == (400, "IAM.0007")
