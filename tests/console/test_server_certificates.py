"""Server certificates at the console."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from claviger import ROOT, Server
from console.person import Person

CREDENTIALS = ROOT / "tests" / "credentials"


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    person.goes("/console/settings")
    return person


def file(name: str) -> str:
    return (CREDENTIALS / name).read_text()


def ending(name: str, days: int) -> tuple[str, str]:
    """A certificate that ends in so many days, and its private key."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def names(console: Server) -> list[str]:
    listed = console.aws("iam", "list-server-certificates")["ServerCertificateMetadataList"]
    return [one["ServerCertificateName"] for one in listed]


def test_a_certificate_is_uploaded_read_tagged_moved_and_deleted_and_its_key_is_never_seen(
    admin: Person, console: Server
) -> None:
    leaf, key, between = file("leaf.pem"), file("leaf.key"), file("between.pem")
    secret = key.splitlines()[1]
    admin.follows("Show server certificates")
    assert "There is no server certificate yet" in admin.reads()
    admin.follows("Upload certificate")
    admin.finds_no_barrier()
    admin.fills("Name", "web-2026")
    admin.fills("Path", "/web/")
    admin.fills("Certificate in PEM", leaf)
    admin.fills("Private key in PEM", file("p256.key"))
    admin.fills("Certificate chain in PEM", key + between)
    admin.fills("Tags", "stage = live")
    admin.presses("Upload certificate")
    assert "do not match" in admin.alarm()
    page = admin.page.content()
    assert "PRIVATE KEY" not in page, "neither key comes back, from whatever field"
    assert secret not in page and file("p256.key").splitlines()[1] not in page
    assert admin.page.get_by_label("Certificate in PEM").input_value() == leaf.strip()
    assert admin.page.get_by_label("Path").input_value() == "/web/"
    assert admin.page.get_by_label("Tags").input_value() == "stage = live"
    admin.finds_no_barrier()
    admin.shoots("server-certificate-upload")
    admin.fills("Private key in PEM", key)
    admin.fills("Certificate chain in PEM", between)
    admin.presses("Upload certificate")
    assert admin.notice() == "The certificate has been uploaded. Its private key is sealed."
    assert leaf.strip() in admin.page.locator("#body").inner_text()
    assert between.strip() in admin.page.locator("#chain").inner_text()
    assert secret not in admin.page.content()
    assert admin.page.get_by_role("row", name="stage live").count() == 1

    admin.fills("Key", "owner")
    admin.fills("Value", "web-team")
    admin.presses("Set tag")
    assert admin.notice() == "The tag has been set."
    admin.finds_no_barrier()
    admin.shoots("server-certificate")
    admin.presses("Remove the tag stage")
    kept = console.aws("iam", "get-server-certificate", "--server-certificate-name", "web-2026")
    assert kept["ServerCertificate"]["Tags"] == [{"Key": "owner", "Value": "web-team"}]

    admin.fills("Name", "web/2027")
    admin.presses("Save")
    assert "The name is not valid." in admin.alarm()
    assert admin.page.get_by_label("Name", exact=True).input_value() == "web/2027"
    admin.fills("Name", "web-2027")
    admin.fills("Path", "/front/")
    admin.presses("Save")
    assert admin.notice() == "The certificate has this name and path now."
    assert ":server-certificate/front/web-2027" in admin.reads()

    admin.follows("Delete")
    assert "It is still valid" in admin.reads()
    admin.fills("Type web-2027 to confirm", "web")
    admin.presses("Delete certificate")
    assert admin.alarm() == "Type web-2027 to delete it."
    assert names(console) == ["web-2027"]
    admin.fills("Type web-2027 to confirm", "web-2027")
    admin.presses("Delete certificate")
    assert admin.notice() == "The certificate has been deleted, with its private key."
    assert names(console) == []


def test_the_list_warns_of_what_ends_soon_and_of_what_has_ended(admin: Person, console: Server) -> None:
    for name, days in (("mail", 3), ("shop", 20), ("web", 300)):
        body, key = ending(name, days)
        console.aws(
            *("iam", "upload-server-certificate", "--server-certificate-name", name),
            *("--certificate-body", body, "--private-key", key),
        )
    console.advance(4 * 86_400)
    admin.signs_in_as_root()
    admin.goes("/console/settings/server-certificates")

    def row(name: str) -> str:
        return admin.page.get_by_role("row").filter(has_text=name).inner_text()

    assert "Expired" in row("mail") and "ago" in row("mail")
    assert "Ends soon" in row("shop") and "in 16 days" in row("shop")
    assert "Expired" not in row("web") and "Ends soon" not in row("web")
    admin.finds_no_barrier()
    admin.shoots("server-certificates")
    admin.follows("mail")
    assert "upload the next one" in admin.reads()
    admin.follows("Delete")
    assert "clients refuse it already" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("server-certificate-delete")


def test_who_may_not_see_certificates_is_told_why(admin: Person, another: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "onlooker")
    console.aws("iam", "create-login-profile", "--user-name", "onlooker", "--password", "Onlooker-Pass-1")
    another.signs_in("onlooker", "Onlooker-Pass-1")
    another.goes("/console/settings/server-certificates")
    assert "iam:ListServerCertificates" in another.reads()
    assert another.goes("/console/settings/server-certificate?name=web") == 403
    assert another.goes("/console/settings/server-certificate?name=a/b") == 404
