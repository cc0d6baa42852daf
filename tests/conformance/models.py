"""Reads AWS's models as botocore ships them, and this server's declarations, into one form that can be compared."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore

ROOT = Path(__file__).resolve().parents[2]
# What AWS's models call a scalar, and what it is here.
SCALARS = {
    "string": {"text", "document"},
    "integer": {"integer"},
    "long": {"integer"},
    "boolean": {"boolean"},
    "timestamp": {"instant"},
    "blob": {"blob"},
}


def theirs(service: str, version: str) -> dict[str, Any]:
    """The model of a service."""
    folder = Path(botocore.__file__).parent / "data" / service / version
    with gzip.open(folder / "service-2.json.gz") as file:
        return json.load(file)


def ours() -> dict[str, Any]:
    """Every declared operation, by service and name."""
    text = (ROOT / "docs" / "reference" / "operations.json").read_text("utf-8")
    return json.loads(text)


def error_code(model: dict[str, Any], name: str) -> str:
    """What a fault is called on the wire."""
    return model["shapes"][name].get("error", {}).get("code", name)


def copy(declared: dict[str, Any]) -> dict[str, Any]:
    """A deep copy."""
    return json.loads(json.dumps(declared))


def differences(
    model: dict[str, Any], operation: str, declared: dict[str, Any], worded: dict[str, list[str]]
) -> list[str]:
    """What differs between an operation of the model and its declaration, a line each.

    `worded` has the patterns that a sentence of AWS's stands for.
    """
    spec = model["operations"][operation]
    found = []
    for side in ("input", "output"):
        name = spec.get(side, {}).get("shape")
        members = declared[side]
        if name is None:
            if members:
                found.append(f"{side}: members where the model has none")
            continue
        shape = model["shapes"][name]
        found += Comparison(model, side == "input", worded).members(shape, members, side, ())
    wanted = {error_code(model, error["shape"]) for error in spec.get("errors", [])}
    named = set(declared["faults"]) | set(declared["unraised"])
    found += [f"fault {code}: not declared" for code in sorted(wanted - named)]
    found += [f"fault {code}: not in the model" for code in sorted(named - wanted)]
    return found


class Comparison:
    """Of one side of an operation; constraints are compared in requests alone."""

    def __init__(self, model: dict[str, Any], request: bool, worded: dict[str, list[str]]) -> None:
        self.model = model
        self.request = request
        self.worded = worded

    def members(
        self, shape: dict[str, Any], members: list[Any], path: str, above: tuple[str, ...]
    ) -> list[str]:
        found = []
        declared = {member["name"]: member for member in members}
        required = set(shape.get("required", []))
        for name, reference in shape.get("members", {}).items():
            wire = reference.get("locationName", name)
            here = f"{path}.{wire}"
            member = declared.pop(wire, None)
            if member is None:
                found.append(f"{here}: missing")
                continue
            if self.request and (name in required) != member.get("required", False):
                found.append(f"{here}: required in one of the two alone")
            found += self.shape(reference["shape"], member, here, above)
        return found + [f"{path}.{name}: not in the model" for name in declared]

    def shape(
        self, name: str, declared: dict[str, Any], path: str, above: tuple[str, ...]
    ) -> list[str]:
        """Compares a shape of the model with a declared one; `above` are the shapes that it stands in."""
        shape = self.model["shapes"][name]
        kind = shape["type"]
        if kind in SCALARS:
            if declared["type"] not in SCALARS[kind]:
                return [f"{path}: {declared['type']} instead of {kind}"]
            return self.bounds(shape, declared, path) + self.rules(shape, declared, path)
        if declared["type"] != kind:
            return [f"{path}: {declared['type']} instead of a {kind}"]
        if kind == "structure":
            if "members" not in declared or name in above:
                return []
            return self.members(shape, declared["members"], path, (*above, name))
        found = self.bounds(shape, declared, path)
        if kind == "list":
            element = shape["member"]["shape"]
            return found + self.shape(element, declared["element"], f"{path}[]", above)
        key, value = shape["key"]["shape"], shape["value"]["shape"]
        found += self.shape(key, declared["key"], f"{path}{{key}}", above)
        return found + self.shape(value, declared["value"], f"{path}{{}}", above)

    def bounds(self, shape: dict[str, Any], declared: dict[str, Any], path: str) -> list[str]:
        if not self.request:
            return []
        found = []
        for bound in ("min", "max"):
            wanted, has = shape.get(bound), declared.get(bound)
            # Nothing is shorter than nothing.
            if (wanted or None) != (has or None):
                found.append(f"{path}: {bound} {has} instead of {wanted}")
        return found

    def rules(self, shape: dict[str, Any], declared: dict[str, Any], path: str) -> list[str]:
        if not self.request:
            return []
        found = []
        pattern, sentence = declared.get("pattern"), declared.get("sentence")
        wanted = shape.get("pattern")
        if wanted != pattern and wanted not in self.worded.get(sentence, []):
            found.append(f"{path}: pattern {pattern or sentence} instead of {wanted}")
        if set(shape.get("enum", [])) != set(declared.get("enum", [])):
            found.append(f"{path}: one of {declared.get('enum')} instead of {shape.get('enum')}")
        return found
