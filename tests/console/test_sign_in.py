"""Signing in, as a person does it."""

from __future__ import annotations

import json
import statistics
import time

import pytest

from claviger import ACCOUNT, Server, totp
from console.person import Person

PASSWORD = "Correct-Horse-1"
NEW = "Battery-Staple-2"


@pytest.fixture(scope="module")
def alice(console: Server) -> str:
    """A user who may do everything."""
    aws = console.aws
    aws("iam", "create-user", "--user-name", "alice")
    aws("iam", "create-login-profile", "--user-name", "alice", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "alice", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    return "alice"


def events(console: Server, name: str) -> list[dict]:
    found = console.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def test_a_browser_at_the_address_is_led_to_the_sign_in_page(person: Person) -> None:
    person.goes("/")
    assert person.at == "/signin"
    person.finds_no_barrier()
    person.shoots("sign-in")


def test_what_is_wrong_is_said_in_one_way(person: Person, alice: str) -> None:
    said = set()
    for name, password in ((alice, "wrong"), ("nobody", PASSWORD), (alice, PASSWORD + " ")):
        person.gives_password(name, password)
        said.add(person.alarm())
        assert person.page.get_by_label("User name").input_value() == name
        assert person.page.get_by_label("Password", exact=True).input_value() == ""
    person.gives_password(alice, PASSWORD, account="999999999999")
    said.add(person.alarm())
    assert said == {"Your sign-in information is not right. Check it and try again."}


def test_a_password_opens_the_console_and_signing_out_closes_it(person: Person, console: Server, alice: str) -> None:
    person.signs_in(alice, PASSWORD)
    assert person.at == "/console"
    assert "Welcome, alice" in person.reads()
    person.finds_no_barrier()
    person.shoots("home")
    cookies = {cookie["name"]: cookie for cookie in person.context.cookies()}
    session = cookies["__Host-claviger-session"]
    assert (session["httpOnly"], session["secure"], session["sameSite"], session["path"]) == (True, True, "Lax", "/")

    person.signs_out()
    assert person.at == f"/signin/{ACCOUNT}"
    person.context.add_cookies([session])
    person.goes("/console")
    assert person.at == "/signin", "the token of a session that has ended opens nothing"
    assert events(console, "ConsoleLogout")


def test_who_asked_for_a_page_comes_back_to_it(person: Person, alice: str) -> None:
    person.goes("/console/access?action=iam:ListUsers")
    assert person.at == "/signin"
    person.fills("Account ID or alias", ACCOUNT)
    person.fills("User name", alice)
    person.fills("Password", PASSWORD)
    person.presses("Sign in")
    assert person.page.url.endswith("/console/access?action=iam:ListUsers")


def test_nobody_is_led_away_from_the_site(person: Person, alice: str) -> None:
    person.goes("/signin?to=https%3A%2F%2Fevil.example%2Fconsole")
    person.fills("Account ID or alias", ACCOUNT)
    person.fills("User name", alice)
    person.fills("Password", PASSWORD)
    person.presses("Sign in")
    assert person.page.url == f"http://localhost:{person.server.port}/console"


def test_the_account_is_remembered_where_that_is_wished(person: Person, alice: str) -> None:
    person.goes("/signin")
    person.fills("Account ID or alias", ACCOUNT)
    person.fills("User name", alice)
    person.fills("Password", PASSWORD)
    person.page.get_by_label("Remember this account").check()
    person.presses("Sign in")
    person.signs_out()
    person.goes("/signin")
    assert person.page.get_by_label("Account ID or alias").input_value() == ACCOUNT
    assert person.page.get_by_label("User name").input_value() == alice


def test_the_root_user_signs_in_by_its_address(person: Person) -> None:
    person.signs_in_as_root()
    assert "Root user" in person.page.inner_text(".me")


def test_sessions_are_listed_and_ended(person: Person, another: Person, alice: str) -> None:
    person.signs_in(alice, PASSWORD)
    another.signs_in(alice, PASSWORD)
    person.goes("/console/credentials/sessions")
    person.finds_no_barrier()
    person.fits_a_phone()
    person.shoots("sessions")
    person.presses("End all other sessions")
    assert "other sessions have ended" in person.notice()
    another.goes("/console")
    assert another.at == "/signin"
    person.goes("/console")
    assert person.at == "/console"


def test_a_session_that_is_not_used_ends(person: Person, console: Server, alice: str) -> None:
    person.signs_in(alice, PASSWORD)
    console.advance(3_601)
    person.goes("/console")
    assert person.at == "/signin"


def test_ac_43_a_page_can_be_framed_by_nobody_and_runs_no_script_of_its_own(person: Person, alice: str) -> None:
    person.signs_in(alice, PASSWORD)
    answer = person.page.goto("/console")
    assert answer is not None
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_ac_43_names_are_shown_as_they_are_and_run_nothing(person: Person, console: Server) -> None:
    name = "a+b=c,d.e@f-g_h"
    console.aws("iam", "create-user", "--user-name", name)
    console.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    person.context.set_extra_http_headers({"user-agent": "<img src=x onerror=alert(1)>"})
    person.page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    person.signs_in(name, PASSWORD)
    assert name in person.page.inner_text(".me")
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "iam:*ConsoleSession*", "Resource": "*"},
    }
    console.aws(
        "iam", "put-user-policy", "--user-name", name, "--policy-name", "own", "--policy-document", json.dumps(policy)
    )
    person.goes("/console/credentials/sessions")
    assert "<img src=x onerror=alert(1)>" in person.reads()


def test_ac_43_a_session_that_was_planted_becomes_nobodys(person: Person, another: Person, alice: str) -> None:
    # Somebody plants a cookie of their own before the victim signs in.
    another.goes("/signin")
    planted = [cookie for cookie in another.context.cookies() if cookie["name"] == "__Host-claviger-visit"]
    person.context.add_cookies(planted)
    person.signs_in(alice, PASSWORD)
    tokens = {cookie["name"]: cookie["value"] for cookie in person.context.cookies()}
    assert tokens["__Host-claviger-session"] not in {cookie["value"] for cookie in planted}
    another.goes("/console")
    assert another.at == "/signin"


def test_a_device_is_asked_for_after_the_password_and_a_code_counts_once(
    person: Person, another: Person, console: Server
) -> None:
    aws = console.aws
    aws("iam", "create-user", "--user-name", "bob")
    aws("iam", "create-login-profile", "--user-name", "bob", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "bob", "--policy-arn", "arn:aws:iam::aws:policy/IAMFullAccess")
    person.signs_in("bob", PASSWORD)
    seed = person.assigns("bob")
    assert "has been assigned" in person.notice()
    person.signs_out()

    console.advance(30)
    person.gives_password("bob", PASSWORD)
    assert person.at == "/signin/step/factor"
    person.finds_no_barrier()
    person.shoots("second-factor")
    person.goes("/console")
    assert person.at == "/signin", "half a sign-in opens no page"
    person.gives_password("bob", PASSWORD)
    code = totp(seed, console.early_in_step())
    person.gives_code("000000" if code != "000000" else "111111")
    assert "not right" in person.alarm()
    person.gives_code(code)
    assert person.at == "/console"
    assert "with a second factor" in person.reads()

    another.gives_password("bob", PASSWORD)
    another.gives_code(code)
    assert "not right" in another.alarm()


def test_ac_30_a_name_that_nobody_has_takes_the_time_of_one_that_somebody_has(console: Server) -> None:
    names = [f"timed-{number}" for number in range(8)]
    for name in names:
        console.aws("iam", "create-user", "--user-name", name)
        console.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    console.advance(1_000)
    page = console.send("GET", "/signin", [("Host", f"localhost:{console.port}")])
    visit = page.headers["Set-Cookie"].split(";")[0]
    proof = page.text.split('name="proof" value="')[1].split('"')[0]

    def seconds(name: str) -> float:
        form = f"proof={proof}&account={ACCOUNT}&user_name={name}&password=wrong-horse"
        headers = [
            ("Host", f"localhost:{console.port}"),
            ("Cookie", visit),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        begun = time.perf_counter()
        answer = console.send("POST", "/signin", headers, form.encode())
        taken = time.perf_counter() - begun
        assert answer.status == 422 and "not right" in answer.text, answer.text
        return taken

    seconds(names[0])
    known, unknown = [], []
    for turn in range(5):
        for name in names:
            known.append(seconds(name))
            unknown.append(seconds(f"nobody-{turn}-{name}"))
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.8 < ratio < 1.25, f"{ratio:.2f}: {statistics.median(known):.4f} s of known names"
