"""`kill -9` in a storm of writes: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from claviger import Server

ROUNDS = int(os.environ.get("CLAVIGER_KILL_ROUNDS", "3"))
WRITERS = 6


class Storm:
    """Writers that note what the server has acknowledged, until it is gone."""

    def __init__(self, server: Server, number: int) -> None:
        self.server = server
        self.number = number
        self.tried: list[str] = []
        self.created: list[str] = []
        self.joined: list[str] = []
        self.refused: list[str] = []
        self.threads = [threading.Thread(target=self.write, args=(writer,)) for writer in range(WRITERS)]

    def write(self, writer: int) -> None:
        client = self.server.client("iam")
        count = 0
        with contextlib.suppress(BotoCoreError):
            while True:
                count += 1
                name = f"r{self.number}-w{writer}-{count}"
                self.tried.append(name)
                try:
                    client.create_user(
                        UserName=name, Path="/storm/", Tags=[{"Key": "name", "Value": name}, {"Key": "b", "Value": "2"}]
                    )
                    self.created.append(name)
                    client.add_user_to_group(GroupName="storm", UserName=name)
                    self.joined.append(name)
                except ClientError as error:
                    # The server refuses nothing here: an answer that is no success is a finding.
                    self.refused.append(str(error))
                    return

    def blow(self, seconds: float) -> None:
        for thread in self.threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def everything(client: Any, operation: str, field: str, **arguments: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1000}, **arguments)
    return [item for page in pages for item in page[field]]


def created_on_record(server: Server) -> set[str]:
    """The users whose creation the audit trail tells of."""
    pages = (
        server.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}])
    )
    events = [event for page in pages for event in page["Events"]]
    return {json.loads(event["CloudTrailEvent"])["requestParameters"]["userName"] for event in events}


@pytest.mark.timeout(60 * max(10, ROUNDS))
def test_acknowledged_is_durable_and_nothing_is_half_applied(make_server: Callable[..., Server]) -> None:
    server = make_server(env={"CLAVIGER_QUOTA_USERS": "1000000"}).start()
    server.client("iam").create_group(GroupName="storm")
    chance = random.Random(20260102)
    created: set[str] = set()
    joined: set[str] = set()
    tried: set[str] = set()
    for number in range(ROUNDS):
        storm = Storm(server, number)
        storm.blow(chance.uniform(0.2, 1.5))
        assert storm.refused == []
        assert storm.created, "the storm wrote nothing"
        created.update(storm.created)
        joined.update(storm.joined)
        tried.update(storm.tried)

        server.start()
        assert server.ready_seconds < 10
        client = server.client("iam")
        there = {user["UserName"] for user in everything(client, "list_users", "Users")}
        assert created <= there, "an acknowledged user is missing"
        assert there <= tried, "a user that nobody asked for"
        members = {user["UserName"] for user in everything(client, "get_group", "Users", GroupName="storm")}
        assert joined <= members, "an acknowledged membership is missing"
        assert members <= there, "a member that is no user"
        assert client.get_account_summary()["SummaryMap"]["Users"] == len(there), "the count and the list differ"

        # What was in flight is the interesting part: a user exists whole or not at all, and its event with it.
        for name in sorted(there & set(storm.tried)):
            user = client.get_user(UserName=name)["User"]
            assert user["Path"] == "/storm/"
            assert {tag["Key"]: tag["Value"] for tag in user["Tags"]} == {"name": name, "b": "2"}
            groups = client.list_groups_for_user(UserName=name)["Groups"]
            assert bool(groups) == (name in members), "the two sides of a membership differ"
        assert there == created_on_record(server), "a change without its record, or a record without its change"
    assert server.stop() == 0
