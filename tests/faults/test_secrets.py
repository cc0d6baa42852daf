"""AC-45: planted secrets are found in no log at trace level, no event, no error and no data file, the WAL included."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from claviger import ACCOUNT, Keys, Server, run_claviger, totp

GOOD = "Planted-Passw0rd-old!"
BETTER = "Planted-Passw0rd-new!"
WRONG = "Planted-Passw0rd-wrong!"
WEAK = "plantedweakpassword"
VISIBLE = "Planted-but-no-secret"
ROOT_PASSWORD = "Planted-Root-Passw0rd!"
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
RECOVERED = "Planted-Recovered-Passw0rd!"
MASTER_KEY = base64.b64encode(bytes(range(101, 133))).decode()


def spellings(secret: bytes) -> dict[str, bytes]:
    """How a secret might lie about without standing there letter by letter."""
    plain = base64.b64encode(secret)
    return {
        "plain": secret,
        "base64": plain.rstrip(b"="),
        "base64url": base64.urlsafe_b64encode(secret).rstrip(b"="),
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "percent": urllib.parse.quote_from_bytes(secret, safe="").encode(),
        "json": json.dumps(secret.decode("latin-1"))[1:-1].encode(),
        "list of numbers": ", ".join(str(byte) for byte in secret).encode(),
        "tight list of numbers": ",".join(str(byte) for byte in secret).encode(),
        "utf-16": secret.decode("latin-1").encode("utf-16-le"),
    }


class Planted:
    """Everything that must be found nowhere, by what it is."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def add(self, what: str, secret: str | bytes) -> None:
        value = secret.encode() if isinstance(secret, str) else secret
        assert len(value) >= 12, "too short to be told from chance"
        self.secrets[what] = value

    def search(self, where: str, content: bytes) -> list[str]:
        return [
            f"{what} ({spelling}) in {where}"
            for what, secret in self.secrets.items()
            for spelling, bytes_ in spellings(secret).items()
            if bytes_ in content
        ]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def bytes_of(path: Path) -> bytes:
    """What a running server's file holds. A file in the making gets its own name, under which it is read after the stop."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        assert path.suffix == ".new", path
        return b""


def test_ac_45_planted_secrets_are_found_nowhere(make_server: Callable[..., Server]) -> None:
    server = make_server()
    server.env.update(
        {
            "RUST_LOG": "trace",
            "CLAVIGER_MASTER_KEY": MASTER_KEY,
            "CLAVIGER_ROOT_PASSWORD": ROOT_PASSWORD,
            "CLAVIGER_EVENTS_FILE": str(server.data / "events.jsonl"),
        }
    )
    server.start()
    planted = Planted()
    errors: list[str] = []
    planted.add("root secret key", server.root.secret_access_key)
    planted.add("root password", ROOT_PASSWORD)
    planted.add("master key", base64.b64decode(MASTER_KEY))
    for what, password in (("old", GOOD), ("new", BETTER), ("wrong", WRONG), ("weak", WEAK)):
        planted.add(f"{what} password", password)

    def refuse(*arguments: str, keys: Keys | None = None) -> None:
        errors.append(server.refused(*arguments, keys=keys).stderr)

    iam = server.client("iam")
    iam.create_user(UserName="alice")
    alice = Keys.of(iam.create_access_key(UserName="alice")["AccessKey"])
    planted.add("secret access key", alice.secret_access_key)

    # Passwords: accepted, too weak, too long, wrong, unauthorized, on a user who is not there.
    iam.create_login_profile(UserName="alice", Password=GOOD)
    refuse("iam", "create-login-profile", "--user-name", "alice", "--password", BETTER)
    refuse("iam", "create-login-profile", "--user-name", "nobody", "--password", GOOD)
    refuse("iam", "update-login-profile", "--user-name", "alice", "--password", WEAK)
    refuse("iam", "update-login-profile", "--user-name", "alice", "--password", GOOD + "x" * 128)
    refuse("iam", "change-password", "--old-password", GOOD, "--new-password", BETTER, keys=alice)
    iam.update_account_password_policy(AllowUsersToChangePassword=True, PasswordReusePrevention=3)
    refuse("iam", "change-password", "--old-password", WRONG, "--new-password", BETTER, keys=alice)
    server.client("iam", alice).change_password(OldPassword=GOOD, NewPassword=BETTER)
    refuse("iam", "change-password", "--old-password", BETTER, "--new-password", GOOD, keys=alice)

    # A device, its seed in all its spellings, and a session.
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="alice")["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    planted.add("TOTP seed (Base32)", seed)
    planted.add("TOTP seed (bytes)", base64.b32decode(seed + "=" * (-len(seed) % 8)))
    planted.add("QR code", device["QRCodePNG"][40:200])
    serial = device["SerialNumber"]
    enable = {"UserName": "alice", "SerialNumber": serial}
    refuse(
        "iam", "enable-mfa-device", "--user-name", "alice", "--serial-number", serial,
        "--authentication-code1", "000000", "--authentication-code2", "000000",
    )  # fmt: skip
    now = server.early_in_step()
    iam.enable_mfa_device(**enable, AuthenticationCode1=totp(seed, now, -1), AuthenticationCode2=totp(seed, now))
    session = Keys.of(
        server.client("sts", alice).get_session_token(SerialNumber=serial, TokenCode=totp(seed, server.now(), 1))[
            "Credentials"
        ]
    )
    planted.add("secret key of the session", session.secret_access_key)
    assert session.session_token is not None
    planted.add("session token", session.session_token)

    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    assumed = Keys.of(server.client("sts", alice).assume_role(RoleArn=role, RoleSessionName="worker")["Credentials"])
    planted.add("secret key of the role session", assumed.secret_access_key)
    assert assumed.session_token is not None
    planted.add("token of the role session", assumed.session_token)

    # A token in a query string must not reach the request line of the log.
    target = server.presigned("Action=GetCallerIdentity&Version=2011-06-15", keys=session)
    answer = server.get(target)
    assert answer.status == 200, answer.text
    answer_id = answer.headers["x-amzn-RequestId"]
    signature = urllib.parse.parse_qs(target.split("?", 1)[1])["X-Amz-Signature"][0]
    planted.add("presigned signature", signature)

    # A private key: taken, with another's certificate, in the place of a certificate, and deleted.
    credentials = Path(__file__).parent.parent / "credentials"
    body, key = ((credentials / name).read_text() for name in ("leaf.pem", "leaf.key"))
    lines = key.splitlines()[1:-1]
    planted.add("private key (a line)", lines[5])
    planted.add("private key (bytes)", base64.b64decode("".join(lines))[600:700])
    iam.upload_server_certificate(ServerCertificateName="web", CertificateBody=body, PrivateKey=key)
    upload = ("iam", "upload-server-certificate", "--server-certificate-name")
    refuse(*upload, "web", "--certificate-body", body, "--private-key", key)
    refuse(*upload, "other", "--certificate-body", (credentials / "p256.pem").read_text(), "--private-key", key)
    refuse(*upload, "denied", "--certificate-body", body, "--private-key", key, keys=alice)
    refuse(*upload, "swapped", "--certificate-body", key, "--private-key", body)
    refuse("iam", "upload-signing-certificate", "--certificate-body", key)
    iam.delete_server_certificate(ServerCertificateName="web")

    # Root's password: given on the host, refused there, and drawn.
    def recover(*arguments: str, stdin: str = "") -> tuple[str, str]:
        done = run_claviger("recover", *arguments, stdin=stdin, env=server.environment(), cwd=server.folder)
        return done.stdout, done.stderr

    planted.add("root password given on the host", RECOVERED)
    errors.extend(recover("root-password", "--password-stdin", stdin=RECOVERED))
    errors.extend(recover("root-password", "--password-stdin", stdin=WEAK))
    drawn = json.loads(recover("root-password", "--output", "json")[0])["Password"]
    planted.add("root password drawn on the host", drawn)
    change = f"Action=ChangeRootPassword&Version=2010-05-08&OldPassword={urllib.parse.quote(drawn, safe='')}"
    assert server.query(f"{change}&NewPassword={urllib.parse.quote(ROOT_PASSWORD, safe='')}").status == 200

    # Broken requests, whose refusal must not repeat what they carried.
    for body in (
        f"Action=ChangePassword&Version=2010-05-08&OldPassword={GOOD}&NewPassword={WRONG}%zz",
        f"Action=NoSuchThing&Version=2010-05-08&Password={WRONG}",
        f"Action=CreateLoginProfile&Version=2010-05-08&UserName=&Password={WRONG}%01",
        f"Action=UpdateLoginProfile&Version=2010-05-08&UserName=alice&Password={WRONG}&PasswordResetRequired={WRONG}",
    ):
        answer = server.query(body)
        assert answer.status >= 400, body
        errors.append(answer.text)

    # Deleted secrets must be gone too, not only hidden.
    doomed = Keys.of(iam.create_access_key(UserName="alice")["AccessKey"])
    planted.add("deleted secret key", doomed.secret_access_key)
    iam.delete_access_key(UserName="alice", AccessKeyId=doomed.access_key_id)

    pages = server.client("cloudtrail").get_paginator("lookup_events").paginate()
    events = json.dumps([event["CloudTrailEvent"] for page in pages for event in page["Events"]])
    assert "CreateLoginProfile" in events

    # A text that may be seen is found by the same search: it would find a secret too.
    seen = Planted()
    seen.add("name of a policy", VISIBLE)
    iam.put_user_policy(UserName="alice", PolicyName=VISIBLE, PolicyDocument=json.dumps(NOTHING))
    assert any(seen.search(path.name, bytes_of(path)) for path in files(server.data))

    found = planted.search("the events", events.encode())
    for error in errors:
        found += planted.search(f"an error ({error[:60]})", error.encode())

    # Twice: while it runs, with the WAL as it is, and after it has stopped.
    while_running = files(server.data)
    assert any(path.name.endswith("-wal") for path in while_running), while_running
    for path in while_running:
        found += planted.search(f"{path.name} while running", bytes_of(path))
    assert server.stop() == 0
    for path in files(server.data):
        found += planted.search(f"{path.name} after stopping", path.read_bytes())
    log = server.stderr.read_bytes()
    assert answer_id.encode() in log, "the log does not tell of the requests"
    found += planted.search("the log", log)
    found += planted.search("standard output", server.stdout.read_bytes())
    assert found == []
