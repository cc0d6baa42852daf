"""Account settings at the console."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from claviger import ACCOUNT, Server, totp
from console.person import Person


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    person.goes("/console/settings")
    return person


def test_the_default_password_policy_is_shown_as_such_and_replaced_and_comes_back(
    admin: Person, console: Server
) -> None:
    assert "The default is in force" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("settings")
    admin.fills("Minimum length", "12")
    admin.page.get_by_label("Passwords expire").check()
    admin.fills("After how many days", "60")
    admin.page.get_by_label("Whoever let it expire").check()
    admin.page.get_by_label("Earlier passwords may not come back").check()
    admin.fills("How many are remembered", "24")
    admin.page.get_by_label("Number", exact=True).uncheck()
    admin.presses("Save password policy")
    assert admin.notice() == "The settings have been saved."
    assert console.aws("iam", "get-account-password-policy")["PasswordPolicy"] == {
        "MinimumPasswordLength": 12,
        "RequireSymbols": True,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
        "MaxPasswordAge": 60,
        "PasswordReusePrevention": 24,
        "HardExpiry": True,
    }
    assert not admin.page.get_by_label("Number", exact=True).is_checked()
    admin.page.evaluate("document.getElementById('length').type = 'text'")
    admin.fills("Minimum length", "5")
    admin.presses("Save password policy")
    assert admin.alarm() == "The minimum length must be at least 6."
    assert admin.page.get_by_label("Minimum length").input_value() == "5"
    admin.presses("Back to the default")
    assert admin.notice() == "The default password policy is in force again."
    assert console.refused("iam", "get-account-password-policy").code == "NoSuchEntity"


def test_sign_in_settings_are_saved(admin: Person) -> None:
    admin.page.get_by_label("A passkey will do without a password").check()
    admin.fills("A session lasts, in minutes", "60")
    admin.fills("Unused, in minutes", "10")
    admin.presses("Save sign-in settings")
    assert admin.notice() == "The settings have been saved."
    assert admin.page.get_by_label("A session lasts, in minutes").input_value() == "60"
    assert admin.page.get_by_label("Unused, in minutes").input_value() == "10"
    assert admin.page.get_by_label("A passkey will do without a password").is_checked()


def test_an_alias_is_made_seen_before_it_is_and_taken_away(admin: Person, console: Server) -> None:
    admin.fills("Alias", "blue-team")
    assert "/signin/blue-team" in admin.reads(), "the address is previewed"
    admin.presses("Create alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == ["blue-team"]
    admin.page.evaluate("document.getElementById('alias').removeAttribute('minlength')")
    admin.fills("Alias", "Blue--Team")
    admin.presses("Change alias")
    assert "The alias" in admin.alarm()
    assert admin.page.get_by_label("Alias", exact=True).input_value() == "Blue--Team"
    admin.fills("Alias", "red-team")
    admin.presses("Change alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == ["red-team"]
    admin.presses("Delete alias")
    assert console.aws("iam", "list-account-aliases")["AccountAliases"] == []
    assert f"/signin/{ACCOUNT}" in admin.reads()


def test_the_number_of_access_keys_is_set(admin: Person) -> None:
    admin.fills("Access keys of one user at the most", "4")
    admin.presses("Save access key limit")
    assert admin.page.get_by_label("Access keys of one user at the most").input_value() == "4"


def test_hardware_tokens_are_imported_seen_with_their_holder_and_deleted(
    admin: Person, console: Server
) -> None:
    console.aws("iam", "create-user", "--user-name", "token-holder")
    admin.follows("Show hardware MFA devices")
    assert "There is no hardware token yet" in admin.reads()
    admin.follows("Import devices")
    admin.finds_no_barrier()
    admin.shoots("hardware-mfa-import")
    seed = base64.b32encode(bytes(range(20))).decode()
    admin.fills("Content of the file", f"serial number,secret key\nGAHT00000001,{seed}\nshort,{seed}")
    admin.presses("Import")
    assert "line 3" in admin.alarm() and "Nothing was imported." in admin.alarm()
    assert seed not in admin.page.content(), "seeds do not come back"
    admin.fills(
        "Content of the file",
        f"serial number,secret key\nGAHT00000001,{seed}\nGAHT00000002,{seed}",
    )
    admin.presses("Import")
    assert admin.notice() == "The devices have been imported and can be assigned."
    now = console.early_in_step()
    console.aws(
        *("iam", "enable-mfa-device", "--user-name", "token-holder"),
        *("--serial-number", "GAHT00000001"),
        *("--authentication-code1", totp(seed, now, -1)),
        *("--authentication-code2", totp(seed, now)),
    )
    admin.goes("/console/settings/hardware-mfa")
    held = admin.page.get_by_role("row").filter(has_text="GAHT00000001")
    assert "Assigned" in held.inner_text() and "token-holder" in held.inner_text()
    assert held.get_by_role("link", name="Delete").count() == 0
    admin.finds_no_barrier()
    admin.shoots("hardware-mfa")
    admin.follows("Delete GAHT00000002")
    admin.finds_no_barrier()
    admin.shoots("hardware-mfa-delete")
    admin.presses("Delete device")
    assert admin.notice() == "The device has been deleted."
    assert "GAHT00000002" not in admin.reads()
    admin.goes("/console/settings/hardware-mfa/delete?serial=GAHT00000001")
    admin.presses("Delete device")
    assert "in use" in admin.alarm()


def test_a_virtual_device_that_nobody_holds_is_found_and_its_name_freed(admin: Person, console: Server) -> None:
    iam = console.client("iam")
    iam.create_user(UserName="app-holder")
    for name in ("left-over", "app"):
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed = made["Base32StringSeed"].decode()
    now = console.early_in_step()
    iam.enable_mfa_device(
        UserName="app-holder",
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=totp(seed, now, -1),
        AuthenticationCode2=totp(seed, now),
    )
    admin.goes("/console/settings")
    admin.follows("Show virtual MFA devices")
    held = admin.page.get_by_role("row").filter(has_text="mfa/app")
    assert "Assigned" in held.inner_text() and "app-holder" in held.inner_text()
    assert held.get_by_role("link", name="Delete").count() == 0
    admin.finds_no_barrier()
    admin.shoots("virtual-mfa")
    admin.page.get_by_label("Show", exact=True).select_option("Unassigned")
    admin.presses("Show")
    assert "mfa/left-over" in admin.reads() and "app-holder" not in admin.reads()
    admin.page.get_by_role("link", name="Delete").click()
    admin.finds_no_barrier()
    admin.shoots("virtual-mfa-delete")
    admin.presses("Delete device")
    assert admin.notice() == "The device has been deleted. Its name is free."
    iam.create_virtual_mfa_device(VirtualMFADeviceName="left-over")
    admin.goes(f"/console/settings/virtual-mfa/delete?serial={quote(made['SerialNumber'])}")
    admin.presses("Delete device")
    assert "in use" in admin.alarm()


def test_the_rules_for_security_keys_are_replaced_and_a_refusal_loses_no_rule(
    admin: Person, console: Server
) -> None:
    model = "00112233-4455-6677-8899-aabbccddeeff"
    admin.follows("Change security key rules")
    admin.finds_no_barrier()
    admin.shoots("security-key-rules")
    admin.page.get_by_role("group", name="Verification of who holds it").get_by_label("Required").check()
    admin.fills("Certifications of models", f"{model} FIDO=L1 FIPS-140-3=L2")
    admin.fills("Certificate 1", "no certificate")
    admin.fills("Models denied", model)
    admin.presses("Save rules")
    assert "TrustedRoots.member.1" in admin.alarm()
    assert "TrustedRoots" in admin.page.get_by_role("group", name="Vendor 1").get_by_role("alert").inner_text()
    field = admin.page.get_by_label("Certificate 1", exact=True)
    assert field.input_value() == "", "what may be a private key does not come back"
    assert admin.page.get_by_label("Models denied").input_value() == model
    admin.presses("Save rules")
    assert "Rules on models need an attestation" in admin.alarm()
    # A list that is too long is refused beside its field, and nothing typed is lost.
    many = "\n".join(f"00112233-4455-6677-8899-{number:012}" for number in range(101))
    admin.fills("Models denied", many)
    admin.presses("Save rules")
    assert "less than or equal to 100" in admin.alarm()
    field = admin.page.get_by_label("Models denied")
    assert field.get_attribute("aria-invalid") == "true" and field.input_value() == many
    admin.finds_no_barrier()
    admin.shoots("security-key-rules-refused")
    admin.fills("Models denied", "")
    admin.presses("Save rules")
    assert admin.notice() == "The settings have been saved."
    told = console.operation("GetAccountSecurityKeyPolicy").text
    assert "<UserVerification>required<" in told and "<FIPS1403Certification>L2<" in told
    admin.follows("Change security key rules")
    shown = admin.page.get_by_label("Certifications of models").input_value()
    assert shown == f"{model} FIDO=L1 FIPS-140-3=L2"

    pem = (Path(__file__).resolve().parents[1] / "credentials/vendor.pem").read_text()
    admin.page.get_by_role("group", name="Proof of its make").get_by_label("Required").check()
    admin.fills("Certificate 1", pem)
    admin.fills("Models that certificate 1 vouches for", model)
    admin.fills("Models allowed", model)
    admin.presses("Save rules")
    assert admin.notice() == "The settings have been saved."
    before = console.operation("GetAccountSecurityKeyPolicy").text
    assert model in before and "<CertificateBody>" in before
    admin.follows("Change security key rules")
    admin.fills("Models allowed", "no-model")
    admin.presses("Save rules")
    assert admin.page.get_by_label("Certificate 1", exact=True).input_value().strip() == pem.strip()
    admin.fills("Models allowed", model)
    admin.presses("Save rules")
    after = console.operation("GetAccountSecurityKeyPolicy").text
    assert after.split("<ResponseMetadata>")[0] == before.split("<ResponseMetadata>")[0]
