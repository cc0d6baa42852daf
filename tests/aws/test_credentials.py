"""SSH public keys and certificates, made by the tools that people make them with, through boto3 and the AWS CLI."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import botocore.exceptions
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from claviger import ACCOUNT, Keys, Server

OPENSSH = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
PEM = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
PKCS1 = (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)


def make_user(server: Server, name: str, policy: str | None = None) -> Keys:
    server.aws("iam", "create-user", "--user-name", name)
    if policy is not None:
        server.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", policy)
    return Keys.of(server.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])


# SSH public keys


@pytest.fixture(scope="module")
def key() -> rsa.RSAPublicKey:
    return rsa.generate_private_key(65537, 2048).public_key()


@pytest.mark.parametrize("form", [OPENSSH, PEM, PKCS1], ids=["ssh-rsa", "PEM", "PKCS#1"])
def test_an_uploaded_key_is_read_back_in_both_encodings(server: Server, key: rsa.RSAPublicKey, form) -> None:
    name = f"reader-{[OPENSSH, PEM, PKCS1].index(form)}"
    server.aws("iam", "create-user", "--user-name", name)
    iam = server.client("iam")
    made = iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=key.public_bytes(*form).decode())["SSHPublicKey"]
    blob = base64.b64decode(key.public_bytes(*OPENSSH).split()[1])
    assert made["Fingerprint"] == ":".join(f"{byte:02x}" for byte in hashlib.md5(blob).digest())
    assert (made["UserName"], made["Status"]) == (name, "Active")
    for encoding, load in (("SSH", serialization.load_ssh_public_key), ("PEM", serialization.load_pem_public_key)):
        told = iam.get_ssh_public_key(UserName=name, SSHPublicKeyId=made["SSHPublicKeyId"], Encoding=encoding)
        read = load(told["SSHPublicKey"]["SSHPublicKeyBody"].encode())
        assert read.public_numbers() == key.public_numbers()


def test_the_cli_manages_a_key_from_upload_to_end(server: Server, key: rsa.RSAPublicKey, tmp_path: Path) -> None:
    server.aws("iam", "create-user", "--user-name", "alice")
    file = tmp_path / "id_rsa.pub"
    file.write_bytes(key.public_bytes(*OPENSSH) + b" alice@example.com\n")
    user = ("--user-name", "alice")
    made = server.aws("iam", "upload-ssh-public-key", *user, "--ssh-public-key-body", f"file://{file}")["SSHPublicKey"]
    which = (*user, "--ssh-public-key-id", made["SSHPublicKeyId"])
    told = server.aws("iam", "get-ssh-public-key", *which, "--encoding", "SSH")["SSHPublicKey"]
    assert told["SSHPublicKeyBody"] == file.read_text().strip()
    again = server.refused("iam", "upload-ssh-public-key", *user, "--ssh-public-key-body", f"file://{file}")
    assert again.code == "DuplicateSSHPublicKey"
    server.aws("iam", "update-ssh-public-key", *which, "--status", "Inactive")
    (listed,) = server.aws("iam", "list-ssh-public-keys", *user)["SSHPublicKeys"]
    assert listed == {key: told[key] for key in ("UserName", "SSHPublicKeyId", "UploadDate")} | {"Status": "Inactive"}
    assert server.refused("iam", "delete-user", *user).code == "DeleteConflict"
    server.aws("iam", "delete-ssh-public-key", *which)
    server.aws("iam", "delete-user", *user)


def test_what_is_no_rsa_key_is_refused_with_exceptions_of_the_model(server: Server) -> None:
    server.aws("iam", "create-user", "--user-name", "careless")
    iam = server.client("iam")
    for body, error in (
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHkbe7gwx7s0dlApEEzpUyOA", "UnrecognizedPublicKeyEncodingException"),
        ("ssh-rsa AAAA", "InvalidPublicKeyException"),
    ):
        with pytest.raises(getattr(iam.exceptions, error)):
            iam.upload_ssh_public_key(UserName="careless", SSHPublicKeyBody=body)


def test_the_managed_policy_lets_members_manage_exactly_their_own_ssh_keys(
    server: Server, key: rsa.RSAPublicKey
) -> None:
    member = make_user(server, "member", "arn:aws:iam::aws:policy/IAMUserSSHKeys")
    server.aws("iam", "create-user", "--user-name", "other")
    iam = server.client("iam", member)
    body = key.public_bytes(*OPENSSH).decode()
    made = iam.upload_ssh_public_key(UserName="member", SSHPublicKeyBody=body)["SSHPublicKey"]
    assert len(iam.list_ssh_public_keys()["SSHPublicKeys"]) == 1
    iam.delete_ssh_public_key(UserName="member", SSHPublicKeyId=made["SSHPublicKeyId"])
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        iam.upload_ssh_public_key(UserName="other", SSHPublicKeyBody=body)
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        iam.list_ssh_public_keys(UserName="other")


# Certificates


def openssl(*arguments: str, cwd: Path) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def self_signed(folder: Path, name: str, *key: str) -> tuple[str, str]:
    """A private key and a certificate for it, as people make them."""
    openssl(
        "req", "-x509", "-nodes", *(key or ("-newkey", "rsa:2048")), "-keyout", f"{name}.key", "-out", f"{name}.pem",
        "-days", "30", "-subj", f"/CN={name}.example.com", cwd=folder,
    )  # fmt: skip
    return (folder / f"{name}.pem").read_text(), (folder / f"{name}.key").read_text()


# Signing certificates


def test_a_signing_certificate_made_by_openssl_goes_from_upload_to_end(server: Server, tmp_path: Path) -> None:
    body, key = self_signed(tmp_path, "signing")
    server.aws("iam", "create-user", "--user-name", "signer")
    user = ("--user-name", "signer")
    file = f"file://{tmp_path / 'signing.pem'}"
    made = server.aws("iam", "upload-signing-certificate", *user, "--certificate-body", file)["Certificate"]
    assert (made["UserName"], made["Status"], made["CertificateBody"]) == ("signer", "Active", body)
    which = (*user, "--certificate-id", made["CertificateId"])
    again = server.refused("iam", "upload-signing-certificate", "--certificate-body", file)
    assert again.code == "DuplicateCertificate"
    server.aws("iam", "update-signing-certificate", *which, "--status", "Inactive")
    (listed,) = server.aws("iam", "list-signing-certificates", *user)["Certificates"]
    assert listed == made | {"Status": "Inactive"}
    refused = server.refused("iam", "delete-user", *user)
    assert (refused.code, refused.message) == (
        "DeleteConflict",
        "Cannot delete entity, must delete signing certificates first.",
    )
    with pytest.raises(server.client("iam").exceptions.MalformedCertificateException):
        server.client("iam").upload_signing_certificate(UserName="signer", CertificateBody=key)
    server.aws("iam", "delete-signing-certificate", *which)
    server.aws("iam", "delete-user", *user)


def test_a_policy_lets_members_manage_exactly_their_own_signing_certificates(server: Server, tmp_path: Path) -> None:
    body, _ = self_signed(tmp_path, "own")
    member = make_user(server, "certified")
    statement = {
        "Effect": "Allow",
        "Action": "iam:*SigningCertificate*",
        "Resource": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    server.client("iam").put_user_policy(UserName="certified", PolicyName="own", PolicyDocument=policy)
    iam = server.client("iam", member)
    made = iam.upload_signing_certificate(CertificateBody=body)["Certificate"]
    assert made["UserName"] == "certified"
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        iam.list_signing_certificates(UserName="other")
    iam.delete_signing_certificate(CertificateId=made["CertificateId"])


# Server certificates


@pytest.mark.parametrize(
    "key",
    [("-newkey", "rsa:2048"), ("-newkey", "rsa:4096"), ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")],
    ids=["RSA 2048", "RSA 4096", "P-256"],
)
def test_a_certificate_made_by_openssl_is_taken_with_its_key(
    server: Server, tmp_path: Path, key: tuple[str, ...]
) -> None:
    self_signed(tmp_path, "web", *key)
    made = server.aws(
        "iam", "upload-server-certificate", "--server-certificate-name", "web", "--path", "/cloudfront/",
        "--certificate-body", f"file://{tmp_path / 'web.pem'}", "--private-key", f"file://{tmp_path / 'web.key'}",
        "--tags", "Key=team,Value=blue",
    )  # fmt: skip
    metadata = made["ServerCertificateMetadata"]
    assert metadata["Arn"] == f"arn:aws:iam::{ACCOUNT}:server-certificate/cloudfront/web"
    assert made["Tags"] == [{"Key": "team", "Value": "blue"}]
    which = ("--server-certificate-name", "web")
    told = server.aws("iam", "get-server-certificate", *which)["ServerCertificate"]
    assert told["ServerCertificateMetadata"] == metadata
    assert told["CertificateBody"] == (tmp_path / "web.pem").read_text().rstrip()
    assert "PrivateKey" not in json.dumps(told)
    listed = server.aws("iam", "list-server-certificates", "--path-prefix", "/cloudfront")
    assert listed["ServerCertificateMetadataList"] == [metadata]
    server.aws("iam", "delete-server-certificate", *which)


def test_a_chain_made_by_openssl_is_checked_step_by_step(server: Server, tmp_path: Path) -> None:
    root, _ = self_signed(tmp_path, "root")
    extensions = tmp_path / "authority.ext"
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    for name, above, more in (("between", "root", ("-extfile", str(extensions))), ("leaf", "between", ())):
        openssl(
            "req", "-new", "-nodes", "-newkey", "rsa:2048", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", f"/CN={name}.example.com", cwd=tmp_path,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{above}.pem", "-CAkey", f"{above}.key", "-CAcreateserial",
            "-days", "20", "-out", f"{name}.pem", *more, cwd=tmp_path,
        )  # fmt: skip
    leaf, key, between = ((tmp_path / name).read_text() for name in ("leaf.pem", "leaf.key", "between.pem"))
    iam = server.client("iam")
    upload = {"ServerCertificateName": "chained", "CertificateBody": leaf, "PrivateKey": key}
    for chain in (root, root + between, leaf + between, "subject=between\n" + between):
        with pytest.raises(iam.exceptions.MalformedCertificateException, match="Unable to validate certificate chain"):
            iam.upload_server_certificate(**upload, CertificateChain=chain)
    iam.upload_server_certificate(**upload, CertificateChain=between + root)
    told = iam.get_server_certificate(ServerCertificateName="chained")["ServerCertificate"]
    assert told["CertificateChain"] == (between + root).rstrip()
    # What is answered verifies as it did before.
    for name, text in (("told.pem", told["CertificateBody"]), ("chain.pem", told["CertificateChain"])):
        (tmp_path / name).write_text(text + "\n")
    openssl("verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "told.pem", cwd=tmp_path)


def test_a_private_key_must_be_plain_and_that_of_the_certificate(server: Server, tmp_path: Path) -> None:
    body, key = self_signed(tmp_path, "one")
    _, other = self_signed(tmp_path, "other")
    openssl("rsa", "-aes256", "-passout", "pass:secret", "-in", "one.key", "-out", "encrypted.key", cwd=tmp_path)
    openssl("rsa", "-traditional", "-in", "one.key", "-out", "traditional.key", cwd=tmp_path)
    iam = server.client("iam")
    upload = {"ServerCertificateName": "one", "CertificateBody": body}
    with pytest.raises(iam.exceptions.KeyPairMismatchException):
        iam.upload_server_certificate(**upload, PrivateKey=other)
    with pytest.raises(iam.exceptions.MalformedCertificateException, match="encrypted"):
        iam.upload_server_certificate(**upload, PrivateKey=(tmp_path / "encrypted.key").read_text())
    with pytest.raises(iam.exceptions.MalformedCertificateException):
        iam.upload_server_certificate(ServerCertificateName="one", CertificateBody=key, PrivateKey=body)
    assert iam.list_server_certificates(PathPrefix="/")["IsTruncated"] is False
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_server_certificate(ServerCertificateName="one")
    iam.upload_server_certificate(**upload, PrivateKey=(tmp_path / "traditional.key").read_text())
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.upload_server_certificate(**upload, PrivateKey=key)


def test_a_server_certificate_is_renamed_and_tagged(server: Server, tmp_path: Path) -> None:
    self_signed(tmp_path, "web")
    server.aws(
        "iam", "upload-server-certificate", "--server-certificate-name", "before",
        "--certificate-body", f"file://{tmp_path / 'web.pem'}", "--private-key", f"file://{tmp_path / 'web.key'}",
    )  # fmt: skip
    server.aws(
        "iam", "update-server-certificate", "--server-certificate-name", "before",
        "--new-server-certificate-name", "after", "--new-path", "/moved/",
    )  # fmt: skip
    which = ("--server-certificate-name", "after")
    server.aws("iam", "tag-server-certificate", *which, "--tags", "Key=team,Value=blue", "Key=area,Value=eu")
    server.aws("iam", "untag-server-certificate", *which, "--tag-keys", "TEAM")
    assert server.aws("iam", "list-server-certificate-tags", *which)["Tags"] == [{"Key": "area", "Value": "eu"}]
    told = server.aws("iam", "get-server-certificate", *which)["ServerCertificate"]
    assert told["ServerCertificateMetadata"]["Path"] == "/moved/"
    refused = server.refused("iam", "get-server-certificate", "--server-certificate-name", "before")
    assert (refused.code, refused.message) == (
        "NoSuchEntity",
        "The Server Certificate with name before cannot be found.",
    )
