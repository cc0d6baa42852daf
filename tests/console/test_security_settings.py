"""The security settings of a user, by an administrator and by the user: login protection, password resets, a forgotten
password. Mail is taken from an SMTP server of the test's own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from claviger import ACCOUNT, Server
from console.person import ROOT_EMAIL, ROOT_PASSWORD, Person
from smtp_sink import Sink

PASSWORD = "Correct-Horse-1"
NEW = "Battery-Staple-2"
EMAIL = "worker@example.com"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    sink = Sink().start()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Server]:
    env = {
        "CLAVIGER_ROOT_EMAIL": ROOT_EMAIL,
        "CLAVIGER_ROOT_PASSWORD": ROOT_PASSWORD,
        "CLAVIGER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
        "CLAVIGER_SMTP_STARTTLS": "none",
        "CLAVIGER_SMTP_FROM": "Claviger <iam@example.net>",
    }
    running = Server(tmp_path_factory.mktemp("server"), moves_time=True, env=env).start()
    for name in ("worker", "clerk"):
        running.aws("iam", "create-user", "--user-name", name)
        running.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
        running.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    yield running
    running.close()


def mail(sink: Sink, pattern: str, after: int) -> str:
    """What the pattern finds in the first letter to the worker that matches, of those beyond so many."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for kept in sink.kept[after:]:
            found = re.search(pattern, kept.body("plain"))
            if found and EMAIL in kept.recipients:
                return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no letter says {pattern}: {[kept.body('plain') for kept in sink.kept[after:]]}")


def seen(sink: Sink) -> int:
    return len(sink.kept)


@pytest.fixture
def admin(another: Person) -> Person:
    another.signs_in("clerk", PASSWORD)
    return another


def verifies_address(worker: Person, sink: Sink) -> None:
    before = seen(sink)
    worker.goes("/console/credentials/contacts")
    worker.fills("E-mail address", EMAIL)
    worker.page.locator("form:has(#email)").get_by_role("button", name="Send a code").click()
    worker.fills("Code", mail(sink, r"(\d{6}) is your code", before))
    worker.presses("Verify")


def test_settings_from_an_unverified_address_to_a_forgotten_password(person: Person, admin: Person, console: Server, sink: Sink) -> None:
    settings = "/console/users/worker?tab=security"
    # Without a verified address nothing can be sent, and the page says why.
    admin.goes(settings)
    admin.finds_no_barrier()
    admin.follows("Send a link or a generated password")
    admin.finds_no_barrier()
    admin.shoots("password-reset")
    for button in ("Send a link", "Generate and send"):
        admin.presses(button)
        assert "no e-mail address that is verified" in admin.alarm()
    admin.goes("/console/users/worker/login-protection")
    admin.finds_no_barrier()
    admin.page.get_by_label("A code by e-mail").check()
    admin.presses("Save")
    assert admin.alarm() == "The user has no e-mail address that is verified."
    admin.shoots("login-protection")

    person.signs_in("worker", PASSWORD)
    verifies_address(person, sink)
    person.goes("/console/credentials/basic")
    person.finds_no_barrier()
    person.shoots("basic-information")
    assert EMAIL in person.reads() and "Nothing is asked for after your password" in person.reads()
    person.signs_out()

    # Login protection by e-mail.
    admin.goes("/console/users/worker/login-protection")
    admin.page.get_by_label("A code by e-mail").check()
    admin.presses("Save")
    assert admin.notice().startswith("Login protection has been set.")
    assert "A code by e-mail is asked for" in admin.reads()
    admin.shoots("security-settings")
    admin.goes("/console/users/worker/contacts")
    admin.page.locator("form:has(#email)").get_by_role("button", name="Remove").click()
    assert "Login protection sends its codes to the e-mail address" in admin.alarm()
    before = seen(sink)
    person.gives_password("worker", PASSWORD)
    person.finds_no_barrier()
    person.shoots("sign-in-code")
    assert "w***@example.com" in person.reads() and EMAIL not in person.reads()
    right = mail(sink, r"(\d{6}) is your code", before)
    person.fills("Code", "000000" if right != "000000" else "111111")
    person.presses("Go on")
    assert "That is not right" in person.alarm()
    before = seen(sink)
    person.presses("Send another code")
    assert "Another code" in person.reads()
    person.fills("Code", mail(sink, r"(\d{6}) is your code", before))
    person.presses("Go on")
    assert person.at == "/console", person.reads()
    person.signs_out()
    admin.goes("/console/users/worker/login-protection")
    admin.page.get_by_label("Off").check()
    admin.presses("Save")

    # A link: it is used once, and no page has it in its address.
    before = seen(sink)
    admin.goes("/console/users/worker/reset-password")
    admin.presses("Send a link")
    assert admin.notice().startswith("A link has been sent.")
    assert "A link to set the password has been sent" in admin.reads()
    link = mail(sink, r"http://[^/\s]+(/signin/step/password-link\?token=[\w-]{43})", before)
    person.goes(link)
    assert "token" not in person.page.url
    person.finds_no_barrier()
    person.shoots("password-link")
    person.fills("New password", NEW)
    person.fills("The same again", "another")
    person.presses("Set password")
    assert person.alarm() == "The two passwords are not the same."
    person.fills("New password", NEW)
    person.fills("The same again", NEW)
    person.presses("Set password")
    assert person.notice() == "Your password has been set. Sign in with it."
    person.goes(link)
    assert "does not work" in person.alarm()
    person.signs_in("worker", NEW)
    person.signs_out()

    # A generated one must be changed, and is nobody else's to change until then.
    before = seen(sink)
    admin.goes("/console/users/worker/reset-password")
    admin.presses("Generate and send")
    assert admin.notice().startswith("A password has been drawn and sent.")
    drawn = mail(sink, r"is now: (\S+)", before)
    admin.follows("Set now")
    admin.presses("Set password")
    assert "only the user changes it" in admin.alarm()
    person.gives_password("worker", drawn)
    assert person.at == "/signin/step/password", person.reads()
    person.fills("Password so far", drawn)
    person.fills("New password", PASSWORD)
    person.fills("New password again", PASSWORD)
    person.page.locator("form button.primary").click()
    assert person.at == "/console", person.reads()
    person.signs_out()

    # Signing in by the address, and a forgotten password.
    person.signs_in(EMAIL, PASSWORD)
    person.signs_out()
    person.goes(f"/signin/{ACCOUNT}")
    person.follows("Forgot your password?")
    person.finds_no_barrier()
    person.shoots("forgot-password")
    before = seen(sink)
    person.fills("User name, e-mail address or mobile number", "worker")
    person.presses("Send a code")
    person.finds_no_barrier()
    person.shoots("forgot-password-code")
    person.fills("Code", mail(sink, r"(\d{6}) is your code", before))
    person.fills("New password", PASSWORD)
    person.fills("The same again", PASSWORD)
    person.presses("Set password")
    assert "used" in person.alarm() or "password" in person.alarm()
    person.fills("Code", mail(sink, r"(\d{6}) is your code", before))
    person.fills("New password", "Third-Horse-3")
    person.fills("The same again", "Third-Horse-3")
    person.presses("Set password")
    assert person.notice() == "Your password has been set. Sign in with it."
    person.signs_in("worker", "Third-Horse-3")

    # The virtual device: login protection holds it, and a reset ends both.
    person.assigns("worker")
    admin.goes("/console/users/worker/login-protection")
    admin.page.get_by_role("radio", name=re.compile("^The virtual MFA device")).check()
    admin.page.get_by_role("checkbox", name=re.compile("^API login protection")).check()
    admin.presses("Save")
    assert "Tokens of the API take a code too." in admin.reads()
    admin.goes("/console/users/worker?tab=credentials")
    admin.page.get_by_role("link", name=re.compile("^Remove worker")).click()
    admin.presses("Remove device")
    assert "Login protection asks for codes of the virtual MFA device" in admin.alarm()
    admin.goes(settings)
    admin.follows("Reset")
    assert "login protection that asks for their codes" in admin.reads()
    admin.shoots("reset-virtual-mfa")
    admin.presses("Reset")
    assert admin.notice() == "The virtual MFA devices have been taken away."

    # Without a password the keys go on working.
    admin.goes(settings)
    admin.follows("Delete password")
    assert "Access keys go on working" in admin.reads()
    admin.presses("Disable console access")
    person.gives_password("worker", "Third-Horse-3")
    assert "not right" in person.alarm()


def test_of_a_forgotten_password_nobody_learns_who_is_there(person: Person, console: Server) -> None:
    said = []
    for name in ("clerk", "nobody"):
        person.goes(f"/signin/step/forgot?account={ACCOUNT}")
        person.fills("User name, e-mail address or mobile number", name)
        person.presses("Send a code")
        said.append(person.reads())
    assert said[0] == said[1] and "whoever administers the account can set a password" in said[0]
