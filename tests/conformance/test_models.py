"""Every operation agrees with AWS's own model of it, but for the gaps that are named with their reason."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import models
import pytest

GAPS = tomllib.loads((Path(__file__).parent / "gaps.toml").read_text("utf-8"))
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
MODELS = {service: models.theirs(service, version) for service, version in VERSIONS.items()}
DECLARED = models.ours()


def is_gap(gap: dict[str, Any], operation: str, difference: str) -> bool:
    return operation in gap["operations"] and difference.endswith(gap["ends"])


def all_differences() -> Iterator[tuple[str, str]]:
    for service, model in MODELS.items():
        for operation, declared in DECLARED[service].items():
            if operation in GAPS["ours"].get(service, []):
                continue
            for difference in models.differences(model, operation, declared, GAPS["worded"]):
                yield operation, difference


@pytest.mark.parametrize("service", VERSIONS)
def test_every_operation_is_there_or_named_as_missing(service: str) -> None:
    named = [name for names in GAPS["missing"].get(service, {}).values() for name in names]
    assert len(named) == len(set(named)), "named twice"
    missing = set(MODELS[service]["operations"]) - set(DECLARED[service])
    assert sorted(missing - set(named)) == []
    assert sorted(set(named) - missing) == [], "there by now"


@pytest.mark.parametrize("service", VERSIONS)
def test_no_operation_is_invented_under_aws_names(service: str) -> None:
    ours = set(DECLARED[service]) - set(MODELS[service]["operations"])
    assert sorted(ours) == GAPS["ours"].get(service, [])


def test_members_constraints_and_faults_are_the_models() -> None:
    left = [
        f"{operation} {difference}"
        for operation, difference in all_differences()
        if not any(is_gap(gap, operation, difference) for gap in GAPS["differs"])
    ]
    assert left == []


def test_every_named_difference_is_still_one() -> None:
    found = list(all_differences())
    for gap in GAPS["differs"]:
        assert gap["why"]
        for operation in gap["operations"]:
            hits = [one for one in found if is_gap(gap, *one) and one[0] == operation]
            assert hits, f"{operation}: no {gap['ends']!r} any more"


def test_the_comparison_notices_what_differs() -> None:
    """A comparison that cannot fail says nothing."""
    model = MODELS["iam"]
    create_user = DECLARED["iam"]["CreateUser"]
    changes = {
        "input.UserName: missing": lambda one: one["input"].pop(1),
        "input.UserName: max 65 instead of 64": lambda one: one["input"][1].update(max=65),
        "input.UserName: required in one of the two alone": lambda one: one["input"][1].pop("required"),
        "input.UserName: integer instead of string": lambda one: one["input"][1].update(type="integer"),
        "fault NoSuchEntity: not declared": lambda one: one["faults"].remove("NoSuchEntity"),
        "input.Nickname: not in the model": lambda one: one["input"].append({"name": "Nickname", "type": "text"}),
        "output.User: missing": lambda one: one["output"].pop(0),
    }
    for difference, change in changes.items():
        changed = models.copy(create_user)
        change(changed)
        assert difference in models.differences(model, "CreateUser", changed, GAPS["worded"])
