"""The console's first page, and the way from it to all the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from claviger import Server
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
