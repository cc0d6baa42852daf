"""Makes the keys and certificates in this folder anew. They are for tests alone and guard nothing.

    ../../target/py/bin/python make.py
"""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
PUBLIC = serialization.PublicFormat
YEAR = datetime.timedelta(days=365)
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


def write(name: str, data: bytes) -> None:
    (HERE / name).write_bytes(data.rstrip() + b"\n")


def write_key(name: str, key, form=PKCS8, encryption=PLAIN) -> None:
    write(name, key.private_bytes(PEM, form, encryption))


def certificate(
    name: str, key, issuer: str, issuer_key, ca: bool = False, begin=BEGIN, years: int = 100, algorithm=None, signs=None
) -> bytes:
    def called(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder()
        .subject_name(called(name))
        .issuer_name(called(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + years * YEAR)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if signs is not None:
        usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        made = made.add_extension(
            x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, **usage), critical=True
        )
    if isinstance(issuer_key, ed25519.Ed25519PrivateKey):
        algorithm = None
    else:
        algorithm = algorithm or hashes.SHA256()
    return made.sign(issuer_key, algorithm).public_bytes(PEM)


def ssh() -> None:
    key = rsa.generate_private_key(65537, 2048)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, PUBLIC.OpenSSH)
    write("rsa.pub", line + b" alice@example.com")
    write("rsa.spki.pem", key.public_key().public_bytes(PEM, PUBLIC.SubjectPublicKeyInfo))
    write("rsa.pkcs1.pem", key.public_key().public_bytes(PEM, PUBLIC.PKCS1))
    other = rsa.generate_private_key(65537, 3072)
    write("other.pub", other.public_key().public_bytes(serialization.Encoding.OpenSSH, PUBLIC.OpenSSH))
    small = rsa.generate_private_key(65537, 1024)
    write("small.pub", small.public_key().public_bytes(serialization.Encoding.OpenSSH, PUBLIC.OpenSSH))
    unknown = ed25519.Ed25519PrivateKey.generate()
    write("ed25519.pub", unknown.public_key().public_bytes(serialization.Encoding.OpenSSH, PUBLIC.OpenSSH))


def certificates() -> None:
    root = rsa.generate_private_key(65537, 2048)
    between = ec.generate_private_key(ec.SECP384R1())
    write("root.pem", certificate("Root", root, "Root", root, ca=True))
    write("between.pem", certificate("Between", between, "Root", root, ca=True, algorithm=hashes.SHA512()))

    leaf = rsa.generate_private_key(65537, 2048)
    write("leaf.pem", certificate("leaf.example.com", leaf, "Between", between, algorithm=hashes.SHA384()))
    write_key("leaf.key", leaf)
    write_key("leaf.pkcs1.key", leaf, TRADITIONAL)
    write_key("leaf.encrypted.key", leaf, PKCS8, serialization.BestAvailableEncryption(b"secret"))
    write_key("leaf.headers.key", leaf, TRADITIONAL, serialization.BestAvailableEncryption(b"secret"))

    # Signed by somebody who calls himself as the authority does, and by somebody who is none.
    write("forged.pem", certificate("leaf.example.com", leaf, "Between", ec.generate_private_key(ec.SECP384R1())))
    member = rsa.generate_private_key(65537, 2048)
    write("member.pem", certificate("Member", member, "Root", root))
    write("by_member.pem", certificate("leaf.example.com", leaf, "Member", member))

    for name, curve in (("p256", ec.SECP256R1()), ("p384", ec.SECP384R1()), ("p521", ec.SECP521R1())):
        key = ec.generate_private_key(curve)
        write(f"{name}.pem", certificate(f"{name}.example.com", key, f"{name}.example.com", key))
        write_key(f"{name}.key", key)
        write_key(f"{name}.sec1.key", key, TRADITIONAL)
    key = ed25519.Ed25519PrivateKey.generate()
    write("ed25519.pem", certificate("ed25519.example.com", key, "ed25519.example.com", key))
    write_key("ed25519.key", key)

    write("expired.pem", certificate("expired", leaf, "expired", leaf, begin=BEGIN - 2 * YEAR, years=1))
    write("future.pem", certificate("future", leaf, "future", leaf, begin=BEGIN + 90 * YEAR, years=5))
    small = rsa.generate_private_key(65537, 1024)
    write("small.pem", certificate("small", small, "small", small))
    write_key("small.key", small)
    write("second.pem", certificate("second", leaf, "second", leaf))
    write("third.pem", certificate("third", leaf, "third", leaf))


def vendors() -> None:
    """Roots to which attestations of security keys lead, and what is none."""
    key = ec.generate_private_key(ec.SECP256R1())
    write("vendor.pem", certificate("Vendor", key, "Vendor", key, ca=True, signs=True))
    write("vendor.usage.pem", certificate("Vendor", key, "Vendor", key, ca=True, signs=False))
    past = certificate("Vendor", key, "Vendor", key, ca=True, signs=True, begin=BEGIN - 2 * YEAR, years=1)
    write("vendor.expired.pem", past)
    future = certificate("Vendor", key, "Vendor", key, ca=True, signs=True, begin=BEGIN + 90 * YEAR, years=5)
    write("vendor.future.pem", future)
    edwards = ed25519.Ed25519PrivateKey.generate()
    write("vendor.ed25519.pem", certificate("Vendor", edwards, "Vendor", edwards, ca=True, signs=True))


if __name__ == "__main__":
    ssh()
    certificates()
    vendors()
