"""Security keys and passkeys, with the authenticator that the browser itself plays."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession

from claviger import Server
from console.person import Person

PASSWORD = "Correct-Horse-1"


def authenticator(person: Person, **more: bool) -> tuple[CDPSession, str]:
    """Plugs a key in that is touched at once."""
    session = person.context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options | more})
    return session, made["authenticatorId"]


@pytest.fixture
def user(console: Server) -> str:
    name = f"keyed-{len(console.aws('iam', 'list-users')['Users'])}"
    console.aws("iam", "create-user", "--user-name", name)
    console.aws("iam", "create-login-profile", "--user-name", name, "--password", PASSWORD)
    arn = "arn:aws:iam::aws:policy/IAMFullAccess"
    console.aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", arn)
    return name


def registers(person: Person, name: str) -> None:
    person.goes("/console/credentials/mfa/new")
    person.page.get_by_label("Security key or passkey").check()
    person.fills("Device name", name)
    person.presses("Next")
    person.finds_no_barrier()
    person.presses("Register it")
    person.page.wait_for_url("**/console/credentials?done=device")


def test_a_key_is_registered_and_asked_for(person: Person, console: Server, user: str) -> None:
    session, key = authenticator(person)
    person.signs_in(user, PASSWORD)
    registers(person, "yellow-key")
    assert "yellow-key" in person.reads() and "Security key or passkey" in person.reads()
    person.fits_a_phone()
    person.shoots("credentials-with-key")
    person.signs_out()

    person.gives_password(user, PASSWORD)
    assert person.at == "/signin/step/factor"
    person.finds_no_barrier()
    person.shoots("use-your-key")
    person.presses("Use your key")
    person.page.wait_for_url("**/console")
    assert "with a second factor" in person.reads()

    # A key that is not there is no way in.
    person.signs_out()
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    authenticator(person)
    person.gives_password(user, PASSWORD)
    person.presses("Use your key")
    person.page.get_by_text("The key was not used").wait_for()
    person.goes("/console")
    assert person.at == "/signin"


def test_a_key_confirms_that_its_owner_is_there(person: Person, console: Server, user: str) -> None:
    authenticator(person)
    person.signs_in(user, PASSWORD)
    registers(person, "yellow-key")
    console.advance(601)
    person.goes("/console/credentials/mfa/new")
    assert person.at == "/console/confirm"
    assert person.page.get_by_label("Password").count() == 0
    person.presses("Use your key")
    person.page.wait_for_url("**/console/credentials/mfa/new")


def test_a_passkey_alone_opens_the_console_where_the_account_allows_it(
    person: Person, console: Server, user: str
) -> None:
    authenticator(person)
    person.signs_in(user, PASSWORD)
    registers(person, "laptop")
    person.signs_out()
    person.follows("Sign in with a passkey")
    assert "Nobody signs in to such an account with a passkey alone." in person.alarm()
    assert console.operation("UpdateSignInSettings", AllowPasskeyAlone="true").status == 200
    person.presses("Next")
    person.finds_no_barrier()
    person.shoots("sign-in-with-passkey")
    person.presses("Use your passkey")
    person.page.wait_for_url("**/console")
    assert f"Welcome, {user}" in person.reads()
    assert "with a second factor" in person.reads()

    # Whose console access is taken away has no passkey either.
    person.signs_out()
    console.aws("iam", "delete-login-profile", "--user-name", user)
    person.follows("Sign in with a passkey")
    person.presses("Use your passkey")
    person.page.get_by_role("alert").wait_for()
    assert "not accepted" in person.alarm()


def test_ac_31_whose_name_is_flooded_still_gets_in_with_a_passkey(
    person: Person, another: Person, console: Server, user: str
) -> None:
    assert console.operation("UpdateSignInSettings", AllowPasskeyAlone="true").status == 200
    authenticator(person)
    person.signs_in(user, PASSWORD)
    registers(person, "laptop")
    person.signs_out()
    for _ in range(11):
        another.gives_password(user, "wrong")
    assert "too many tries" in another.alarm()
    person.follows("Sign in with a passkey")
    person.presses("Use your passkey")
    person.page.wait_for_url("**/console")


def test_who_must_have_a_device_can_make_it_a_key(person: Person, console: Server, user: str) -> None:
    authenticator(person)
    assert console.operation("SetUserMFADemand", UserName=user, DemandMFA="true").status == 200
    person.gives_password(user, PASSWORD)
    assert person.at == "/console/credentials/mfa/new"
    person.page.get_by_label("Security key or passkey").check()
    person.presses("Next")
    person.presses("Register it")
    person.page.wait_for_url("**/console")
    assert "with a second factor" in person.reads()
