"""The credential report and the event history at the console."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from claviger import Server
from console.person import Person


@pytest.fixture
def admin(person: Person) -> Person:
    person.signs_in_as_root()
    return person


def test_a_report_is_made_filtered_and_taken_along_without_formulas(
    admin: Person, console: Server, tmp_path: Path
) -> None:
    """AC-43: what a spreadsheet would run has an apostrophe before it; the operation's own bytes stay as they are."""
    for name in ("=cmd", "+1", "-2", "@sum", "plain,one"):
        console.aws("iam", "create-user", f"--user-name={name}")
    console.aws("iam", "create-login-profile", "--user-name", "plain,one", "--password", "Correct-Horse-1")
    admin.goes("/console/report")
    assert "There is no report yet." in admin.reads()
    admin.finds_no_barrier()
    admin.presses("Generate report")
    assert "=cmd" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("report")
    admin.page.get_by_label("Only those with").select_option(label="A password and no MFA device")
    admin.presses("Filter")
    assert "plain,one" in admin.reads() and "=cmd" not in admin.reads()
    admin.fills("User name contains", "nobody")
    admin.presses("Filter")
    assert "Nobody in the report is like that." in admin.reads()
    with admin.page.expect_download() as coming:
        admin.follows("Download .csv")
    file = tmp_path / "report.csv"
    coming.value.save_as(file)
    with file.open(newline="") as opened:
        users = [row[0] for row in csv.reader(opened)]
    assert {"'=cmd", "'+1", "'-2", "'@sum", "plain,one"} <= set(users)
    assert not any(field.startswith(("=", "+", "-", "@")) for field in users)
    content = console.client("iam").get_credential_report()["Content"]
    assert b"\n=cmd," in content and b"'" not in content


def test_events_are_looked_up_and_shown_whole(admin: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "seen")
    console.refused("iam", "get-user", "--user-name", "unseen")
    admin.goes("/console/events")
    assert "ConsoleLogin" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("events")
    admin.page.get_by_label("Look up by").select_option(label="Resource name")
    admin.fills("Exactly", "seen")
    admin.presses("Look up")
    admin.follows("CreateUser")
    assert '"userName": "seen"' in admin.reads() and "Done" in admin.reads()
    admin.finds_no_barrier()
    admin.shoots("event")
    admin.goes("/console/events?from=yesterday")
    assert "The start must be a day and a time" in admin.reads()
    assert admin.goes("/console/event?id=nothing") == 404


def test_whoever_may_not_see_them_is_told_so(person: Person, console: Server) -> None:
    console.aws("iam", "create-user", "--user-name", "blind")
    console.aws("iam", "create-login-profile", "--user-name", "blind", "--password", "Correct-Horse-1")
    person.signs_in("blind", "Correct-Horse-1")
    person.goes("/console/report")
    assert "iam:GetCredentialReport" in person.reads()
    person.presses("Generate report")
    assert "iam:GenerateCredentialReport" in person.alarm()
    person.goes("/console/events")
    assert "cloudtrail:LookupEvents" in person.reads()
