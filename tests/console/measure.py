"""Measures the console: the server's time for each page, what a page weighs with its assets, and the first paint.

`cargo xtask load --only console` runs it against a release build. With 10,000 users; every page thirty times.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright

from claviger import ACCOUNT, Server
from console.conftest import ARGUMENTS, CHROMIUM
from console.person import ROOT_EMAIL, ROOT_PASSWORD, Person

USERS = int(os.environ.get("CLAVIGER_TEST_MEASURED_USERS", "10000"))
ROUNDS = 30
TARGET_MS = 20
TARGET_KIB = 100
GROUPS, POLICIES, ROLES = 1_000, 1_000, 1_000
ONE = "user-00200"
PAGES = [
    "/signin",
    "/console",
    "/console/credentials",
    "/console/credentials/sessions",
    "/console/credentials/password",
    "/console/credentials/temporary",
    "/console/credentials/mfa/new",
    "/console/credentials/keys/new",
    "/console/credentials/ssh",
    "/console/credentials/certificates",
    "/console/credentials/services",
    "/console/access",
    "/console/users",
    "/console/users?search=user-07",
    "/console/users?sort=-created",
    "/console/users?show=no-mfa",
    "/console/users?sort=activity",
    f"/console/users/{ONE}",
    f"/console/users/{ONE}?tab=groups",
    f"/console/users/{ONE}?tab=credentials",
    f"/console/users/{ONE}/delete",
    f"/console/users/{ONE}/policies",
    f"/console/users/{ONE}/certificates",
    "/console/users/~new",
    "/console/groups",
    "/console/groups?sort=-created",
    "/console/group?name=group-001",
    "/console/group/members?name=group-001",
    "/console/group/attach?name=group-001",
    "/console/policies",
    "/console/policies?sort=-edited",
    f"/console/policy?arn=arn:aws:iam::{ACCOUNT}:policy/policy-001",
    f"/console/policy/edit?arn=arn:aws:iam::{ACCOUNT}:policy/policy-001",
    "/console/roles",
    "/console/roles?sort=-created",
    "/console/role?name=role-001",
    "/console/role/attach?name=role-001",
    "/console/role/trust?name=role-001",
    "/console/settings",
    "/console/report",
    "/console/events",
    f"/console/simulator?principal=arn:aws:iam::{ACCOUNT}:user/{ONE}&actions=s3:GetObject",
]
READS = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}})


def fill(server: Server) -> None:
    """An account as it is after some years: every tenth user has a key, every fifth is in a group, fifty have passwords."""

    def do(name: str, **parameters: str) -> None:
        answer = server.operation(name, **parameters)
        assert answer.status == 200, answer.text

    def user(number: int) -> None:
        name = f"user-{number:05}"
        do("CreateUser", UserName=name)
        if number % 10 == 0:
            do("CreateAccessKey", UserName=name)
        if number % 5 == 0:
            do("AddUserToGroup", UserName=name, GroupName=f"group-{number % GROUPS:03}")
        if number % (USERS // 50) == 0:
            do("CreateLoginProfile", UserName=name, Password="Correct-Horse-1")

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda number: do("CreateGroup", GroupName=f"group-{number:03}"), range(GROUPS)))
        list(workers.map(
            lambda number: do("CreatePolicy", PolicyName=f"policy-{number:03}", PolicyDocument=READS), range(POLICIES)))
        list(workers.map(
            lambda number: do("CreateRole", RoleName=f"role-{number:03}", AssumeRolePolicyDocument=TRUST), range(ROLES)))
        list(workers.map(user, range(USERS)))
    do("AttachUserPolicy", UserName=ONE, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/policy-001")
    do("GenerateCredentialReport")


def server_times(server: Server) -> dict[str, list[float]]:
    """What the request log says of each path, in milliseconds."""
    times: dict[str, list[float]] = {}
    for line in server.stderr.read_text().splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("message") == "request" and entry.get("method") == "GET":
                times.setdefault(entry["path"], []).append(entry["elapsed_us"] / 1_000)
    return times


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    env = {
        "CLAVIGER_ROOT_EMAIL": ROOT_EMAIL,
        "CLAVIGER_ROOT_PASSWORD": ROOT_PASSWORD,
        "CLAVIGER_QUOTA_USERS": str(USERS + 100),
        "CLAVIGER_QUOTA_GROUPS": str(GROUPS),
        "CLAVIGER_LOG_FORMAT": "json",
    }
    server = Server(folder / "server", env=env).start()
    fill(server)
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        person = Person(browser, server, folder)
        person.signs_in_as_root()
        for path in PAGES:
            before = len(server_times(server).get(urlparse(path).path, []))
            paints, weight = [], 0
            for turn in range(ROUNDS):
                sizes: list[int] = []
                fresh = browser.new_context(storage_state=person.context.storage_state(), base_url=person_base(server)) if turn == 0 else person.context
                page = fresh.new_page()
                if turn == 0:
                    page.on("requestfinished", lambda request, sizes=sizes: sizes.append(wire(request)))
                answer = page.goto(path, wait_until="networkidle" if turn == 0 else "load")
                assert answer is not None and answer.status == 200, path
                paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
                if paint is not None:
                    paints.append(paint)
                page.close()
                if turn == 0:
                    weight = sum(sizes)
                    fresh.close()
            times = server_times(server).get(urlparse(path).path, [])[before:]
            rows.append((path, statistics.median(times), weight / 1_024, statistics.median(paints) if paints else None))
        browser.close()
    server.close()
    print(f"\n{USERS} users, {ROUNDS} times each\n")
    print("| page | server, median | with its assets | first contentful paint | |\n| --- | --- | --- | --- | --- |")
    for path, milliseconds, kib, paint in rows:
        met = milliseconds < TARGET_MS and kib < TARGET_KIB
        painted = f"{paint:.0f} ms" if paint is not None else "not seen"
        print(f"| `{path}` | {milliseconds:.1f} ms | {kib:.0f} KiB | {painted} | {'met' if met else '**missed**'} |")


def person_base(server: Server) -> str:
    return f"http://localhost:{server.port}"


def wire(request: object) -> int:
    sizes = request.sizes()  # type: ignore[attr-defined]
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


if __name__ == "__main__":
    main()
