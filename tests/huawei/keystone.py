"""The clients of the Identity API: OpenStack's own, unmodified."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3

from claviger import ACCOUNT, Server

PASSWORD = "Correct-Horse-7"


@dataclass
class Project:
    """What a token is asked for: the account, or its project."""

    options: dict[str, str]


DOMAIN = Project({"domain_name": ACCOUNT})
PROJECT = Project({"project_name": "claviger", "project_domain_name": ACCOUNT})


def plugin(server: Server, name: str, password: str = PASSWORD, scope: Project = DOMAIN) -> v3.Password:
    return v3.Password(
        auth_url=f"{server.endpoint}/v3",
        username=name,
        user_domain_name=ACCOUNT,
        password=password,
        **scope.options,
    )


def session(server: Server, name: str, password: str = PASSWORD, scope: Project = DOMAIN) -> keystone_session.Session:
    return keystone_session.Session(auth=plugin(server, name, password, scope))


def connection(server: Server, name: str, password: str = PASSWORD, scope: Project = PROJECT) -> Any:
    """openstacksdk, as its users connect."""
    return openstack.connection.Connection(session=session(server, name, password, scope), region_name="claviger")


def openstack_cli(server: Server, name: str, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """The command line client, with the environment that its users set."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(server.folder),
        "OS_AUTH_URL": f"{server.endpoint}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": name,
        "OS_PASSWORD": password,
        "OS_USER_DOMAIN_NAME": ACCOUNT,
        "OS_PROJECT_NAME": "claviger",
        "OS_PROJECT_DOMAIN_NAME": ACCOUNT,
    }
    command = [str(Path(sys.executable).with_name("openstack")), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
