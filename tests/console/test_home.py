"""The console's first page, and the way from it to all the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from claviger import ACCOUNT, Server
from console.person import Person

PASSWORD = "Correct-Horse-1"
NARROW = {"width": 360, "height": 740}


@pytest.fixture(scope="module", autouse=True)
def admin(console: Server) -> str:
    """Somebody who may do everything."""
    aws = console.aws
    aws("iam", "create-user", "--user-name", "admin")
    aws("iam", "create-login-profile", "--user-name", "admin", "--password", PASSWORD)
    aws("iam", "attach-user-policy", "--user-name", "admin", "--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess")
    return "admin"


def test_on_a_narrow_screen_a_menu_opens_by_keyboard_and_closes_by_escape(person: Person) -> None:
    person.signs_in("admin", PASSWORD)
    person.page.set_viewport_size(NARROW)
    person.goes("/console")
    links = person.page.get_by_role("navigation", name="Console")
    assert links.count() == 0, "the links are away while the menu is closed"
    wide = person.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= NARROW["width"], "nothing sticks out"
    person.finds_no_barrier()
    person.page.keyboard.press("Tab")
    assert person.page.evaluate("document.activeElement.textContent") == "To the content"
    person.page.keyboard.press("Tab")
    person.page.keyboard.press("Tab")
    person.page.keyboard.press("Enter")
    assert links.get_by_role("link", name="Users", exact=True).is_visible()
    assert person.page.get_by_role("button", name="Sign out").is_visible()
    person.finds_no_barrier()
    person.shoots("menu-narrow")
    person.page.keyboard.press("Tab")
    person.page.keyboard.press("Escape")
    assert links.count() == 0
    assert person.page.evaluate("document.activeElement.tagName") == "SUMMARY"
    person.page.set_viewport_size({"width": 1280, "height": 900})
    assert links.get_by_role("link", name="Users", exact=True).is_visible(), "no menu is needed where there is room"


def test_the_menu_needs_no_script(browser: Browser, console: Server, tmp_path: Path) -> None:
    person = Person(browser, console, tmp_path, java_script_enabled=False)
    person.signs_in("admin", PASSWORD)
    person.page.set_viewport_size(NARROW)
    person.page.locator("summary", has_text="Menu").click()
    person.follows("User groups")
    assert person.at == "/console/groups"
    person.close()


def test_the_first_page_says_what_to_do_and_leads_there(person: Person, console: Server) -> None:
    aws = console.aws
    for name in ("ann", "bob"):
        aws("iam", "create-user", "--user-name", name)
        aws("iam", "create-access-key", "--user-name", name)
    aws("iam", "create-login-profile", "--user-name", "ann", "--password", PASSWORD)
    aws("iam", "create-account-alias", "--account-alias", "blue-team")
    console.advance(100 * 86_400)
    aws("iam", "create-access-key", "--user-name", "bob")
    person.signs_in("admin", PASSWORD)
    for said in (
        "You have no MFA device",
        "The root user has no MFA device.",
        "The root user has an active access key.",
        "2 users have a password and no MFA device.",
        "2 users have an active access key that is older than 90 days.",
        "2 users have an active access key that nobody has used for 90 days.",
        "2 users have a password that is older than 90 days.",
        "0 of 2 users with a password have an MFA device.",
        ACCOUNT,
        f"http://localhost:{console.port}/signin/blue-team",
    ):
        assert said in person.reads(), said
    ages = person.page.locator(".ages tbody tr")
    assert [row.split() for row in ages.all_inner_texts()] == [
        ["Under", "30", "days", "1"],
        ["30", "to", "89", "days", "0"],
        ["90", "to", "364", "days", "2", "Old"],
        ["365", "days", "and", "more", "0"],
    ]
    person.finds_no_barrier()
    person.shoots("home")
    # Who follows what is to be done stands before those whom it concerns.
    person.page.get_by_role("listitem").filter(has_text="older than 90 days").get_by_role("link").first.click()
    assert person.page.locator("tbody th").all_inner_texts() == ["ann", "bob"]
    person.goes("/console")
    person.follows("User groups")
    assert person.at == "/console/groups"


def test_who_may_see_nothing_of_the_account_sees_their_own(another: Person, console: Server) -> None:
    aws = console.aws
    aws("iam", "create-user", "--user-name", "visitor")
    aws("iam", "create-login-profile", "--user-name", "visitor", "--password", PASSWORD)
    another.signs_in("visitor", PASSWORD)
    assert "You have no MFA device" in another.reads()
    assert "In the account" not in another.reads()
    another.page.locator("summary", has_text="left out").click()
    for missing in ("iam:GetAccountSummary", "iam:GetCredentialReport"):
        assert missing in another.reads()
    another.finds_no_barrier()
