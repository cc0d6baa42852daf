"""`claviger recover`: with the server running and stopped, as an operator runs it on the host."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claviger import ACCOUNT, Keys, Server, run_claviger, totp

PASSWORD = "Correct-Horse-7"


def recover(server: Server, *arguments: str, stdin: str = "") -> Any:
    return run_claviger("recover", *arguments, stdin=stdin, env=server.environment(), cwd=server.folder)


def well(server: Server, *arguments: str, stdin: str = "") -> dict[str, Any]:
    done = recover(server, *arguments, "--output", "json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def events(server: Server, name: str) -> list[dict[str, Any]]:
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = server.client("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def change_password(server: Server, old: str, new: str) -> int:
    body = f"Action=ChangeRootPassword&Version=2010-05-08&OldPassword={old}&NewPassword={new}"
    return server.query(body).status


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_a_root_password_is_reset(make_server: Callable[..., Server], runs: bool) -> None:
    server = make_server().start()
    if not runs:
        assert server.stop() == 0
    told = well(server, "root-password", "--password-stdin", stdin=PASSWORD + "\n")
    assert told["Account"] == ACCOUNT
    assert "Password" not in told
    drawn = well(server, "root-password")["Password"]
    refused = recover(server, "root-password", "--password-stdin", stdin="weak\n")
    assert refused.returncode == 1
    assert "PasswordPolicyViolation" in refused.stderr
    if not runs:
        assert not (server.data / "claviger.sock").exists()
        server.start()
    assert change_password(server, PASSWORD, "Better1Horse") == 403
    assert change_password(server, drawn.replace("%", "%25").replace("&", "%26").replace("+", "%2B"), "Better1Horse") == 200
    records = events(server, "ResetRootPassword")
    assert len(records) == 2
    for record in records:
        assert record["userIdentity"]["type"] == "HostOperator"
        assert record["userIdentity"]["principalId"] == f"uid:{os.getuid()}"
        assert record["userAgent"].endswith(" recover root-password")
        assert PASSWORD not in json.dumps(record) and drawn not in json.dumps(record)
    assert server.stop() == 0
    said = server.said()
    assert PASSWORD not in said and drawn not in said


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_a_lost_device_of_root_is_taken_away(make_server: Callable[..., Server], runs: bool) -> None:
    server = make_server().start()
    device = server.client("iam").create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
    codes = [totp(seed, server.now(), steps) for steps in (-1, 0)]
    enabled = server.query(
        f"Action=EnableRootMFADevice&Version=2010-05-08&SerialNumber={serial}"
        f"&AuthenticationCode1={codes[0]}&AuthenticationCode2={codes[1]}"
    )
    assert enabled.status == 200, enabled.text
    if not runs:
        assert server.stop() == 0
    assert [one["SerialNumber"] for one in well(server, "status")["MFADevices"]] == [serial]
    assert recover(server, "root-mfa").returncode == 2
    assert recover(server, "root-mfa", "--serial", f"arn:aws:iam::{ACCOUNT}:mfa/other").returncode == 1
    assert well(server, "root-mfa", "--all")["SerialNumbers"] == [serial]
    shown = recover(server, "status", "--account", ACCOUNT)
    assert serial not in shown.stdout and ACCOUNT in shown.stdout
    if not runs:
        server.start()
    assert server.client("iam").list_mfa_devices()["MFADevices"] == []
    assert len(events(server, "ResetRootMFADevices")) == 1


def test_lost_access_keys_of_root_are_replaced(make_server: Callable[..., Server]) -> None:
    server = make_server().start()
    told = well(server, "root-access-key")
    assert told["Deactivated"] == [server.root.access_key_id]
    assert server.refused("sts", "get-caller-identity").code == "InvalidClientTokenId"
    server.root = Keys(told["AccessKeyId"], told["SecretAccessKey"])
    assert server.aws("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert told["SecretAccessKey"] not in server.said() + json.dumps(events(server, "ReplaceRootAccessKeys"))


def test_an_account_that_is_not_there_and_a_store_that_is_not_there_are_refused(
    make_server: Callable[..., Server],
) -> None:
    server = make_server().start()
    refused = recover(server, "root-password", "--account", "999999999999")
    assert (refused.returncode, "NoSuchEntity" in refused.stderr) == (1, True)
    assert recover(server, "root-password", "--account", "12").returncode == 2
    empty = server.folder / "empty"
    refused = run_claviger("recover", "status", "--data-dir", str(empty), cwd=server.folder)
    assert (refused.returncode, "there is no store" in refused.stderr) == (2, True)
    assert not empty.exists(), "a command must not make a store"


def test_the_socket_is_there_while_the_server_serves_and_for_its_owner_alone(
    make_server: Callable[..., Server],
) -> None:
    server = make_server().start()
    path = server.data / "claviger.sock"
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # What a killed server leaves behind is replaced, and meanwhile nobody waits for it.
    server.kill()
    assert path.exists()
    assert well(server, "status")["Account"] == ACCOUNT
    server.start()
    assert well(server, "status")["Account"] == ACCOUNT
    assert server.stop() == 0
    assert not path.exists()


def test_the_socket_can_lie_elsewhere(make_server: Callable[..., Server]) -> None:
    server = make_server()
    path = server.folder / "run" / "host.sock"
    server.env["CLAVIGER_HOST_SOCKET"] = str(path)
    server.start()
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert well(server, "status")["Account"] == ACCOUNT


def ask(path: Path, head: bytes, body: bytes = b"") -> bytes:
    """Sends bytes to the socket and reads what comes."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(os.path.relpath(path))
        peer.sendall(head + body)
        answer = b""
        while part := peer.recv(65536):
            answer += part
    return answer


def test_hostile_bytes_at_the_socket_are_refused_and_it_goes_on(
    make_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server().start()
    monkeypatch.chdir(server.data)
    path = server.data / "claviger.sock"

    def post(target: str, body: bytes, *headers: str) -> bytes:
        lines = [f"POST {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers, "", ""]
        return ask(path, "\r\n".join(lines).encode(), body)

    for answer, status in (
        (post("/v1/GetRootUser", b"{}"), b"200"),
        (post("/v1/CreateUser", b'{"UserName":"eve"}'), b"400"),
        (post("/v1/NoSuchThing", b"{}"), b"400"),
        (post("/v1/ResetRootPassword", b"[]"), b"400"),
        (post("/v1/ResetRootPassword", b"{" * 1000), b"400"),
        (post("/v1/ResetRootPassword", b'{"Password":7}'), b"400"),
        (post("/v1/ResetRootPassword", b'{"Password":"' + b"x" * 70_000 + b'"}'), b"413"),
        (post("/v1/GetRootUser", b"{}", "claviger-account: twelve"), b"400"),
        (post("/", b"{}"), b"404"),
        (ask(path, b"GET /v1/GetRootUser HTTP/1.1\r\nHost: localhost\r\n\r\n"), b"405"),
        (ask(path, b"\x16\x03\x01 no HTTP\r\n\r\n"), b"400"),
    ):
        assert answer.split(b" ", 2)[1] == status, answer
    assert events(server, "ResetRootPassword") == []
    assert well(server, "status")["Account"] == ACCOUNT


@pytest.mark.skipif(os.getuid() != 0, reason="takes the right to become another user")
def test_another_user_is_refused_whatever_the_mode_of_the_socket(make_server: Callable[..., Server]) -> None:
    server = make_server()
    # A place that others can reach, so that the peer's user alone decides.
    place = Path("/run") / f"claviger-test-{os.getpid()}"
    place.mkdir(mode=0o755)
    path = place / "host.sock"
    try:
        server.env["CLAVIGER_HOST_SOCKET"] = str(path)
        server.start()
        path.chmod(0o666)
        script = (
            "import socket; s = socket.socket(socket.AF_UNIX); s.connect('%s');"
            "s.sendall(b'POST /v1/ResetRootPassword HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}');"
            "print(s.recv(100))" % path
        )
        done = subprocess.run(
            ["python3", "-c", script], user=65534, group=65534, capture_output=True, text=True, timeout=30, check=False
        )
        assert "200" not in done.stdout, done.stdout
        assert events(server, "ResetRootPassword") == []
        assert "a user who may not was refused at the host socket" in server.said()
    finally:
        server.close()
        for left in place.iterdir():
            left.unlink()
        place.rmdir()


def test_two_servers_do_not_share_a_socket(make_server: Callable[..., Server]) -> None:
    first = make_server().start()
    second = make_server()
    second.env["CLAVIGER_HOST_SOCKET"] = str(first.data / "claviger.sock")
    second.start(wait=False)
    assert second.process is not None and second.process.wait(30) == 1
    assert "another server holds" in second.said()
    assert well(first, "status")["Account"] == ACCOUNT


def test_on_postgresql_with_and_without_a_server(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    cluster = Postgres(tmp_path)
    try:
        server = make_server()
        server.env["CLAVIGER_DATABASE_URL"] = cluster.url
        server.env["CLAVIGER_MASTER_KEY"] = "A" * 43 + "="
        server.start()
        assert "Password" in well(server, "root-password")
        # One node was asked through its socket; this one works beside it, as another node would.
        beside = dict(server.env)
        server.env["CLAVIGER_HOST_SOCKET"] = str(server.folder / "nobody.sock")
        well(server, "root-password", "--password-stdin", stdin=PASSWORD)
        server.env = beside
        assert change_password(server, PASSWORD, "Better1Horse") == 200
        assert len(events(server, "ResetRootPassword")) == 2
        assert server.stop() == 0
        assert well(server, "status")["Account"] == ACCOUNT
    finally:
        cluster.stop()


class Postgres:
    """A cluster of its own."""

    def __init__(self, folder: Path) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.control = programs / "pg_ctl"
        self.data = folder / "pg"
        # PostgreSQL does not run as root.
        self.more: dict[str, Any] = {}
        if os.getuid() == 0:
            self.more = {"user": "postgres", "group": "postgres", "extra_groups": []}
            self.data = Path("/var/tmp") / f"claviger-test-{os.getpid()}"
            self.data.mkdir(mode=0o700)
            subprocess.run(["chown", "postgres:postgres", str(self.data)], check=True)
        self.run(programs / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.run(
            self.control, "-D", self.data, "-w", "-l", self.data / "log",
            "-o", f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=", "start",
        )  # fmt: skip
        self.url = f"postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"

    def run(self, *command: Any) -> None:
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.more)

    def stop(self) -> None:
        self.run(self.control, "-D", self.data, "-m", "immediate", "stop")
        subprocess.run(["rm", "-rf", str(self.data)], check=True)
