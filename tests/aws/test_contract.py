"""What an operator relies on: first start, configuration, health, TLS, the request line, stopping, exit codes."""

from __future__ import annotations

import configparser
import contextlib
import http.client
import json
import re
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import botocore.exceptions
import pytest
from certificates import self_made_certificate
from claviger import ACCOUNT, Keys, Server, binary, fetch, free_port, run_claviger, run_cli

MakeServer = Callable[..., Server]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WHO = "Action=GetCallerIdentity&Version=2011-06-15"


def bare_server(make_server: MakeServer, **more: str) -> Server:
    """A server that is told where to listen and to keep its data, and nothing about its first account."""
    server = make_server(env=dict(more))
    given = server.environment

    def environment() -> dict[str, str]:
        return {
            name: value
            for name, value in given().items()
            if not name.startswith(("CLAVIGER_ROOT_", "CLAVIGER_ACCOUNT_")) or name in more
        }

    server.environment = environment  # type: ignore[method-assign]
    return server


def printed_profile(text: str) -> tuple[str, configparser.ConfigParser]:
    """The AWS profile that the first start prints, and its name."""
    lines = [line.strip() for line in text.splitlines()]
    start = next(at for at, line in enumerate(lines) if re.fullmatch(r"\[(profile )?[\w-]+\]", line))
    taken = [lines[start]]
    for line in lines[start + 1 :]:
        if not re.fullmatch(r"[a-z_]+ *= *\S+", line):
            break
        taken.append(line)
    parsed = configparser.ConfigParser()
    parsed.read_string("\n".join(taken))
    (section,) = parsed.sections()
    return section.removeprefix("profile "), parsed


# First start


def test_the_printed_profile_creates_a_user(make_server: MakeServer) -> None:
    server = bare_server(make_server).start()
    said = server.said()
    name, profile = printed_profile(said)
    (section,) = profile.sections()
    assert profile[section]["endpoint_url"].endswith(f":{server.port}")
    pasted = server.folder / "config"
    with pasted.open("w") as file:
        profile.write(file)
    env = {"AWS_CONFIG_FILE": str(pasted), "AWS_PROFILE": name}
    made = run_cli(server.folder, ("iam", "create-user", "--user-name", "alice"), env)["User"]
    assert made["UserName"] == "alice"
    assert re.fullmatch(r"arn:aws:iam::\d{12}:user/alice", made["Arn"])
    assert made["UserId"].startswith("AIDA")


def test_two_first_starts_share_no_secret(make_server: MakeServer) -> None:
    secrets = set()
    for _ in range(2):
        server = bare_server(make_server).start()
        _, profile = printed_profile(server.said())
        (section,) = profile.sections()
        secrets.add(profile[section]["aws_secret_access_key"])
    assert len(secrets) == 2


def test_a_second_start_prints_no_secret_and_keeps_what_there_was(make_server: MakeServer) -> None:
    server = bare_server(make_server).start()
    _, profile = printed_profile(server.said())
    (section,) = profile.sections()
    values = profile[section]
    server.root = Keys(values["aws_access_key_id"], values["aws_secret_access_key"])
    server.aws("iam", "create-user", "--user-name", "alice")
    assert server.stop() == 0
    server.stdout.unlink()
    server.stderr.unlink()
    server.start()
    assert server.root.secret_access_key not in server.said()
    assert server.aws("iam", "get-user", "--user-name", "alice")["User"]["UserName"] == "alice"


def test_the_first_account_is_what_the_environment_says(make_server: MakeServer) -> None:
    server = make_server().start()
    who = server.aws("sts", "get-caller-identity")
    assert who == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    assert server.root.secret_access_key not in server.said(), "what was given is not printed"


def test_a_secret_can_come_from_a_file(make_server: MakeServer, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("aSecretFromAFile0123456789abcdefghijklmn\n")
    server = bare_server(
        make_server,
        CLAVIGER_ACCOUNT_ID=ACCOUNT,
        CLAVIGER_ROOT_ACCESS_KEY_ID="AKIAROOTROOTROOTROOT",
        CLAVIGER_ROOT_SECRET_ACCESS_KEY_FILE=str(secret),
    ).start()
    server.root = Keys("AKIAROOTROOTROOTROOT", secret.read_text().strip())
    assert server.aws("sts", "get-caller-identity")["Account"] == ACCOUNT


def test_the_generated_master_key_is_the_owners_alone(make_server: MakeServer) -> None:
    server = make_server().start()
    mode = stat.S_IMODE((server.data / "master.key").stat().st_mode)
    assert mode == 0o600


def test_two_servers_do_not_share_a_data_directory(make_server: MakeServer) -> None:
    first = make_server().start()
    second = make_server(env={"CLAVIGER_DATA_DIR": str(first.data)}).start(wait=False)
    assert second.process is not None
    assert second.process.wait(20) in {1, 2}
    assert second.said().strip()
    assert first.get("/readyz").status == 200


# Configuration


def exit_code(*arguments: str, cwd: Path, **env: str) -> tuple[int, str]:
    safe = {"CLAVIGER_DATA_DIR": str(cwd / "data"), "CLAVIGER_LISTEN": f"127.0.0.1:{free_port()}"}
    done = run_claviger(*arguments, env=safe | env, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("serve", "--no-such-flag"), {}),
        (("no-such-command",), {}),
        (("serve", "--config", "missing.toml"), {}),
        (("serve",), {"CLAVIGER_ACCOUNT_ID": "12345"}),
        (("serve",), {"CLAVIGER_LISTEN": "nowhere"}),
        (("serve",), {"CLAVIGER_DATABASE_URL": "mysql://localhost/x"}),
        (("serve",), {"CLAVIGER_QUOTA_USERS": "many"}),
        (("serve", "--tls-cert", "only.pem"), {}),
    ],
)
def test_unusable_arguments_exit_with_2(tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str]) -> None:
    code, said = exit_code(*arguments, cwd=tmp_path, **env)
    assert code == 2, said
    assert said.strip()


@pytest.mark.parametrize("text", ["lisen = '127.0.0.1:1'\n", "[quotas]\nusrs = 3\n", "listen = \n"])
def test_an_unknown_or_broken_key_of_the_file_exits_with_2(tmp_path: Path, text: str) -> None:
    (tmp_path / "claviger.toml").write_text(text)
    code, said = exit_code("serve", "--config", "claviger.toml", cwd=tmp_path)
    assert code == 2, said
    assert re.search("lisen|usrs|listen|claviger.toml", said), "the message says where"


def test_config_show_masks_secrets_and_names_origins(tmp_path: Path) -> None:
    (tmp_path / "claviger.toml").write_text("[quotas]\nusers = 77\n")
    secret = "bXktbWFzdGVyLWtleS1pcy0zMi1ieXRlcy1sb25nISE="
    code, said = exit_code(
        "config", "show", "--config", "claviger.toml", cwd=tmp_path,
        CLAVIGER_MASTER_KEY=secret, CLAVIGER_ROOT_PASSWORD="hunter2-Hunter2", CLAVIGER_QUOTA_GROUPS="55",
    )  # fmt: skip
    assert code == 0, said
    assert secret not in said
    assert "hunter2" not in said
    for value in ("77", "55"):
        assert value in said
    assert "claviger.toml" in said
    assert "CLAVIGER_QUOTA_GROUPS" in said or "environment" in said


def test_a_quota_is_configured_by_file_and_by_environment(make_server: MakeServer) -> None:
    server = make_server(env={"CLAVIGER_QUOTA_USERS": "2"}).start()
    server.aws("iam", "create-user", "--user-name", "one")
    server.aws("iam", "create-user", "--user-name", "two")
    error = server.refused("iam", "create-user", "--user-name", "three")
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for UsersPerAccount: 2")
    summary = server.aws("iam", "get-account-summary")["SummaryMap"]
    assert (summary["UsersQuota"], summary["Users"]) == (2, 2)


# Listening


def test_plain_http_off_loopback_needs_insecure(make_server: MakeServer, tmp_path: Path) -> None:
    code, said = exit_code("serve", cwd=tmp_path, CLAVIGER_LISTEN=f"0.0.0.0:{free_port()}")
    assert code == 2, said
    assert "--insecure" in said
    server = make_server(arguments=("--insecure",))
    server.env["CLAVIGER_LISTEN"] = f"0.0.0.0:{server.port}"
    server.start()
    assert server.get("/livez").status == 200


def test_tls_with_a_certificate_of_ones_own(make_server: MakeServer, tmp_path: Path) -> None:
    cert, key = self_made_certificate(tmp_path)
    server = make_server(arguments=("--tls-cert", str(cert), "--tls-key", str(key)), scheme="https")
    trusting = ssl.create_default_context(cafile=str(cert))

    def ready(path: str) -> object:
        return fetch(server.endpoint + path, context=trusting)

    server.get = ready  # type: ignore[method-assign, assignment]
    server.start()
    who = server.client("sts", verify=str(cert)).get_caller_identity()
    assert who["Account"] == ACCOUNT
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(server.endpoint + "/livez")
    plain = Server(server.folder, port=server.port)
    with pytest.raises((OSError, http.client.HTTPException)):
        plain.get("/livez")


def test_a_changed_certificate_is_served_without_a_restart(make_server: MakeServer, tmp_path: Path) -> None:
    cert, key = self_made_certificate(tmp_path)
    server = make_server(arguments=("--tls-cert", str(cert), "--tls-key", str(key)), scheme="https").start(wait=False)
    address = ("127.0.0.1", server.port)

    def served(end: float, other_than: str | None = None) -> str:
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                pem = ssl.get_server_certificate(address, timeout=5)
                if pem != other_than:
                    return pem
            time.sleep(0.2)
        raise AssertionError("the certificate is not served")

    first = served(time.monotonic() + 20)
    (tmp_path / "next").mkdir()
    next_cert, next_key = self_made_certificate(tmp_path / "next")
    next_key.replace(key)
    next_cert.replace(cert)
    second = served(time.monotonic() + 30, other_than=first)
    assert second.strip() == cert.read_text().strip()


# Answers


def test_health_says_nothing_to_strangers(server: Server) -> None:
    for path in ("/livez", "/readyz"):
        answer = server.get(path)
        assert answer.status == 200
        assert not re.search(r"\d+\.\d+\.\d+|claviger|sqlite|postgres", answer.text, re.IGNORECASE)


def test_every_answer_has_a_date_and_a_request_id(server: Server) -> None:
    answers = {
        "granted": server.query(WHO, service="sts"),
        "refused": server.query("Action=GetUser&Version=2010-05-08&UserName=nobody"),
        "unsigned": server.send("POST", "/", [("Host", "x"), ("Content-Type", "text/plain")], b"Action=ListUsers"),
        "unknown path": server.get("/nothing/here"),
        "live": server.get("/livez"),
        "ready": server.get("/readyz"),
        "wrong method": server.send("DELETE", "/", [("Host", f"127.0.0.1:{server.port}")]),
    }
    ids = set()
    for what, answer in answers.items():
        assert answer.headers["Date"], what
        request_id = answer.headers["x-amzn-RequestId"]
        assert request_id is not None, what
        assert UUID.fullmatch(request_id), what
        ids.add(request_id)
        if answer.element("RequestId") is not None:
            assert answer.element("RequestId") == request_id, what
    assert len(ids) == len(answers)


def test_a_request_leaves_one_log_line_with_its_id(server: Server) -> None:
    granted = server.query(WHO, service="sts")
    refused = server.query("Action=GetUser&Version=2010-05-08&UserName=nobody")
    for answer in (granted, refused):
        request_id = answer.headers["x-amzn-RequestId"]
        # Lines are written together, within ten milliseconds.
        end = time.monotonic() + 5
        lines: list[str] = []
        while not lines and time.monotonic() < end:
            time.sleep(0.05)
            lines = [line for line in server.stderr.read_text().splitlines() if request_id in line]
        assert len(lines) == 1, lines
        assert isinstance(json.loads(lines[0]), dict), "JSON where no terminal is"


def test_the_log_filter_is_heeded(make_server: MakeServer, tmp_path: Path) -> None:
    cert, key = self_made_certificate(tmp_path)
    logs = {}
    for level in ("off", "trace"):
        server = make_server(
            env={"RUST_LOG": level}, arguments=("--tls-cert", str(cert), "--tls-key", str(key)), scheme="https"
        ).start(wait=False)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            # The server may not listen yet: the client tells that with an error of its own.
            with contextlib.suppress(OSError, botocore.exceptions.EndpointConnectionError):
                server.client("sts", verify=str(cert)).get_caller_identity()
                break
            time.sleep(0.1)
        assert server.stop() == 0
        logs[level] = server.stderr.read_text()
    assert logs["off"] == ""
    assert '"TRACE"' in logs["trace"] or '"DEBUG"' in logs["trace"]


# Stopping


def test_sigterm_ends_well_and_loses_nothing(make_server: MakeServer) -> None:
    server = make_server().start()
    server.aws("iam", "create-user", "--user-name", "alice")
    assert server.stop() == 0
    server.start()
    assert server.aws("iam", "get-user", "--user-name", "alice")["User"]["UserName"] == "alice"


def test_sigterm_lets_a_request_in_flight_finish(make_server: MakeServer) -> None:
    server = make_server().start()
    body = WHO.encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        head = "".join(f"{name}: {value}\r\n" for name, value in server.signed(WHO, service="sts"))
        line.sendall(f"POST / HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
        # The server has read the head when a second request is answered after it.
        assert server.get("/livez").status == 200
        assert server.process is not None
        server.process.terminate()
        line.sendall(body[10:])
        assert line.recv(64).startswith(b"HTTP/1.1 200")
    assert server.process.wait(20) == 0


def test_the_command_line_explains_itself() -> None:
    done = subprocess.run([binary(), "--help"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    for word in ("serve", "policy", "config"):
        assert word in done.stdout


# Offline


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def test_policy_check_passes_a_good_document(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(POLICY))
    assert run_claviger("policy", "check", str(good)).returncode == 0


def test_policy_check_names_line_and_column_of_a_bad_one(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(
        '{\n  "Version": "2012-10-17",\n  "Statement": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]\n}\n'
    )
    done = run_claviger("policy", "check", str(bad))
    assert done.returncode == 1
    assert re.search(r"bad\.json:3:\d+", done.stdout + done.stderr)
    done = run_claviger("policy", "check", "--output", "json", str(bad))
    assert done.returncode == 1
    assert json.loads(done.stdout)


def test_policy_decide_answers_every_line_in_order() -> None:
    ask = {
        "principal": {"arn": f"arn:aws:iam::{ACCOUNT}:user/a", "account": ACCOUNT, "type": "User"},
        "resource": {"arn": "arn:aws:s3:::b/k", "account": ACCOUNT},
        "context": {},
        "identity_policies": [POLICY],
    }
    lines = [
        json.dumps(ask | {"id": "1", "action": "s3:GetObject"}),
        "this is not JSON",
        json.dumps(ask | {"id": "3", "action": "s3:PutObject"}),
    ]
    done = run_claviger("policy", "decide", stdin="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["id"], first["decision"]) == ("1", "allow")
    assert "error" in second
    assert (third["id"], third["decision"]) == ("3", "implicit_deny")
