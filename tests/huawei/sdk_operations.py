"""Writes down which calls Huawei's SDK knows: one line each, with API, method, path and the SDK's name for it.

Run it in the environment of the tests when the SDK moves: `python tests/huawei/sdk_operations.py > crates/huawei/sdk_operations.txt`.
"""

from __future__ import annotations

import inspect
import re

from huaweicloudsdkiam.v3 import iam_client as v3
from huaweicloudsdkiam.v5 import iam_client as v5

CALL = re.compile(
    r'def _(?P<name>\w+)_http_info\(cls, request\):\s+http_info = \{\s+'
    r'"method": "(?P<method>\w+)",\s+"resource_path": "(?P<path>[^"]+)"'
)


def calls() -> list[str]:
    found = []
    for api, module in (("v3", v3), ("v5", v5)):
        for call in CALL.finditer(inspect.getsource(module)):
            found.append(f"{api} {call['method']} {call['path']} {call['name']}")
    return sorted(found, key=lambda line: line.split()[:1] + line.split()[2:3] + line.split()[1:2] + line.split()[3:])


if __name__ == "__main__":
    print("\n".join(calls()))
