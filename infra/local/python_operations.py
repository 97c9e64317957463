"""Writes the operations of the Python client: a method for each operation of the OpenAPI document.

Bodies are JSON and named components, or a choice of them; parameters are strings, integers, booleans and lists of
these. Whatever else the document might come to say is an error here and not a guess.
"""

import re

METHODS = ("get", "put", "post", "delete", "patch")
# A cache asks with it; an operation answers what there is, and not that nothing has changed.
LEFT_OUT = ("If-None-Match",)
PRIMITIVES = {"string": "str", "integer": "int", "boolean": "bool"}
HEADER = '''"""The API's operations. `make clients` generates this from the OpenAPI document; edits are lost."""

from __future__ import annotations

from typing import Literal, cast
from urllib.parse import quote

from ..sending import {sender}
from . import models

class {name}({sender}):
    """A method for each operation. `ProblemError` says why the API refused a call."""
'''


def module(document: dict, asynchronous: bool) -> str:
    """The text of a module for calls that wait, or for `asyncio`."""
    prefix = "Async" if asynchronous else ""
    parts = [HEADER.format(sender=f"{prefix}Sender", name=f"{prefix}Operations")]
    for path, item in document["paths"].items():
        for method in (method for method in METHODS if method in item):
            shared = item.get("parameters", [])
            parts.append(_operation(document, path, method, item[method], shared, asynchronous))
    return "\n".join(parts)


def _operation(document: dict, path: str, method: str, definition: dict, shared: list, asynchronous: bool) -> str:
    parameters = [_resolved(document, each) for each in [*shared, *definition.get("parameters", [])]]
    parameters = [each for each in parameters if each["name"] not in LEFT_OUT]
    arguments = ["self", *(f"{_name(each['name'])}: str" for each in parameters if each["in"] == "path")]
    sent = []
    if body := definition.get("requestBody"):
        kind = _type(body["content"]["application/json"]["schema"])
        arguments.append(f"body: {kind}" if body.get("required") else f"body: {kind} | None = None")
        sent.append("body=body")
    if named := [each for each in parameters if each["in"] != "path"]:
        arguments.append("*")
        # Those that must be given come first.
        for each in sorted(named, key=lambda each: not each.get("required", False)):
            kind = _type(each["schema"])
            optional = "" if each.get("required") else " | None = None"
            arguments.append(f"{_name(each['name'])}: {kind}{optional}")
    for place, argument in (("query", "query"), ("header", "headers")):
        if found := [each["name"] for each in parameters if each["in"] == place]:
            sent.append(f"{argument}={{{', '.join(f'{name!r}: {_name(name)}' for name in found)}}}")
    answer = " | ".join(dict.fromkeys(_answers(definition)))
    url = re.sub(r"\{([^}]+)\}", lambda match: f"{{quote({_name(match[1])}, safe='')}}", path)
    wait, call = ("async ", "await ") if asynchronous else ("", "")
    summary = definition["summary"].replace('"', "'")
    return f"""
    {wait}def {_name(definition["operationId"])}({", ".join(arguments)}) -> {answer}:
        '''{summary}.'''
        answer = {call}self._send({", ".join([repr(method.upper()), f"f{url!r}" if '{' in url else repr(url), *sent])})
        return cast("{answer}", answer)
"""


def _answers(definition: dict) -> list[str]:
    """The types of what an operation answers when it succeeds."""
    succeeded = [each for status, each in definition["responses"].items() if status.startswith("2")]
    return [_type(each["content"]["application/json"]["schema"]) if "content" in each else "None" for each in succeeded]


def _resolved(document: dict, node: dict) -> dict:
    """The node itself, or the parameter that it refers to."""
    return document["components"]["parameters"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node


def _type(schema: dict) -> str:
    if "$ref" in schema:
        return "models." + schema["$ref"].rsplit("/", 1)[1]
    if choice := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(_type(each) for each in choice)
    if values := schema.get("enum") or [schema["const"]] if {"enum", "const"} & set(schema) else []:
        return f"Literal[{', '.join(map(repr, values))}]"
    if schema["type"] == "array":
        return f"list[{_type(schema['items'])}]"
    return PRIMITIVES[schema["type"]]


def _name(name: str) -> str:
    """A name of the document as Python writes names."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
