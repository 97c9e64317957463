"""The processes in which the emulator runs a function."""

from pathlib import Path

from client import Stack


def processes_of(stack: Stack, function: str) -> list[int]:
    """Ids of the function's processes that belong to this stack's emulator."""
    name = stack.state["outputs"][f"{function}Function"]
    emulator = stack.state["processes"]["emulator"]["pid"]
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == emulator and f"AWS_LAMBDA_FUNCTION_NAME={name}".encode() in environment:
            found.append(int(folder.name))
    return found
