"""Holds what the API answers to the OpenAPI document: every call of every end-to-end test goes through here.

A call to a documented operation must be answered with a documented status, media type and body. Objects are closed
for this: a member that the document does not name is a fault, as is one that it names and that has another form.
"""

import copy
import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from places import OPENAPI

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_instant(value: object) -> bool:
    """RFC 3339 in UTC, as the document's description says."""
    if isinstance(value, str):
        datetime.datetime.fromisoformat(value)
        return value.endswith("Z")
    return True


@formats.checks("date", raises=ValueError)
def is_date(value: object) -> bool:
    """A calendar date."""
    return not isinstance(value, str) or bool(datetime.date.fromisoformat(value))


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    path: str
    method: str
    definition: dict = field(compare=False)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


class Contract:
    """The OpenAPI document, ready to be compared with calls."""

    def __init__(self, path: Path = OPENAPI) -> None:
        self.document = yaml.safe_load(path.read_text())
        self.components = closed(self.document["components"])
        self._operations = [
            (re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), Operation(path, method, item[method]))
            for path, item in self.document["paths"].items()
            for method in METHODS
            if method in item
        ]
        self._succeeded: set[Operation] = set()

    def operations(self) -> list[Operation]:
        """All operations, in the order of the document."""
        return [operation for _, operation in self._operations]

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that a call reaches. A literal path wins over one with parameters."""
        found = [each for pattern, each in self._operations if pattern.match(path) and each.method == method.lower()]
        return min(found, key=lambda each: each.path.count("{"), default=None)

    def resolved(self, node: dict) -> dict:
        """The node itself, or the component that it refers to."""
        while isinstance(node, dict) and "$ref" in node and node["$ref"].startswith("#/components/responses/"):
            node = self.components["responses"][node["$ref"].rsplit("/", 1)[1]]
        return node

    def bodies(self, operation: Operation) -> list[tuple[str, dict]]:
        """The JSON bodies of an operation that succeeds, each with what it is: the request's and the answers'."""
        definition = operation.definition
        bodies = [("the request", definition["requestBody"])] if "requestBody" in definition else []
        answers = definition["responses"].items()
        bodies += [(f"the answer {status}", self.resolved(each)) for status, each in answers if status.startswith("2")]
        return [(what, body["content"]["application/json"]) for what, body in bodies]

    def examples(self, content: dict) -> list:
        """The values of a body's named examples."""
        named = self.document["components"].get("examples", {})
        names = [each["$ref"].rsplit("/", 1)[1] for each in content.get("examples", {}).values()]
        return [named[name]["value"] for name in names]

    def check(self, method: str, path: str, answer) -> None:
        """Fails with the operation and the place where an answer is not what the document says."""
        operation = self.operation(method, path.split("?", 1)[0])
        if operation is None:
            assert answer.status == 404, f"{method} {path} is not in {OPENAPI.name} and answered {answer.status}"
            return
        where = f"{operation} answered {answer.status}"
        media_type = answer.headers.get("content-type", "").split(";", 1)[0]
        responses = operation.definition["responses"]
        response = responses.get(str(answer.status))
        if response is None and answer.status >= 400:
            response = responses.get("default")
        assert response is not None, f"{where}, which is not documented"
        content = self.resolved(response).get("content", {})
        if not content:
            assert answer.body == b"", f"{where} with a body; documented: none"
            return
        assert media_type in content, f"{where} as `{media_type}`; documented: {sorted(content)}"
        body = answer.json if media_type.endswith("json") else answer.body.decode()
        faults = self.faults(content[media_type]["schema"], body)
        assert not faults, "\n".join([f"{where}, and the body is not what {OPENAPI.name} says:", *faults])
        if answer.status < 300:
            self._succeeded.add(operation)

    def never_succeeded(self) -> list[str]:
        """The operations that no call has seen succeed."""
        return [str(operation) for operation in self.operations() if operation not in self._succeeded]

    def faults(self, schema: dict, value: object) -> list[str]:
        """What is wrong with a value, each with its JSON pointer."""
        validator = Draft202012Validator({**schema, "components": self.components}, format_checker=formats)
        errors = validator.iter_errors(value)
        return [f"  #/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


def closed(components: dict) -> dict:
    """A copy in which no object takes members that it does not name."""
    components = copy.deepcopy(components)
    for node in nodes(components["schemas"]):
        if "properties" in node and "additionalProperties" not in node:
            node["additionalProperties"] = False
    return components


def nodes(node: object):
    """Every mapping below a node, itself among them; examples are data and no schemas."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in ("example", "examples", "const", "enum", "default"):
                yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)
