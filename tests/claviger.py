"""A real `claviger serve`, and the AWS clients that talk to it.

Nothing here knows the server's inside: it is started as an operator starts it, configured by its environment, and
asked through the unmodified AWS CLI, boto3, or bytes on a socket. Where a story needs time to pass, libfaketime moves
the clock of the server and of the CLI together; the binary has no hidden clock.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import glob
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.auth
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "123456789012"
REGION = "us-east-1"
IAM_VERSION = "2010-05-08"
STS_VERSION = "2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def binary() -> str:
    """The server under test."""
    path = os.environ.get("CLAVIGER_BIN") or str(ROOT / "target" / "debug" / "claviger")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"no server at {path}: run `cargo build -p claviger`, or set CLAVIGER_BIN")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def faketime_library() -> str:
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        raise AssertionError("libfaketime is missing: install the Debian package faketime")
    return found[0]


@dataclass(frozen=True)
class Keys:
    """What signs a request."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @staticmethod
    def of(answer: dict[str, Any]) -> Keys:
        """From an `AccessKey` or a `Credentials` element of an answer."""
        return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))


ROOT_KEYS = Keys("AKIAROOTROOTROOTROOT", "rootSecret0123456789/abcdefghijklmnop+QR")


class CliError(Exception):
    """A refusal, as the AWS CLI reports it."""

    PATTERN = re.compile(
        r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>\w+) operation"
        r"(?: \([^)]*\))?:(?P<message>.*)",
        re.DOTALL,
    )

    def __init__(self, arguments: tuple[str, ...], status: int, stderr: str) -> None:
        super().__init__(f"aws {' '.join(arguments)} ended with {status}: {stderr.strip()}")
        found = self.PATTERN.search(stderr)
        self.status = status
        self.stderr = stderr
        self.code = found["code"] if found else None
        self.message = found["message"].strip() if found else stderr.strip()


@dataclass
class Answer:
    """A raw HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def element(self, name: str) -> str | None:
        """The text of the first element of that name, whatever its namespace."""
        found = re.search(rf"<{name}>(.*?)</{name}>", self.text, re.DOTALL)
        return found[1] if found else None

    @property
    def code(self) -> str | None:
        return self.element("Code")


@dataclass
class Server:
    """One server over one data directory; it can be stopped, killed and started again."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    moves_time: bool = False
    scheme: str = "http"
    port: int = field(default_factory=free_port)
    root: Keys = ROOT_KEYS
    process: subprocess.Popen[bytes] | None = None
    offset: int = 0
    ready_seconds: float = 0.0

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def stdout(self) -> Path:
        return self.folder / "stdout.txt"

    @property
    def stderr(self) -> Path:
        return self.folder / "stderr.txt"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    # Life

    def environment(self) -> dict[str, str]:
        plain = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "CLAVIGER_LISTEN": f"127.0.0.1:{self.port}",
            "CLAVIGER_DATA_DIR": str(self.data),
            "CLAVIGER_ACCOUNT_ID": ACCOUNT,
            "CLAVIGER_ROOT_ACCESS_KEY_ID": self.root.access_key_id,
            "CLAVIGER_ROOT_SECRET_ACCESS_KEY": self.root.secret_access_key,
        }
        return plain | self.faked() | self.env

    def faked(self) -> dict[str, str]:
        if not self.moves_time:
            return {}
        self.clock.write_text(f"{self.offset:+d}\n")
        return {
            "LD_PRELOAD": faketime_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            # The file is read at every call, and timers go on by the true monotonic clock.
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def start(self, *, wait: bool = True) -> Server:
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        with self.stdout.open("ab") as out, self.stderr.open("ab") as err:
            self.process = subprocess.Popen(
                [binary(), "serve", *self.arguments],
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        if wait:
            self.wait_ready()
            self.ready_seconds = time.monotonic() - begun
        return self

    def wait_ready(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}: {self.said()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/readyz").status == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the server is not ready after {seconds} s: {self.said()}")

    def said(self) -> str:
        """What the server has printed, both streams."""
        parts = [path.read_text(errors="replace") for path in (self.stdout, self.stderr) if path.exists()]
        return "\n".join(parts)

    def stop(self, seconds: float = 20) -> int:
        """Asks the server to stop, and returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop in {seconds} s") from None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def advance(self, seconds: int) -> None:
        """Lets that much time pass for the server and the CLI."""
        assert self.moves_time, "this server runs on the true clock"
        self.offset += seconds
        # Replaced as a whole: the server may read the file at any moment.
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{self.offset:+d}\n")
        fresh.replace(self.clock)

    def now(self) -> float:
        return time.time() + self.offset

    def early_in_step(self) -> float:
        """The time, after waiting where the present step of one-time passwords would end within five seconds.

        Codes that are made before a step's end and checked after it are taken for those of a device that is late.
        """
        left = 30 - self.now() % 30
        if left < 5:
            time.sleep(left)
        return self.now()

    # Clients

    def client(self, service: str, keys: Keys | None = None, **more: Any) -> Any:
        keys = keys or self.root
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            **more,
        )

    def aws(self, *arguments: str, keys: Keys | None = None) -> Any:
        """Runs the AWS CLI. Returns its JSON answer, or `None` when it prints nothing."""
        keys = keys or self.root
        signing = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        }
        if keys.session_token is not None:
            signing["AWS_SESSION_TOKEN"] = keys.session_token
        return run_cli(self.folder, arguments, signing | {"AWS_ENDPOINT_URL": self.endpoint} | self.faked())

    def refused(self, *arguments: str, keys: Keys | None = None) -> CliError:
        """Runs the AWS CLI and expects a refusal."""
        try:
            answer = self.aws(*arguments, keys=keys)
        except CliError as error:
            return error
        raise AssertionError(f"aws {' '.join(arguments)} was not refused, but answered {answer}")

    # Bytes

    def send(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> Answer:
        """Sends exactly these headers (and `Content-Length`), in this order."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            # A server may refuse and close before it has read everything; its answer counts all the same.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path: str) -> Answer:
        return self.send("GET", path, [("Host", f"127.0.0.1:{self.port}")])

    def signed(
        self,
        body: str,
        *,
        keys: Keys | None = None,
        service: str = "iam",
        region: str = REGION,
        method: str = "POST",
        target: str = "/",
        headers: dict[str, str] | None = None,
    ) -> list[tuple[str, str]]:
        """The headers of a request signed by botocore."""
        keys = keys or self.root
        wanted = {"Host": f"127.0.0.1:{self.port}"} | (headers or {})
        if method == "POST":
            wanted.setdefault("Content-Type", FORM)
        request = AWSRequest(method=method, url=self.endpoint + target, data=body.encode(), headers=wanted)
        with self.clock_of_signer():
            SigV4Auth(credentials(keys), service, region).add_auth(request)
        return list(request.headers.items())

    @contextlib.contextmanager
    def clock_of_signer(self) -> Iterator[None]:
        """Has botocore sign at the server's time, where the tests have moved that."""
        true_clock = botocore.auth.get_current_datetime
        moved = datetime.timedelta(seconds=self.offset)
        botocore.auth.get_current_datetime = lambda *given, **more: true_clock(*given, **more) + moved
        try:
            yield
        finally:
            botocore.auth.get_current_datetime = true_clock

    def query(self, body: str, **signing: Any) -> Answer:
        """A signed POST of a form."""
        return self.send("POST", "/", self.signed(body, **signing), body.encode())

    def operation(self, action: str, *, keys: Keys | None = None, **parameters: str) -> Answer:
        """Runs an operation of IAM that AWS's clients do not know."""
        named = {"Action": action, "Version": "2010-05-08"} | parameters
        return self.query(urllib.parse.urlencode(named), keys=keys)

    def presigned(
        self,
        query: str,
        *,
        keys: Keys | None = None,
        service: str = "sts",
        expires: int = 60,
        headers: dict[str, str] | None = None,
    ) -> str:
        """The target (`/?…`) of a presigned GET."""
        request = AWSRequest(
            method="GET",
            url=f"{self.endpoint}/?{query}",
            headers={"Host": f"127.0.0.1:{self.port}"} | (headers or {}),
        )
        SigV4QueryAuth(credentials(keys or self.root), service, REGION, expires=expires).add_auth(request)
        return request.url.removeprefix(self.endpoint)


def credentials(keys: Keys) -> Credentials:
    return Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)


def run_cli(folder: Path, arguments: tuple[str, ...], env: dict[str, str]) -> Any:
    """Runs the AWS CLI of the test environment with nothing of the caller's own configuration."""
    clean = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_DEFAULT_OUTPUT": "json",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "awscli", *arguments],
        env=clean | env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise CliError(arguments, done.returncode, done.stderr.decode())
    text = done.stdout.decode().strip()
    return json.loads(text) if text else None


def run_claviger(*arguments: str, stdin: str = "", env: dict[str, str] | None = None, cwd: Path | None = None) -> Any:
    """Runs a command of the binary that ends by itself."""
    return subprocess.run(
        [binary(), *arguments],
        input=stdin,
        env={"PATH": os.environ.get("PATH", "")} | (env or {}),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def totp(seed: str, at: float, steps: int = 0) -> str:
    """The six digits of RFC 6238 for a Base32 seed, at a time moved by whole steps of 30 seconds."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    counter = int(at) // 30 + steps
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def fetch(url: str, **options: Any) -> Answer:
    """A plain GET, also over TLS."""
    try:
        with urllib.request.urlopen(url, timeout=30, **options) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers, refused.read())
