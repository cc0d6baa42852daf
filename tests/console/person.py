"""What a person does at the console: by labels and buttons, as one who reads the page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from claviger import ACCOUNT, Server, totp

ROOT_EMAIL = "owner@example.com"
ROOT_PASSWORD = "Root-Horse-1"
SHOTS = Path(__file__).resolve().parents[2] / "target" / "screenshots"


class Person:
    """A person with a browser."""

    def __init__(self, browser: Browser, server: Server, folder: Path, **options: Any) -> None:
        self.server = server
        self.folder = folder
        self.browser = browser
        self.context: BrowserContext = browser.new_context(
            base_url=f"http://localhost:{server.port}",
            viewport={"width": 1280, "height": 900},
            reduced_motion="reduce",
            **options,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)

    def close(self) -> None:
        self.context.close()

    # Moving about

    def goes(self, path: str) -> int:
        """Opens a page: its status."""
        answer = self.page.goto(path)
        assert answer is not None
        return answer.status

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def fills(self, label: str, text: str) -> None:
        # A button may be named as the field beside it.
        fields = self.page.locator("input, textarea")
        self.page.get_by_label(label, exact=True).and_(fields).fill(text)

    def reads(self) -> str:
        """What the page says."""
        return self.page.inner_text("main")

    @property
    def at(self) -> str:
        """The path of the page."""
        return urlparse(self.page.url).path

    def alarm(self) -> str:
        """What the page says was wrong."""
        return self.page.get_by_role("alert").inner_text()

    def notice(self) -> str:
        return self.page.get_by_role("status").first.inner_text()

    # Signing in

    def gives_password(self, name: str, password: str, account: str = ACCOUNT) -> None:
        self.goes(f"/signin/{account}")
        self.fills("User name", name)
        self.fills("Password", password)
        self.presses("Sign in")

    def signs_in(self, name: str, password: str) -> None:
        self.gives_password(name, password)
        assert self.at.startswith("/console"), self.reads()

    def signs_in_as_root(self) -> None:
        self.goes("/signin?as=root")
        self.fills("E-mail address", ROOT_EMAIL)
        self.fills("Password", ROOT_PASSWORD)
        self.presses("Sign in")
        assert self.at == "/console", self.reads()

    def gives_code(self, code: str) -> None:
        # The page sends a code that is complete by itself.
        with self.page.expect_navigation():
            self.fills("MFA code", code)

    def signs_out(self) -> None:
        self.presses("Sign out")
        assert self.at.startswith("/signin")

    # Devices

    def scans(self) -> str:
        """The seed in the QR code, read from the picture as the screen shows it."""
        picture = self.page.get_by_alt_text("QR code of the secret key").screenshot(scale="device")
        image = Image.open(io.BytesIO(picture)).convert("L")
        image = image.resize((image.width * 3, image.height * 3), Image.Resampling.NEAREST)
        found = zxingcpp.read_barcode(image)
        assert found is not None, "the picture holds no code"
        address = urlparse(found.text)
        assert (address.scheme, address.netloc) == ("otpauth", "totp"), found.text
        (seed,) = parse_qs(address.query)["secret"]
        return seed

    def assigns(self, device: str) -> str:
        """Assigns an authenticator app to themselves: its seed."""
        self.goes("/console/credentials/mfa/new")
        self.fills("Device name", device)
        self.presses("Next")
        seed = self.scans()
        now = self.server.early_in_step()
        self.fills("First code", totp(seed, now, -1))
        self.fills("The code after it", totp(seed, now))
        self.presses("Assign device")
        return seed

    # Looking

    def shoots(self, name: str) -> None:
        """Keeps two pictures of the page: wide and light, narrow and dark."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        wide = self.page.viewport_size
        self.shoot(name)
        self.page.set_viewport_size({"width": 360, "height": 740})
        self.page.emulate_media(color_scheme="dark")
        self.shoot(f"{name}-narrow")
        self.page.emulate_media(color_scheme="light")
        if wide is not None:
            self.page.set_viewport_size(wide)

    def shoot(self, name: str) -> None:
        # Pages have few colours: a palette of them takes a third of the room.
        picture = Image.open(io.BytesIO(self.page.screenshot(full_page=True))).convert("RGB")
        picture.quantize(256, dither=Image.Dither.NONE).save(SHOTS / f"{name}.png", optimize=True)

    def fits_a_phone(self) -> None:
        """Checks that nothing of the page stands beyond 360 pixels, nor under something else in a table."""
        wide = self.page.viewport_size
        self.page.set_viewport_size({"width": 360, "height": 740})
        found = self.page.evaluate(
            """() => ["html", ".table"].flatMap((which) => [...document.querySelectorAll(which)])
                .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText)"""
        )
        assert found == [], found
        if wide is not None:
            self.page.set_viewport_size(wide)

    def finds_no_barrier(self) -> None:
        """Runs axe over the page, in light and in dark."""
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            found = Axe().run(self.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
            assert found.violations_count == 0, f"{self.page.url} in {scheme}: {found.generate_report()}"
        self.page.emulate_media(color_scheme="light")
