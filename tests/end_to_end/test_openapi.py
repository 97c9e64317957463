"""The OpenAPI document is valid, complete and true: linted here, compared with every answer (contract.py), and called
by Schemathesis as each role.
"""

import os
import subprocess
from pathlib import Path

import pytest
from contract import OPENAPI, Contract, nodes
from places import LOCAL

HERE = Path(__file__).resolve().parent
CONTRACT = LOCAL / "contract" / "bin"
# About a minute for a role on two cores; far more means that a call hangs.
SCHEMATHESIS_S = 600


@pytest.fixture(scope="module")
def document():
    return Contract()


def run(*command: object, folder: Path = HERE, **environment: str) -> None:
    """Runs a tool of the contract's environment; its output is shown when it fails."""
    done = subprocess.run(
        list(map(str, command)),
        check=False,
        capture_output=True,
        text=True,
        timeout=SCHEMATHESIS_S,
        cwd=folder,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]


def test_the_document_is_valid():
    run(CONTRACT / "python", "-m", "openapi_spec_validator", OPENAPI)


def test_every_schema_has_a_name(document):
    """An object is a component, so that clients that are generated from the document get a name for it."""
    components = document.document["components"]
    elsewhere = {**document.document, "components": {**components, "schemas": {}}}
    below = [node for schema in components["schemas"].values() for node in inner(schema)]
    assert [node for node in [*below, *nodes(elsewhere)] if is_object(node)] == []


def test_every_schema_says_what_it_is(document):
    """No leaf is left open: a type, a constant, a choice or a reference."""
    words = {"type", "const", "enum", "$ref", "oneOf", "anyOf"}
    schemas = document.document["components"]["schemas"]
    untyped = []
    for name, schema in schemas.items():
        for node in [schema, *inner(schema)]:
            is_open = node.get("type") == "object" and not {"properties", "additionalProperties"} & set(node)
            is_bare_list = node.get("type") == "array" and "items" not in node
            if not words & set(node) or is_open or is_bare_list:
                untyped.append((name, node))
    assert untyped == []


def test_every_operation_has_an_example_of_what_is_sent_and_answered(document):
    """A reader sees what to send and what comes back. Each example is valid, with no member that is not documented."""
    faults = []
    for operation in document.operations():
        for what, content in document.bodies(operation):
            examples = document.examples(content)
            if not examples:
                faults.append(f"{operation}: {what} has no example")
            for example in examples:
                faults += [f"{operation}: {what}: {fault}" for fault in document.faults(content["schema"], example)]
    assert faults == []


def test_an_example_is_the_operation_s_own(document):
    """No operation shows what another one sends or answers."""
    used = [
        reference["$ref"]
        for operation in document.operations()
        for _, content in document.bodies(operation)
        for reference in content.get("examples", {}).values()
    ]
    known = [f"#/components/examples/{name}" for name in document.document["components"]["examples"]]
    assert sorted(used) == sorted(known)


def inner(schema: dict):
    """The schemas within a schema, at any depth."""
    below = [*schema.get("properties", {}).values(), *schema.get("oneOf", []), *schema.get("anyOf", [])]
    below += [schema["items"]] if "items" in schema else []
    for node in below:
        yield node
        yield from inner(node)


def is_object(node: dict) -> bool:
    return node.get("type") == "object"


@pytest.mark.parametrize("role", ["customer", "service", "support"])
def test_generated_calls_are_answered_as_documented(stack, role):
    run(
        CONTRACT / "schemathesis",
        "--config-file",
        HERE / "schemathesis.toml",
        "run",
        OPENAPI,
        "--url",
        stack.state["api_url"],
        # It keeps what it learns of the API in the folder where it runs.
        folder=Path(stack.state["work"]),
        MAKEGOOD_TOKEN=stack.token(role),
        MAKEGOOD_ACCOUNT=stack.account("customer"),
    )
