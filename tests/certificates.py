"""Certificates of the tests' own, for localhost and 127.0.0.1."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def write_key(key: ec.EllipticCurvePrivateKey, path: Path) -> None:
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
    )


def with_names(certificate: x509.CertificateBuilder) -> x509.CertificateBuilder:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return certificate.add_extension(x509.SubjectAlternativeName(names), critical=False)


def self_made_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate signed by its own key, and that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = with_names(builder("localhost", "localhost", key, ca=True)).sign(key, hashes.SHA256())
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    write_key(key, key_path)
    return cert_path, key_path


def issued_certificate(folder: Path) -> tuple[Path, Path, Path]:
    """An authority's certificate, one that it issued, and the key of the latter."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    of_authority = builder("authority", "authority", authority, ca=True).sign(authority, hashes.SHA256())
    certificate = with_names(builder("localhost", "authority", key, ca=False)).sign(authority, hashes.SHA256())
    ca_path, cert_path, key_path = folder / "ca.pem", folder / "issued.pem", folder / "issued-key.pem"
    ca_path.write_bytes(of_authority.public_bytes(serialization.Encoding.PEM))
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    write_key(key, key_path)
    return ca_path, cert_path, key_path
