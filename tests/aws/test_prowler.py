"""An auditing program that many run, Prowler, reads the credential report and judges each user as it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from claviger import REGION, Keys, Server, totp

DAY = 86_400
#: Every check of Prowler that reads the credential report.
CHECKS = [
    "iam_administrator_access_with_mfa",
    "iam_avoid_root_usage",
    "iam_no_root_access_key",
    "iam_root_hardware_mfa_enabled",
    "iam_root_mfa_enabled",
    "iam_rotate_access_key_90_days",
    "iam_user_accesskey_unused",
    "iam_user_mfa_enabled_console_access",
    "iam_user_no_setup_initial_access_key",
    "iam_user_two_active_access_key",
]


def verdicts(server: Server) -> dict[str, dict[str, str]]:
    """What each check says of each user, group and key."""
    clean = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(server.folder),
        "AWS_ACCESS_KEY_ID": server.root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.root.secret_access_key,
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("prowler_checks.py")), *CHECKS],
        env=clean | server.faked(),
        cwd=server.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    found: dict[str, dict[str, str]] = {name: {} for name in CHECKS}
    for line in done.stdout.decode().splitlines():
        if line.startswith("["):
            name, resource, status, _ = json.loads(line)
            assert resource not in found[name], "judged twice"
            found[name][resource] = status
    return found


def user(server: Server, name: str, *, password: bool = False) -> None:
    server.aws("iam", "create-user", "--user-name", name)
    if password:
        server.aws("iam", "create-login-profile", "--user-name", name, "--password", "Correct-Horse-7")


def key(server: Server, name: str, *, used: bool) -> Keys:
    made = Keys.of(server.aws("iam", "create-access-key", "--user-name", name)["AccessKey"])
    if used:
        server.aws("sts", "get-caller-identity", keys=made)
    return made


def device(server: Server, name: str) -> None:
    seed_file = server.folder / "seed"
    serial = server.aws(
        "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", name,
        "--bootstrap-method", "Base32StringSeed", "--outfile", str(seed_file),
    )["VirtualMFADevice"]["SerialNumber"]  # fmt: skip
    seed, now = seed_file.read_text(), time.time() + server.offset
    server.aws(
        "iam", "enable-mfa-device", "--user-name", name, "--serial-number", serial,
        "--authentication-code1", totp(seed, now, -1), "--authentication-code2", totp(seed, now),
    )  # fmt: skip


def group(server: Server, name: str, member: str) -> None:
    server.aws("iam", "create-group", "--group-name", name)
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    server.aws("iam", "attach-group-policy", "--group-name", name, "--policy-arn", arn)
    server.aws("iam", "add-user-to-group", "--group-name", name, "--user-name", member)


def test_every_check_that_reads_the_report_gives_the_verdict_that_the_account_deserves(timed_server: Server) -> None:
    server = timed_server
    user(server, "idle")
    key(server, "idle", used=True)
    user(server, "unready", password=True)
    key(server, "unready", used=False)
    user(server, "guarded", password=True)
    device(server, "guarded")
    user(server, "bare", password=True)
    group(server, "careless", "bare")
    group(server, "careful", "guarded")
    server.advance(100 * DAY)
    user(server, "twin")
    key(server, "twin", used=True)
    key(server, "twin", used=True)
    user(server, "spare")
    key(server, "spare", used=True)
    second = key(server, "spare", used=False)
    server.aws(
        "iam", "update-access-key", "--user-name", "spare", "--access-key-id", second.access_key_id,
        "--status", "Inactive",
    )  # fmt: skip

    root = "<root_account>"
    names = ["idle", "unready", "guarded", "bare", "twin", "spare"]
    all_well = dict.fromkeys([root, *names], "PASS")
    users_well = dict.fromkeys(names, "PASS")

    def without(well: dict[str, str], name: str, *finding: str) -> dict[str, str]:
        return {one: status for one, status in well.items() if one != name} | dict.fromkeys(finding, "FAIL")

    found = verdicts(server)
    old = without(without(all_well, "idle", "idle-access-key-1"), "unready", "unready-access-key-1")
    old = without(old, root, f"{root}-access-key-1")
    expected = {
        "iam_administrator_access_with_mfa": {"careless": "FAIL", "careful": "PASS"},
        "iam_avoid_root_usage": {root: "FAIL"},
        "iam_no_root_access_key": {root: "FAIL"},
        "iam_root_hardware_mfa_enabled": {root: "FAIL"},
        "iam_root_mfa_enabled": {root: "FAIL"},
        "iam_rotate_access_key_90_days": old,
        "iam_user_accesskey_unused": without(all_well, "idle", "idle/AccessKey1"),
        "iam_user_mfa_enabled_console_access": users_well | {"unready": "FAIL", "bare": "FAIL"},
        "iam_user_no_setup_initial_access_key": all_well | {"unready": "FAIL"},
        "iam_user_two_active_access_key": all_well | {"twin": "FAIL"},
    }
    for name in CHECKS:
        assert found[name] == expected[name], name
