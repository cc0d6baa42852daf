"""Logins by SSH through a real sshd, whose AuthorizedKeysCommand is `claviger ssh-keys`."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from claviger import ACCOUNT, REGION, Keys, Server, binary, free_port

SSHD = "/usr/sbin/sshd"
HOST = "web-1"
# The user of this host who logs in; the user of the account bears the same name.
LOGIN = "root"
HOST_ARN = f"arn:aws:ssh::{ACCOUNT}:host/{HOST}"

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="an sshd that lets others log in is started by root")


def statement(effect: str, action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def key_pair(path: Path) -> str:
    """Writes a private key, and returns the public one's line."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    path.chmod(0o600)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return line.decode()


@dataclass
class Sshd:
    """An sshd with a host key and a configuration of its own, in a folder that only root can write."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def login(self, key: Path, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "ssh", "-F", "none", "-p", str(self.port), "-i", str(key), "-l", LOGIN,
                "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
                "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.folder}/known",
                "-o", "ConnectTimeout=20", "127.0.0.1", *command,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip

    def lets_in(self, key: Path) -> bool:
        done = self.login(key, "echo", "let", "in")
        assert done.returncode in (0, 255), done.stderr
        assert (done.returncode == 0) == (done.stdout == "let in\n"), done
        return done.returncode == 0


def profile_file(path: Path, endpoint: str, keys: Keys, owner: str) -> None:
    path.write_text(
        f"[default]\nregion = {REGION}\nendpoint_url = {endpoint}\n"
        f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    path.chmod(0o600)
    shutil.chown(path, owner)


@pytest.fixture(scope="module")
def start_sshd() -> Iterator[Callable[..., Sshd]]:
    """Starts sshds whose AuthorizedKeysCommand has these arguments; all are ended with the file."""
    if not os.access(SSHD, os.X_OK):
        raise AssertionError("sshd is missing: install the Debian package openssh-server")
    started: list[Sshd] = []
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    # sshd runs only what root alone can write, in folders that root alone can write.
    place = Path("/var/lib") / f"claviger-test-{os.getpid()}"
    place.mkdir(mode=0o755)
    program = place / "claviger"
    shutil.copy(binary(), program)
    program.chmod(0o755)

    def start(name: str, user: str, arguments: str, prepare: Callable[[Path], None] | None = None) -> Sshd:
        folder = place / name
        folder.mkdir(mode=0o755)
        if prepare is not None:
            prepare(folder)
        key_pair(folder / "host_key")
        port = free_port()
        (folder / "config").write_text(
            f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host_key\nPidFile {folder}/pid\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PubkeyAuthentication yes\nPermitRootLogin prohibit-password\nAuthorizedKeysFile none\n"
            f"AuthorizedKeysCommand {program} ssh-keys --allow-root {arguments.format(folder=folder)}\n"
            f"AuthorizedKeysCommandUser {user}\nLogLevel VERBOSE\nMaxAuthTries 3\n"
        )
        process = subprocess.Popen(
            [SSHD, "-D", "-f", f"{folder}/config", "-E", f"{folder}/log"], stdin=subprocess.DEVNULL
        )
        started.append(Sshd(folder, port, process))
        wait_for(port, started[-1])
        return started[-1]

    yield start
    for one in started:
        one.process.terminate()
        one.process.wait(20)
    shutil.rmtree(place)


def wait_for(port: int, sshd: Sshd) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert sshd.process.poll() is None, sshd.log
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(sshd.log)


@pytest.fixture(scope="module")
def sshd(server: Server, start_sshd: Callable[..., Sshd]) -> Sshd:
    """An sshd that asks the server over the network, as the host's own user."""
    iam = server.client("iam")
    iam.create_user(UserName="host-web-1")
    may_ask = policy(statement("Allow", "iam:ListHostSSHPublicKeys", HOST_ARN))
    iam.put_user_policy(UserName="host-web-1", PolicyName="ask", PolicyDocument=may_ask)
    keys = Keys.of(iam.create_access_key(UserName="host-web-1")["AccessKey"])
    return start_sshd(
        "network",
        "nobody",
        f"--credentials {{folder}}/profile --host {HOST} --user %u --key-type %t --fingerprint %f --key %k",
        lambda folder: profile_file(folder / "profile", server.endpoint, keys, "nobody"),
    )


@dataclass
class Person:
    """A user of the account, and the key that the user keeps."""

    server: Server
    key: Path
    key_id: str

    def may(self, *statements: dict[str, Any]) -> None:
        self.server.client("iam").put_user_policy(
            UserName=LOGIN, PolicyName="login", PolicyDocument=policy(*statements)
        )


@pytest.fixture
def person(server: Server, tmp_path: Path) -> Iterator[Person]:
    """Somebody who may log in, with a key that was uploaded."""
    iam = server.client("iam")
    iam.create_user(UserName=LOGIN)
    line = key_pair(tmp_path / "id_rsa")
    uploaded = iam.upload_ssh_public_key(UserName=LOGIN, SSHPublicKeyBody=line)["SSHPublicKey"]
    made = Person(server, tmp_path / "id_rsa", uploaded["SSHPublicKeyId"])
    made.may(statement("Allow", "ssh:Login", HOST_ARN))
    yield made
    for key in iam.list_ssh_public_keys(UserName=LOGIN)["SSHPublicKeys"]:
        iam.delete_ssh_public_key(UserName=LOGIN, SSHPublicKeyId=key["SSHPublicKeyId"])
    iam.delete_user_policy(UserName=LOGIN, PolicyName="login")
    iam.delete_user(UserName=LOGIN)


def test_the_user_of_the_tests_is_one_whom_sshd_lets_in() -> None:
    assert pwd.getpwnam(LOGIN).pw_shell not in ("", "/usr/sbin/nologin", "/bin/false")


def test_an_uploaded_key_logs_in_and_another_does_not(sshd: Sshd, person: Person, tmp_path: Path) -> None:
    assert sshd.lets_in(person.key), sshd.log
    key_pair(tmp_path / "other")
    assert not sshd.lets_in(tmp_path / "other")


def test_a_key_that_is_switched_off_is_refused_until_it_is_on_again(sshd: Sshd, person: Person) -> None:
    iam = person.server.client("iam")
    which = {"UserName": LOGIN, "SSHPublicKeyId": person.key_id}
    iam.update_ssh_public_key(**which, Status="Inactive")
    assert not sshd.lets_in(person.key)
    iam.update_ssh_public_key(**which, Status="Active")
    assert sshd.lets_in(person.key)


def test_a_deleted_key_is_refused(sshd: Sshd, person: Person) -> None:
    assert sshd.lets_in(person.key)
    person.server.client("iam").delete_ssh_public_key(UserName=LOGIN, SSHPublicKeyId=person.key_id)
    assert not sshd.lets_in(person.key)


def test_a_user_without_permission_is_refused(sshd: Sshd, person: Person) -> None:
    for no_permission in (
        statement("Allow", "s3:*", "*"),
        statement("Allow", "ssh:Login", f"arn:aws:ssh::{ACCOUNT}:host/web-2"),
        statement("Allow", "ssh:Login", HOST_ARN, Condition={"StringNotEquals": {"ssh:LoginName": LOGIN}}),
    ):
        person.may(no_permission)
        assert not sshd.lets_in(person.key), no_permission
    person.may(statement("Allow", "ssh:Login", HOST_ARN, Condition={"StringEquals": {"ssh:LoginName": LOGIN}}))
    assert sshd.lets_in(person.key)


def test_an_explicit_deny_is_stronger_than_every_allow(sshd: Sshd, person: Person) -> None:
    person.may(statement("Allow", "*", "*"), statement("Deny", "ssh:Login", HOST_ARN))
    assert not sshd.lets_in(person.key)
    person.may(statement("Allow", "*", "*"))
    assert sshd.lets_in(person.key)


def test_a_permissions_boundary_counts(sshd: Sshd, person: Person) -> None:
    iam = person.server.client("iam")
    narrow = policy(statement("Allow", "s3:*", "*"))
    bound = iam.create_policy(PolicyName="bound", PolicyDocument=narrow)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=LOGIN, PermissionsBoundary=bound)
    assert not sshd.lets_in(person.key)
    iam.delete_user_permissions_boundary(UserName=LOGIN)
    assert sshd.lets_in(person.key)


def test_a_host_that_may_not_ask_lets_nobody_in(sshd: Sshd, person: Person) -> None:
    iam = person.server.client("iam")
    iam.put_user_policy(
        UserName="host-web-1", PolicyName="stop", PolicyDocument=policy(statement("Deny", "*", "*"))
    )
    assert not sshd.lets_in(person.key)
    iam.delete_user_policy(UserName="host-web-1", PolicyName="stop")
    assert sshd.lets_in(person.key)


def test_refusals_are_on_record_with_whom_they_concern(sshd: Sshd, person: Person) -> None:
    person.may(statement("Allow", "s3:*", "*"))
    assert not sshd.lets_in(person.key)
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "ListHostSSHPublicKeys"}]
    end = time.monotonic() + 20
    while time.monotonic() < end:
        events = person.server.client("cloudtrail").lookup_events(LookupAttributes=wanted)["Events"]
        records = [json.loads(event["CloudTrailEvent"]) for event in events]
        if any(f"user/{LOGIN} is not authorized to perform: ssh:Login" in one["errorMessage"] for one in records):
            return
        time.sleep(0.2)
    raise AssertionError(records)


def ssh_keys(server: Server, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return run_ssh_keys(server, "--allow-root", *arguments, **more)


def run_ssh_keys(server: Server, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary(), "ssh-keys", *arguments],
        env={"PATH": os.environ["PATH"]} | more,
        cwd=server.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def of_root(server: Server) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": server.root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.root.secret_access_key,
        "AWS_ENDPOINT_URL": server.endpoint,
    }


def test_whatever_is_in_doubt_prints_nothing_and_fails(server: Server, person: Person) -> None:
    good = ssh_keys(server, "--user", LOGIN, "--host", HOST, **of_root(server))
    assert (good.returncode, good.stdout.count("ssh-rsa ")) == (0, 1), good.stderr
    env = of_root(server)
    nobody = f"http://127.0.0.1:{free_port()}"
    for arguments, changed in (
        (("--user", "nobody"), {}),
        (("--user", LOGIN.upper()), {}),
        (("--user", "a b"), {}),
        (("--user", LOGIN), {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        (("--user", LOGIN), {"AWS_ENDPOINT_URL": nobody}),
        (("--user", LOGIN), {"AWS_ENDPOINT_URL": server.endpoint + "/path"}),
        (("--user", LOGIN), {"AWS_ENDPOINT_URL": "ftp://127.0.0.1"}),
        (("--user", LOGIN), {"AWS_ENDPOINT_URL": ""}),
        (("--user", LOGIN, "--profile", "none"), {}),
    ):
        done = ssh_keys(server, *arguments, "--host", HOST, **(env | changed))
        assert done.returncode in (1, 2), done
        assert done.stdout == ""
        assert done.stderr.startswith("claviger: ")
        assert server.root.secret_access_key not in done.stderr


def test_a_server_that_says_something_else_is_not_believed(server: Server, person: Person) -> None:
    """Whoever answers in place of the server prints no line of its own choice."""
    good = ssh_keys(server, "--user", LOGIN, "--host", HOST, **of_root(server)).stdout.strip()
    for body in (
        f"<R><SSHPublicKeyBody>{good}</SSHPublicKeyBody></R>",
        f'<ListHostSSHPublicKeysResponse><SSHPublicKeyBody>command="sh" {good}</SSHPublicKeyBody></ListHostSSHPublicKeysResponse>',
        f"<ListHostSSHPublicKeysResponse><SSHPublicKeyBody>{good}</SSHPublicKeyBody>",
        "<html>",
        "",
    ):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
            process = subprocess.Popen(
                [binary(), "ssh-keys", "--allow-root", "--user", LOGIN, "--host", HOST],
                env={"PATH": os.environ["PATH"]} | of_root(server) | {"AWS_ENDPOINT_URL": endpoint},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
                out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (1, b""), (body, err)


def test_on_the_servers_own_host_the_socket_is_asked(
    server: Server, start_sshd: Callable[..., Sshd], person: Person
) -> None:
    own = start_sshd("socket", "root", f"--socket --data-dir {server.data} --host {HOST} --user %u --key %k")
    assert own.lets_in(person.key), own.log
    details = server.query(f"Action=ListSSHPublicKeyDetails&Version=2010-05-08&UserName={LOGIN}")
    assert f"<LastOfferedHost>{HOST}</LastOfferedHost>" in details.text, details.text
    person.may(statement("Allow", "*", "*"), statement("Deny", "ssh:*", "*"))
    assert not own.lets_in(person.key)


def test_a_socket_of_somebody_else_is_not_asked(server: Server, person: Person, tmp_path: Path) -> None:
    asked = ("--socket", "--data-dir", str(server.data), "--user", LOGIN, "--host", HOST)
    assert ssh_keys(server, *asked).stdout.startswith("ssh-rsa ")
    relative = ("--socket", "--data-dir", os.path.relpath(server.data), "--user", LOGIN, "--host", HOST)
    done = ssh_keys(server, *relative)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "from the root directory on" in done.stderr
    planted = tmp_path / "planted"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(planted))
        listener.listen()
        os.chown(planted, pwd.getpwnam("nobody").pw_uid, -1)
        done = ssh_keys(server, *asked, CLAVIGER_HOST_SOCKET=str(planted))
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "neither root" in done.stderr
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    mode = server.data.stat().st_mode
    server.data.chmod(0o777)
    try:
        done = ssh_keys(server, *asked)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "chmod go-w" in done.stderr
    finally:
        server.data.chmod(mode)


def test_nobody_becomes_root_of_a_host_that_does_not_say_so(server: Server, person: Person) -> None:
    for arguments in (("--user", LOGIN), ("--user", "alice", "--login-name", LOGIN)):
        for way in ((), ("--socket", "--data-dir", str(server.data))):
            done = run_ssh_keys(server, *arguments, *way, "--host", HOST, **of_root(server))
            assert (done.returncode, done.stdout) == (1, ""), done
            assert "--allow-root" in done.stderr


def test_the_command_leaves_the_store_alone_where_no_server_answers(server: Server, person: Person) -> None:
    asked = ("--socket", "--data-dir", str(server.data), "--user", LOGIN, "--host", HOST)
    assert ssh_keys(server, *asked).stdout.startswith("ssh-rsa ")
    assert server.stop() == 0
    try:
        done = ssh_keys(server, *asked)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert "no server answers" in done.stderr
    finally:
        server.start()


def test_a_server_that_is_down_lets_nobody_in(sshd: Sshd, person: Person) -> None:
    assert sshd.lets_in(person.key)
    assert person.server.stop() == 0
    try:
        assert not sshd.lets_in(person.key)
        assert "AuthorizedKeysCommand" in sshd.log
    finally:
        person.server.start()
    assert sshd.lets_in(person.key)
