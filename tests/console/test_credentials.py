"""My security credentials: what somebody signs in and signs requests with, beyond passwords and devices."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from claviger import ACCOUNT, Keys, Server, totp
from console.person import ROOT_EMAIL, Person

PASSWORD = "Correct-Horse-1"
CREDENTIALS = Path(__file__).resolve().parents[1] / "credentials"
# Both are reached by the same pages: one's own, and those of a user.
PLACES = {"own": "/console/credentials", "of a user": "/console/users/robot?tab=credentials"}


@pytest.fixture(scope="module", autouse=True)
def admin(console: Server) -> str:
    aws = console.aws
    aws("iam", "create-user", "--user-name", "admin")
    aws("iam", "create-login-profile", "--user-name", "admin", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "admin", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    aws("iam", "create-user", "--user-name", "robot")
    return "admin"


@pytest.fixture
def me(person: Person) -> Person:
    person.signs_in("admin", PASSWORD)
    return person


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The page, and the user whose credentials it lists."""
    return PLACES[request.param], "admin" if request.param == "own" else "robot"


def ssh_key() -> str:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def at_list(person: Person, page: str) -> bool:
    return page.split("?")[0] == person.at


def test_an_ssh_key_is_uploaded_shown_switched_off_and_deleted(me: Person, console: Server, place: tuple[str, str]) -> None:
    (page, user), iam = place, console.client("iam")
    me.goes(page)
    me.follows("Upload SSH public key")
    me.finds_no_barrier()
    me.fills("Public key", "-----BEGIN OPENSSH PRIVATE KEY-----")
    me.presses("Upload")
    assert me.alarm() == "The public key is malformed."
    assert "PRIVATE" not in me.page.content(), "what may be a private key comes back"
    key = ssh_key()
    me.fills("Public key", key + " somebody@example.com\n")
    if user == "admin":
        me.shoots("credentials-ssh-new")
    me.presses("Upload")
    assert me.notice() == "The SSH public key has been uploaded."
    assert at_list(me, page)
    (made,) = iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"]
    identity = made["SSHPublicKeyId"]
    told = iam.get_ssh_public_key(UserName=user, SSHPublicKeyId=identity, Encoding="SSH")["SSHPublicKey"]

    me.follows(identity)
    assert told["Fingerprint"] in me.reads() and key in me.reads() and "-----BEGIN PUBLIC KEY-----" in me.reads()
    me.finds_no_barrier()
    if user == "admin":
        me.fits_a_phone()
        me.shoots("credentials-ssh")
    me.follows("Back")
    for press, state, said in (
        ("Deactivate", "Inactive", "The credential is inactive. It is refused from now on."),
        ("Activate", "Active", "The credential is active."),
    ):
        me.presses(f"{press} {identity}")
        assert me.notice() == said
        assert iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"][0]["Status"] == state
    me.follows(f"Delete {identity}")
    me.finds_no_barrier()
    me.presses("Delete SSH key")
    assert me.notice() == "The credential has been deleted."
    assert at_list(me, page)
    assert iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"] == []


def test_credentials_for_a_service_are_generated_drawn_again_and_deleted(
    me: Person, console: Server, place: tuple[str, str]
) -> None:
    (page, user), iam = place, console.client("iam")
    me.goes(page)
    me.follows("Generate credentials")
    me.finds_no_barrier()
    if user == "admin":
        me.shoots("credentials-service-new")
    me.page.get_by_label("Keyspaces").check()
    me.fills("Days until it expires", "5")
    me.presses("Generate and show")
    assert me.alarm() == "CredentialAgeDays is only valid for services that support long-term API keys."
    assert me.page.get_by_label("Keyspaces").is_checked()
    me.fills("Days until it expires", "")
    me.presses("Generate and show")
    password = me.page.locator("#secret code").inner_text()
    (made,) = iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
    identity = made["ServiceSpecificCredentialId"]
    assert made["ServiceUserName"] in me.reads() and len(password) > 20
    me.finds_no_barrier()
    me.follows("Done")
    assert at_list(me, page) and password not in me.page.content()
    me.presses(f"Reset the secret of {identity}")
    assert me.page.locator("#secret code").inner_text() != password
    me.follows("Done")
    me.presses(f"Deactivate {identity}")
    assert iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"][0]["Status"] == "Inactive"
    me.follows(f"Delete {identity}")
    me.presses("Delete credential")

    me.follows("Generate credentials")
    me.page.get_by_label("Bedrock").check()
    me.fills("Days until it expires", "30")
    with me.page.expect_download() as coming:
        me.presses("Generate and download .csv")
    with coming.value.path().open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["Service"] == "bedrock.amazonaws.com" and row["Key"].startswith("ABSK")
    me.goes(page)
    assert "in 29 days" in me.reads() or "in 30 days" in me.reads()
    (made,) = iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
    iam.delete_service_specific_credential(
        UserName=user, ServiceSpecificCredentialId=made["ServiceSpecificCredentialId"]
    )


def test_a_certificate_is_made_with_a_key_that_is_shown_once(me: Person, console: Server, place: tuple[str, str]) -> None:
    (page, user), iam = place, console.client("iam")
    me.goes(page)
    me.follows("Add certificate")
    me.fills("Days that it is good for", "30")
    if user == "admin":
        me.shoots("credentials-certificate-new")
    me.presses("Create and show")
    key = me.page.locator("#secret").inner_text()
    (made,) = iam.list_signing_certificates(UserName=user)["Certificates"]
    certificate = x509.load_pem_x509_certificate(made["CertificateBody"].encode())
    assert load_pem_private_key(key.encode(), None).public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == f"CN={user}"
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 30
    me.finds_no_barrier()
    me.follows("Done")
    assert at_list(me, page) and "PRIVATE" not in me.page.content()

    me.follows("Add certificate")
    with me.page.expect_download() as coming:
        me.presses("Create and download .pem")
    both = coming.value.path().read_bytes()
    certificate = x509.load_pem_x509_certificate(both)
    assert load_pem_private_key(both, None).public_key() == certificate.public_key()
    me.presses("Create and show")
    assert me.alarm() == "Cannot exceed quota for CertificatesPerUser: 2"
    for made in iam.list_signing_certificates(UserName=user)["Certificates"]:
        iam.delete_signing_certificate(UserName=user, CertificateId=made["CertificateId"])


def test_a_certificate_is_uploaded_switched_off_and_deleted(me: Person, console: Server, place: tuple[str, str]) -> None:
    (page, user), iam = place, console.client("iam")
    me.goes(page)
    me.follows("Add certificate")
    me.finds_no_barrier()
    me.fills("Certificate in PEM", (CREDENTIALS / "leaf.key").read_text())
    me.presses("Upload")
    assert me.alarm() == "Certificate HIDDEN_DUE_TO_SECURITY_REASONS is malformed."
    assert "PRIVATE" not in me.page.content(), "what may be a private key comes back"
    body = (CREDENTIALS / "leaf.pem").read_text()
    me.fills("Certificate in PEM", body)
    me.presses("Upload")
    assert me.notice() == "The signing certificate has been uploaded."
    (made,) = iam.list_signing_certificates(UserName=user)["Certificates"]
    identity = made["CertificateId"]
    kept = x509.load_pem_x509_certificate(made["CertificateBody"].encode())
    assert kept == x509.load_pem_x509_certificate(body.encode())
    me.finds_no_barrier()
    me.presses(f"Deactivate {identity}")
    assert iam.list_signing_certificates(UserName=user)["Certificates"][0]["Status"] == "Inactive"
    me.follows(f"Delete {identity}")
    me.presses("Delete certificate")
    assert iam.list_signing_certificates(UserName=user)["Certificates"] == []


def test_an_access_key_is_described_bounded_and_replaced_step_by_step(
    me: Person, console: Server, place: tuple[str, str]
) -> None:
    (page, user), iam = place, console.client("iam")
    me.goes(page)
    me.follows("Create access key")
    me.finds_no_barrier()
    if user == "admin":
        me.shoots("access-key-new")
    me.fills("What it is for", "nightly backup")
    me.presses("Create and show")
    old = Keys(me.page.inner_text("#key-id code"), me.page.inner_text("#secret code"))
    with me.page.expect_download() as waited:
        me.presses("Download .csv")
    assert (waited.value.suggested_filename, Path(waited.value.path()).read_text()) == (
        "accessKeys.csv",
        f"Access key ID,Secret access key\n{old.access_key_id},{old.secret_access_key}\n",
    )
    # As on AWS, a description is a tag of the user.
    assert {"Key": old.access_key_id, "Value": "nightly backup"} in iam.list_user_tags(UserName=user)["Tags"]
    me.follows("Done")
    assert at_list(me, page) and "nightly backup" in me.reads()
    me.follows(f"Manage {old.access_key_id}")
    me.fills("What it is for", "hourly backup")
    me.presses("Save description")
    assert me.notice() == "The description has been saved."
    assert me.page.get_by_label("What it is for").input_value() == "hourly backup"
    me.fills("Networks that requests may come from", "127.0.0.0/8\n192.0.2.1/24")
    me.presses("Save bounds")
    assert "“192.0.2.1/24” is not valid." in me.alarm()
    assert me.page.get_by_label("Networks that requests may come from").input_value() == "127.0.0.0/8\n192.0.2.1/24"
    me.fills("Networks that requests may come from", "127.0.0.0/8\n192.0.2.0/24")
    me.presses("Save bounds")
    assert me.notice() == "The bounds have been saved."
    me.finds_no_barrier()
    if user == "admin":
        me.shoots("access-key-managed")

    def uses(keys: Keys) -> None:
        console.client("sts", keys).get_caller_identity()
        # Marks of use are written once a second.
        time.sleep(1.5)

    uses(old)
    me.follows("Replace it step by step")
    me.finds_no_barrier()
    me.page.get_by_label("How long the old key goes on").select_option(label="7 days")
    me.presses("Create and show")
    new = Keys(me.page.inner_text("#key-id code"), me.page.inner_text("#secret code"))
    me.follows("Done")
    said = me.reads()
    assert new.access_key_id in said and "The old key ends in 6 days" in said.replace("in 7 days", "in 6 days")
    assert "Not used yet" in said and "Not used any more" not in said
    console.advance(2)
    uses(old)
    me.follows("Look again")
    assert "Still used" in me.reads()
    if user == "admin":
        me.shoots("access-key-replaced")
    uses(new)
    me.follows("Look again")
    assert "In use" in me.reads() and "Still used" in me.reads()
    me.finds_no_barrier()
    me.presses("Deactivate the old key")
    assert me.notice() == "The access key is inactive. Requests signed with it are refused."
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        console.client("sts", old).get_caller_identity()
    me.follows("Delete the old key")
    me.fills(f"Type {old.access_key_id} to go on", old.access_key_id)
    me.presses("Delete access key")
    assert me.notice() == "The access key has been deleted."
    (left,) = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert left["AccessKeyId"] == new.access_key_id
    assert all(tag["Key"] != old.access_key_id for tag in iam.list_user_tags(UserName=user)["Tags"])
    iam.delete_access_key(UserName=user, AccessKeyId=new.access_key_id)


def test_a_key_is_made_though_its_description_is_refused(person: Person, console: Server) -> None:
    aws = console.aws
    aws("iam", "create-user", "--user-name", "bound")
    aws("iam", "create-login-profile", "--user-name", "bound", "--password", PASSWORD)
    own = {"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    aws("iam", "put-user-policy", "--user-name", "bound", "--policy-name", "keys", "--policy-document", policy)
    person.signs_in("bound", PASSWORD)
    person.goes("/console/credentials/keys/new")
    person.fills("What it is for", "tests")
    person.presses("Create and show")
    assert "The key has been made, but not its description." in person.alarm() and "iam:TagUser" in person.alarm()
    keys = Keys(person.page.inner_text("#key-id code"), person.page.inner_text("#secret code"))
    assert console.client("sts", keys).get_caller_identity()["Arn"].endswith(":user/bound")


def user_with_device(person: Person, console: Server, name: str) -> str:
    """Somebody new who has signed in with their device, called `phone`: its seed."""
    aws = console.aws
    aws("iam", "create-user", "--user-name", name)
    aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", "arn:aws:iam::aws:policy/IAMFullAccess")
    person.signs_in(name, PASSWORD)
    person.goes("/console/credentials/recovery")
    assert "Sign in with an MFA device to make new ones" in person.reads()
    seed = person.assigns(f"{name}-phone")
    person.signs_out()
    console.advance(90)
    person.gives_password(name, PASSWORD)
    person.gives_code(totp(seed, console.early_in_step()))
    return seed


def test_a_device_is_renamed_by_its_owner_and_by_an_administrator(person: Person, another: Person, console: Server) -> None:
    user_with_device(person, console, "nora")
    person.goes("/console/credentials")
    person.follows("Rename nora-phone")
    person.finds_no_barrier()
    person.fills("Name", "Phone <b>")
    person.presses("Save")
    assert person.alarm() == "The name is not valid."
    assert person.page.get_by_label("Name", exact=True).input_value() == "Phone <b>"
    person.fills("Name", "Phone in my pocket")
    person.shoots("device-rename")
    person.presses("Save")
    assert person.notice() == "The MFA device has its new name."
    assert "Phone in my pocket" in person.reads()
    console.advance(700)
    person.goes("/console/credentials/keys/new")
    assert "Phone in my pocket" in person.page.get_by_label("Device").inner_text()
    another.gives_password("nora", PASSWORD)
    assert "Phone in my pocket" in another.page.content()
    another.context.clear_cookies()
    another.signs_in("admin", PASSWORD)
    another.goes("/console/users/nora?tab=credentials")
    another.follows("Rename Phone in my pocket")
    another.fills("Name", "")
    another.presses("Save")
    assert "nora-phone" in another.reads() and "pocket" not in another.reads()


def test_recovery_codes_are_made_once_used_for_a_lost_device_and_deleted(
    person: Person, another: Person, console: Server
) -> None:
    user_with_device(person, console, "rita")
    person.goes("/console/credentials")
    person.follows("Recovery codes")
    assert "You have none." in person.reads()
    person.finds_no_barrier()
    person.presses("Make ten new codes")
    codes = person.page.locator("#secret code").all_inner_texts()
    assert len(set(codes)) == 10
    with person.page.expect_download() as coming:
        person.follows("Download")
    assert coming.value.path().read_text().split() == codes
    assert person.page.get_by_role("button", name="Print").is_visible()
    person.finds_no_barrier()
    person.shoots("recovery-codes-made")
    person.follows("Done")
    assert "You have 10 recovery codes left." in person.reads() and codes[0] not in person.page.content()
    person.follows("Recovery codes")
    person.finds_no_barrier()
    person.shoots("recovery-codes")
    person.fills("Recovery code", "00000-00000-00000-00000-00000")
    person.presses("Remove the device")
    assert person.alarm() == "The recovery code is not valid."
    person.fills("Recovery code", codes[0])
    person.presses("Remove the device")
    assert person.notice() == "The MFA device has been removed."
    assert "Multi-factor authentication (0)" in person.reads()
    assert "You have 9 recovery codes left." in person.reads()

    another.signs_in("admin", PASSWORD)
    another.goes("/console/users/rita?tab=credentials")
    another.follows("Recovery codes")
    assert "9 codes are left" in another.reads() and "Make ten new codes" not in another.reads()
    another.presses("Delete the codes")
    assert another.notice() == "The recovery codes have been deleted."


def test_root_sees_its_account_and_is_warned_of_its_keys(person: Person, console: Server) -> None:
    console.aws("iam", "create-account-alias", "--account-alias", "example-home")
    person.signs_in_as_root()
    person.goes("/console/credentials")
    said = person.reads()
    for shown in (ROOT_EMAIL, ACCOUNT, "example-home", "The root user has access keys.", "Signing certificates (0)"):
        assert shown in said
    # Root can have none of these.
    assert "SSH public keys" not in said and "Service-specific" not in said and "User ID" not in said
    person.finds_no_barrier()
    person.shoots("credentials-of-root")
    person.follows("Create access key")
    assert "You are the root user." in person.reads() and "What it is for" not in person.reads()
    person.finds_no_barrier()


def test_who_must_confirm_after_a_form_comes_back_to_its_page_as_it_was(me: Person, console: Server) -> None:
    aws = console.aws
    made = aws("iam", "upload-ssh-public-key", "--user-name", "admin", "--ssh-public-key-body", ssh_key())
    identity = made["SSHPublicKey"]["SSHPublicKeyId"]
    me.goes("/console/credentials")
    me.follows(f"Delete {identity}")
    # Sooner or later the proof is too old.
    console.advance(660)
    me.presses("Delete SSH key")
    assert me.at == "/console/confirm"
    me.fills("Password", PASSWORD)
    me.presses("Confirm")
    assert me.at == "/console/credentials/remove"
    assert identity in me.reads()
    assert me.notice() == "Thank you. Nothing has been done yet: choose again, and it will be."
    me.presses("Delete SSH key")
    assert me.notice() == "The credential has been deleted."
    assert aws("iam", "list-ssh-public-keys", "--user-name", "admin")["SSHPublicKeys"] == []
