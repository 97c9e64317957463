"""Where things are: the repository, its git-ignored `.local/`, and the files of one stack."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
STACKS = LOCAL / "stack"
OPENAPI = ROOT / "infra" / "openapi.yaml"

# The clients in Python and TypeScript, and where their packages are built.
CLIENTS = ROOT / "clients"
CLIENT_PACKAGES = ROOT / "target" / "clients"

# One target folder for every stack: the builds differ in nothing but the time at which they run.
CARGO_TARGET = ROOT / "target" / "local"

# The four businesses of the examples.
POLICIES = ROOT / "examples" / "policies"
CATALOGUE = ROOT / "examples" / "catalogue.toml"

FUNCTIONS = (
    *("stripe-webhook", "creem-webhook", "stripe-lookup", "stripe-reconcile", "creem-reconcile"),
    *("credits", "auto-refund"),
    *("expiry-sweep", "refund-request", "plan-change", "refund-payout", "journal-anchor", "dispute-evidence"),
    *("policy-text", "lookup", "account-adjustment", "account-import"),
)
STAND_IN = "stripe-stand-in"
CREEM_STAND_IN = "creem-stand-in"
# The operator's command line.
MAKEGOOD = "makegood"


def state_file(name: str) -> Path:
    """What a running stack wrote down about itself."""
    return STACKS / f"{name}.json"


def work_folder(name: str) -> Path:
    """Logs, build artefacts and emulator state of one stack; deleted when it is started again."""
    return STACKS / name


def binary(name: str) -> Path:
    """Where cargo-lambda leaves a binary."""
    return CARGO_TARGET / "lambda" / name / "bootstrap"
