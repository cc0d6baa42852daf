"""Messages when their ways fail: nothing is lost, and nothing comes twice with other contents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import issued_certificate, self_made_certificate
from claviger import ACCOUNT, Server, free_port, run_claviger
from smtp_sink import Sink

ROOT_EMAIL = "root@example.org"
PASSWORD = "Planted-Smtp-Passw0rd!"

MakeServer = Callable[..., Server]


@pytest.fixture
def sink() -> Iterator[Sink]:
    running = Sink().start()
    yield running
    running.stop()


def mailing(make_server: MakeServer, sink: Sink, **more: str) -> Server:
    """A server, not started yet, that sends its mail in the clear to the sink."""
    env = {
        "CLAVIGER_ROOT_EMAIL": ROOT_EMAIL,
        "CLAVIGER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
        "CLAVIGER_SMTP_STARTTLS": "none",
        "CLAVIGER_SMTP_FROM": "Claviger <iam@example.net>",
        "CLAVIGER_SMTP_TIMEOUT_SECONDS": "2",
    }
    return make_server(env=env | more, moves_time=True)


def change(server: Server) -> str:
    """Makes an access key of root's, of which root is told; its id."""
    return str(server.client("iam").create_access_key()["AccessKey"]["AccessKeyId"])


def logged(server: Server, words: str, seconds: float = 20) -> list[dict[str, Any]]:
    """The log's lines with these words, once there is one."""
    end = time.monotonic() + seconds
    while True:
        lines = server.stderr.read_text().splitlines()
        found = [json.loads(line) for line in lines if words in line]
        if found:
            return found
        assert time.monotonic() < end, f"nobody logged `{words}`: {lines[-5:]}"
        time.sleep(0.1)


TAKEN = "a message was delivered"
AGAIN = "it is tried again"
GIVEN_UP = "given up"


def deliver_later(server: Server) -> None:
    """Lets the time pass after which what failed is tried again."""
    server.advance(60)


# The good way


def test_a_notice_reaches_root_whole_and_once(make_server: MakeServer, sink: Sink) -> None:
    server = mailing(make_server, sink).start()
    key = change(server)
    (kept,) = sink.wait(1)
    assert kept.recipients == [ROOT_EMAIL]
    message = kept.message
    assert message["From"] == "Claviger <iam@example.net>"
    assert message["Subject"] == f"Claviger: An access key of yours was created ({ACCOUNT})"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f-]{36}@example\.net>", kept.id)
    for kind in ("plain", "html"):
        body = kept.body(kind)
        for fact in (ACCOUNT, key, f"arn:aws:iam::{ACCOUNT}:root", "127.0.0.1"):
            assert fact in body, body
    assert sink.connections == 1
    assert server.stop() == 0


def test_chinese_is_written_where_it_is_configured(make_server: MakeServer, sink: Sink) -> None:
    server = mailing(make_server, sink, CLAVIGER_MESSAGES_LANGUAGE="zh").start()
    change(server)
    (kept,) = sink.wait(1)
    assert kept.message["Subject"] == f"Claviger: 您的访问密钥已创建 ({ACCOUNT})"
    assert "访问密钥" in kept.body("plain")
    assert 'lang="zh-Hans"' in kept.body("html")


def test_tls_both_ways_with_a_password(make_server: MakeServer, tmp_path: Path) -> None:
    ca, *certificate = issued_certificate(tmp_path)
    for scheme in ("smtp", "smtps"):
        sink = Sink((certificate[0], certificate[1]), wrapped=scheme == "smtps", password=("iam", PASSWORD)).start()
        server = mailing(
            make_server,
            sink,
            CLAVIGER_SMTP_URL=f"{scheme}://localhost:{sink.port}",
            CLAVIGER_SMTP_USER="iam",
            CLAVIGER_SMTP_PASSWORD=PASSWORD,
            CLAVIGER_SMTP_STARTTLS="required",
            CLAVIGER_SMTP_CA=str(ca),
            CLAVIGER_LOG="trace",
        ).start()
        change(server)
        sink.wait(1)
        assert server.stop() == 0
        assert PASSWORD not in server.stderr.read_text()
        sink.stop()


# Nothing configured


def test_without_a_mail_server_messages_are_files_and_the_log_says_so(make_server: MakeServer) -> None:
    server = make_server(env={"CLAVIGER_ROOT_EMAIL": ROOT_EMAIL}).start()
    logged(server, "no mail server is configured")
    key = change(server)
    logged(server, TAKEN)
    (path,) = (server.data / "outbox").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    message = json.loads(path.read_text())
    assert message["to"] == ROOT_EMAIL
    assert key in message["text"]
    assert key in message["html"]


def test_a_user_without_an_address_is_told_by_a_file(make_server: MakeServer, sink: Sink) -> None:
    server = mailing(make_server, sink).start()
    client = server.client("iam")
    client.create_user(UserName="alice")
    key = client.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    logged(server, TAKEN)
    (path,) = (server.data / "outbox").iterdir()
    message = json.loads(path.read_text())
    assert message["to"] is None
    assert key in message["text"]
    assert sink.kept == []


# Down, slow, wrong


def test_a_server_that_is_down_gets_all_once_it_is_up(make_server: MakeServer, sink: Sink) -> None:
    sink.stop()
    server = mailing(make_server, sink).start()
    first = change(server)
    logged(server, AGAIN)
    client = server.client("iam")
    for status in ("Inactive", "Active", "Inactive"):
        client.update_access_key(AccessKeyId=first, Status=status)
    time.sleep(1.5)
    sink.start()
    deliver_later(server)
    kept = sink.wait(4)
    assert len({one.id for one in kept}) == 4


@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT", "end"])
def test_a_silent_server_holds_nothing_up_and_loses_nothing(make_server: MakeServer, sink: Sink, stage: str) -> None:
    sink.silent.add(stage)
    server = mailing(make_server, sink, CLAVIGER_SMTP_TIMEOUT_SECONDS="1").start()
    change(server)
    line = logged(server, AGAIN)[0]
    assert "did not answer within 1 s" in json.dumps(line)
    # Requests are answered all the while.
    server.client("iam").list_users()
    sink.stop()
    sink.silent.clear()
    sink.start()
    deliver_later(server)
    # Who was silent after the end may have kept it: it comes again, and is the same.
    kept = sink.wait(2 if stage == "end" else 1)
    assert len({one.raw for one in kept}) == 1


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("connect", "421 not now"),
        ("connect", "554 go away"),
        ("connect", "\x00\xff not SMTP at all"),
        ("EHLO", "HTTP/1.1 400 Bad Request"),
        ("MAIL", "550 5.7.1 this sender may not"),
        ("MAIL", "530 5.7.0 sign in first"),
        ("RCPT", "450 4.2.0 greylisted"),
        ("end", "451 4.3.0 try later"),
        ("end", "nonsense"),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_bytes(
    make_server: MakeServer, sink: Sink, stage: str, answer: str
) -> None:
    sink.answers[stage] = answer
    server = mailing(make_server, sink).start()
    change(server)
    logged(server, AGAIN)
    assert sink.kept == []
    sink.answers.clear()
    deliver_later(server)
    (kept,) = sink.wait(1)
    assert all(one.raw == kept.raw for one in sink.refused)
    assert server.stop() == 0


@pytest.mark.parametrize(("stage", "answer"), [("RCPT", "550 5.1.1 nobody"), ("end", "554 5.6.0 spam")])
def test_what_is_refused_for_good_is_given_up_with_a_line_and_the_next_goes(
    make_server: MakeServer, sink: Sink, stage: str, answer: str
) -> None:
    sink.answers[stage] = answer
    server = mailing(make_server, sink).start()
    key = change(server)
    line = logged(server, GIVEN_UP)[0]
    assert answer[:3] in json.dumps(line)
    assert ROOT_EMAIL not in json.dumps(line)
    sink.answers.clear()
    server.client("iam").delete_access_key(AccessKeyId=key)
    (kept,) = sink.wait(1)
    assert "deleted" in kept.message["Subject"]


def test_what_nobody_takes_is_given_up_in_the_end(make_server: MakeServer, sink: Sink) -> None:
    sink.stop()
    server = mailing(make_server, sink, CLAVIGER_MESSAGES_RETRY_HOURS="2").start()
    change(server)
    logged(server, AGAIN)
    server.advance(3 * 3600)
    logged(server, GIVEN_UP)
    sink.start()
    server.advance(3 * 3600)
    sink.wait(0, seconds=0)


def test_no_word_is_said_to_a_server_that_is_not_believed(make_server: MakeServer, tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "other").mkdir()
    ca, *_ = issued_certificate(tmp_path)
    for certificate in (self_made_certificate(tmp_path / "self"), issued_certificate(tmp_path / "other")[1:]):
        for scheme in ("smtp", "smtps"):
            sink = Sink(certificate, wrapped=scheme == "smtps", password=("iam", PASSWORD)).start()  # type: ignore[arg-type]
            done = send_test(scheme, sink, ca)
            assert done.returncode == 1
            assert "certificate" in done.stderr, done.stderr
            assert sink.kept == []
            assert not any("AUTH" in line or "MAIL" in line for line in sink.said), sink.said
            sink.stop()


def test_no_letter_goes_in_the_clear_where_the_server_offers_no_tls(sink: Sink, tmp_path: Path) -> None:
    done = send_test("smtp", sink, None)
    assert done.returncode == 1
    assert "STARTTLS" in done.stderr
    assert not any("AUTH" in line or "MAIL" in line for line in sink.said), sink.said


def send_test(scheme: str, sink: Sink, ca: Path | None) -> Any:
    env = {
        "CLAVIGER_SMTP_URL": f"{scheme}://iam:{PASSWORD}@localhost:{sink.port}",
        "CLAVIGER_SMTP_FROM": "iam@example.net",
        "CLAVIGER_SMTP_TIMEOUT_SECONDS": "2",
    }
    if ca is not None:
        env["CLAVIGER_SMTP_CA"] = str(ca)
    return run_claviger("notify", "test", "--email", ROOT_EMAIL, env=env)


def test_notify_test_prints_what_the_server_answered(tmp_path: Path) -> None:
    ca, *certificate = issued_certificate(tmp_path)
    sink = Sink((certificate[0], certificate[1]), password=("iam", PASSWORD)).start()
    done = send_test("smtp", sink, ca)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "It was taken: 250 kept\n"
    (kept,) = sink.wait(1)
    assert kept.recipients == [ROOT_EMAIL]
    sink.password = ("iam", "another")
    wrong = send_test("smtp", sink, ca)
    assert (wrong.returncode, "535" in wrong.stderr, PASSWORD in wrong.stderr) == (1, True, False)
    sink.password = ("iam", PASSWORD)
    sink.answers["RCPT"] = "550 nobody"
    refused = send_test("smtp", sink, ca)
    assert (refused.returncode, "refused for good" in refused.stderr) == (1, True)
    sink.stop()
    bare = run_claviger("notify", "test", "--email", ROOT_EMAIL)
    assert bare.returncode == 2


@pytest.mark.parametrize(
    "env",
    [
        {"CLAVIGER_SMTP_URL": f"http://iam:{PASSWORD}@mail.example.com"},
        {"CLAVIGER_SMTP_URL": f"smtp://iam:{PASSWORD}@/"},
        {"CLAVIGER_SMTP_URL": f"smtp://iam:{PASSWORD}@mail.example.com/?x=y"},
        {"CLAVIGER_SMTP_FROM": ""},
        {"CLAVIGER_SMTP_FROM": "nobody"},
        {"CLAVIGER_SMTP_URL": "smtp://iam@mail.example.com"},
        {"CLAVIGER_SMTP_STARTTLS": "none"},
        {"CLAVIGER_SMTP_STARTTLS": "maybe"},
        {"CLAVIGER_SMTP_TIMEOUT_SECONDS": "0"},
        {"CLAVIGER_MESSAGES_LANGUAGE": "tlh"},
        {"CLAVIGER_MESSAGES_RETRY_HOURS": "0"},
    ],
)
def test_unusable_settings_are_refused_without_repeating_the_password(env: dict[str, str]) -> None:
    good = {
        "CLAVIGER_SMTP_URL": f"smtp://iam:{PASSWORD}@mail.example.com",
        "CLAVIGER_SMTP_FROM": "iam@example.net",
    }
    assert run_claviger("config", "check", env=good).returncode == 0
    shown = run_claviger("config", "show", env=good)
    assert PASSWORD not in shown.stdout
    done = run_claviger("config", "check", env=good | env)
    assert done.returncode == 2, done.stderr
    assert PASSWORD not in done.stderr


# Crashes


def test_a_crash_between_commit_and_sending_loses_nothing(make_server: MakeServer, sink: Sink) -> None:
    sink.silent.add("connect")
    server = mailing(make_server, sink, CLAVIGER_SMTP_TIMEOUT_SECONDS="30").start()
    keys = [change(server)]
    client = server.client("iam")
    client.update_access_key(AccessKeyId=keys[0], Status="Inactive")
    server.kill()
    sink.stop()
    sink.silent.clear()
    sink.start()
    server.start()
    # The lease of what was under way must end first.
    server.advance(3600)
    kept = sink.wait(2)
    assert len({one.id for one in kept}) == 2


def test_a_crash_after_sending_sends_the_same_bytes_again(make_server: MakeServer, sink: Sink) -> None:
    sink.silent.add("end")
    server = mailing(make_server, sink, CLAVIGER_SMTP_TIMEOUT_SECONDS="30").start()
    change(server)
    sink.wait(1)
    server.kill()
    sink.stop()
    sink.silent.clear()
    sink.start()
    server.start()
    server.advance(3600)
    first, second = sink.wait(2)
    assert first.raw == second.raw
    assert server.stop() == 0


def test_stopping_finishes_what_is_under_way_and_hands_the_rest_back(make_server: MakeServer, sink: Sink) -> None:
    server = mailing(make_server, sink).start()
    sink.stop()
    key = change(server)
    logged(server, AGAIN)
    for status in ("Inactive", "Active"):
        server.client("iam").update_access_key(AccessKeyId=key, Status=status)
    assert server.stop() == 0
    sink.start()
    server.start()
    deliver_later(server)
    sink.wait(3)


def test_a_relay_that_is_nobody_is_no_reason_not_to_start(make_server: MakeServer) -> None:
    nobody = Sink(port=free_port())
    server = mailing(make_server, nobody).start()
    change(server)
    logged(server, AGAIN)
    assert server.stop() == 0


# The webhook


class Hook:
    """A webhook that answers what it is told to, and keeps what it was sent."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"kept")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


SIGNING_SECRET = "whsec_" + base64.b64encode(b"Planted-Signing-Secret!!").decode()
TOKEN = "Planted-Bearer-Token!"


def send_sms(hook: Hook, **more: str) -> Any:
    env = {
        "CLAVIGER_SMS_URL": f"http://127.0.0.1:{hook.port}/send?a=b",
        "CLAVIGER_SMS_ALLOW_PRIVATE": "true",
        "CLAVIGER_SMS_SECRET": SIGNING_SECRET,
        "CLAVIGER_SMS_HEADERS": f"Authorization: Bearer {TOKEN}\nX-More: yes",
        "CLAVIGER_SMS_BODY": '{"message": {"phone": "{to}", "body": "{text}"}, "reference": "{id}"}',
    }
    return run_claviger("notify", "test", "--sms", "+4930123456", env=env | more)


def test_a_text_message_is_signed_and_shaped_as_configured() -> None:
    hook = Hook()
    done = send_sms(hook)
    assert (done.returncode, done.stdout) == (0, "It was taken: the webhook answered 200: kept\n"), done.stderr
    ((path, headers, body),) = hook.asked
    assert path == "/send?a=b"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["x-more"] == "yes"
    sent = json.loads(body)
    assert sent["message"]["phone"] == "+4930123456"
    assert sent["reference"] == headers["webhook-id"] == headers["idempotency-key"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(SIGNING_SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize(("status", "said"), [(422, "refused for good"), (401, "try again"), (503, "try again")])
def test_a_refused_text_message_is_told_with_its_answer(status: int, said: str) -> None:
    done = send_sms(Hook(status))
    assert done.returncode == 1
    assert said in done.stderr
    assert str(status) in done.stderr
    assert "kept" in done.stderr


def test_ac_45_no_redirect_is_followed() -> None:
    inner = Hook()
    done = send_sms(Hook(307, {"Location": f"http://127.0.0.1:{inner.port}/"}))
    assert done.returncode == 1
    assert "redirects are not followed" in done.stderr
    assert inner.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_ac_45_a_webhook_at_an_address_of_ones_own_is_not_asked(host: str) -> None:
    hook = Hook()
    url = f"https://{host}:{hook.port}/"
    done = send_sms(hook, CLAVIGER_SMS_URL=url, CLAVIGER_SMS_ALLOW_PRIVATE="false")
    assert done.returncode == 1
    assert "no address of the public Internet" in done.stderr, done.stderr
    assert hook.asked == []


@pytest.mark.parametrize(
    "env",
    [
        {"CLAVIGER_SMS_ALLOW_PRIVATE": "false"},
        {"CLAVIGER_SMS_URL": f"https://iam:{TOKEN}@127.0.0.1/"},
        {"CLAVIGER_SMS_URL": f"ftp://127.0.0.1/{TOKEN}"},
        {"CLAVIGER_SMS_METHOD": "GET"},
        {"CLAVIGER_SMS_BODY": "{to} {text}"},
        {"CLAVIGER_SMS_BODY": '{"to": "{to}"}'},
        {"CLAVIGER_SMS_SECRET": "whsec_short"},
        {"CLAVIGER_SMS_HEADERS": TOKEN},
        {"CLAVIGER_SMS_HEADERS": "Host: elsewhere"},
        {"CLAVIGER_SMS_HEADERS": f"X: {TOKEN}\x01"},
    ],
)
def test_an_unusable_webhook_is_refused_without_repeating_its_secrets(env: dict[str, str]) -> None:
    hook = Hook()
    done = send_sms(hook, **env)
    assert done.returncode == 2, done.stderr
    assert hook.asked == []
    for secret in (TOKEN, SIGNING_SECRET):
        assert secret not in done.stderr
