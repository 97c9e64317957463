"""What most tests begin with: an account with credits, and what its service and its owner do with it."""

import hashlib
import hmac
import itertools
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import messages
from client import Answer, Stack, eventually
from identities import GROUP

PACK = {"price": "price_pack_100", "amount": 900, "currency": "usd"}
PRO = {"price": "price_pro_monthly", "amount": 1000, "currency": "usd"}
DAY_S = 86_400


class Scene:
    """One account, new in every test, so that tests do not see each other."""

    def __init__(self, stack: Stack, owner: str | None = None) -> None:
        self.stack = stack
        self.owner = owner
        self.account = stack.account(owner) if owner else f"account-{secrets.token_hex(6)}"
        self._names = itertools.count(1)

    # Stripe

    def stripe(self, command: str, **members) -> dict:
        """Tells the stand-in what happens."""
        answer = self.stack.stripe("POST", f"/_control/{command}", members)
        assert answer.status == 200, answer.body
        return answer.json

    def buy(self, **members) -> dict:
        """Buys a pack of 100 credits and waits until they have landed."""
        before = len(self.lots())
        made = self.stripe("buy_pack", account=self.account, **{**PACK, **members})
        self.becomes("the pack has landed", lambda: len(self.lots()) == before + 1)
        return made

    def subscribe(self, **members) -> dict:
        """Subscribes to Pro and waits until the first period's 500 credits have landed."""
        before = len(self.lots())
        made = self.stripe("subscribe", account=self.account, **{**PRO, **members})
        self.becomes("the period's credits have landed", lambda: len(self.lots()) == before + 1)
        return made

    def renewal_after_cancellation(self, **members) -> dict:
        """A charge that the policy refunds by itself: made after the subscription had ended.

        Events of the newest API version do not name the payment: requests for it name the invoice.
        """
        ended_at = int(time.time()) - 60
        subscription = self.subscribe(created=ended_at - 30 * DAY_S)["subscription"]
        self.stripe("cancel", subscription=subscription, at_period_end=True, at=ended_at - DAY_S)
        self.stripe("end", subscription=subscription, ended_at=ended_at)
        made = self.stripe("renew", subscription=subscription, charged_at=ended_at + 30, **members)
        self.becomes("the renewal has landed", lambda: len(self.lots()) == 2)
        return made

    def refunds(self, payment: str) -> list[dict]:
        """The refunds of a payment that Stripe has."""
        found = self.stack.stripe("GET", "/_control/refunds").json["refunds"]
        return [refund for refund in found if refund["payment"] == payment]

    # Creem

    def creem(self, command: str, **members) -> dict:
        """Tells Creem's stand-in what happens."""
        answer = self.stack.creem("POST", f"/_control/{command}", members)
        assert answer.status == 200, answer.body
        return answer.json

    # The generation service

    def hold(self, credits: int, generation: str | None = None, **body) -> Answer:
        """Holds credits for a generation."""
        generation = generation or f"song-{next(self._names)}"
        body = {"generation_id": generation, "operation": "music_simple", "credits": credits, **body}
        return self.stack.post(f"/v1/accounts/{self.account}/holds", body, as_="service")

    def held(self, credits: int, generation: str | None = None, **body) -> str:
        """Holds credits, which must work; returns the generation."""
        answer = self.hold(credits, generation, **body)
        assert answer.status == 201, answer.body
        return answer.json["generation_id"]

    def settle(self, generation: str, how: str) -> Answer:
        """`capture` or `release` over HTTP."""
        return self.stack.post(f"/v1/accounts/{self.account}/holds/{generation}/{how}", as_="service")

    def failed(self, generation: str) -> dict:
        """The message that a generation failed."""
        return messages.failed(self.stack.service, self.account, generation, "music_simple")

    # What can be seen

    def balance(self) -> tuple[int, int]:
        """Available and held; zeros before the first purchase."""
        answer = self.stack.get(f"/v1/accounts/{self.account}/credits", as_="service")
        if answer.status == 404:
            return 0, 0
        assert answer.status == 200, answer.body
        return answer.json["available"], answer.json["held"]

    def lots(self) -> list[dict]:
        """The lots with something in them."""
        answer = self.stack.get(f"/v1/accounts/{self.account}/credits", as_="service")
        return answer.json["lots"] if answer.status == 200 else []

    def changes(self, *kinds: str) -> list[dict]:
        """The history's changes of these kinds (all where none is named), oldest first."""
        path = f"/v1/accounts/{self.account}/entries?limit=100"
        answer = self.stack.get(path, as_="support")
        assert answer.status == 200, answer.body
        changes = [change for entry in reversed(answer.json["entries"]) for change in entry["changes"]]
        return [change for change in changes if not kinds or change["kind"] in kinds]

    def becomes(self, what: str, probe: Callable[[], object], seconds: float = 30.0) -> None:
        """Waits for something that happens by itself."""
        eventually(f"{what} ({self.account})", probe, seconds)

    # Subscriptions

    def subscriptions(self, as_: str | None = None) -> list[dict]:
        """The account's subscriptions as its owner sees them."""
        answer = self.stack.get(f"/v1/accounts/{self.account}/subscriptions", as_=as_ or self.owner)
        assert answer.status == 200, answer.body
        return answer.json["subscriptions"]

    def cancel(self, subscription: str, confirmation: str | None = None, as_: str | None = None) -> Answer:
        """The first step of a cancellation, or the second one with its confirmation."""
        path = f"/v1/accounts/{self.account}/subscriptions/{subscription}/cancellation"
        body = {} if confirmation is None else {"confirmation": confirmation}
        return self.stack.post(path, body, as_=as_ or self.owner)

    def preview_change(self, subscription: str, as_: str | None = None, **body) -> Answer:
        """What a change of plan would do."""
        path = f"/v1/accounts/{self.account}/subscriptions/{subscription}/change/preview"
        return self.stack.post(path, body, as_=as_ or self.owner)

    def change(self, subscription: str, shown: dict, as_: str | None = None, **body) -> Answer:
        """Confirms the change of plan that was shown."""
        path = f"/v1/accounts/{self.account}/subscriptions/{subscription}/change"
        body = {"price": shown["price"], "confirmation": shown["confirmation"], **body}
        return self.stack.post(path, body, as_=as_ or self.owner)

    # Refund requests

    def file(self, key: str = "request", as_: str | None = None, **body) -> Answer:
        """Files a refund request."""
        path = f"/v1/accounts/{self.account}/refund-requests"
        headers = {"idempotency-key": f'"{key}"'}
        return self.stack.post(path, body, as_=as_ or self.owner, headers=headers)

    def request(self, request: str) -> dict:
        """A refund request as its owner sees it."""
        path = f"/v1/accounts/{self.account}/refund-requests/{request}"
        answer = self.stack.get(path, as_=self.owner)
        assert answer.status == 200, answer.body
        return answer.json

    def decision(self, request: str) -> dict:
        """Everything that a request's decision rests on, as its owner can ask for it."""
        answer = self.stack.get(f"/v1/accounts/{self.account}/refund-requests/{request}/decision", as_=self.owner)
        assert answer.status == 200, answer.body
        return answer.json

    def decided(self, request: dict) -> dict:
        """A request with its whole decision."""
        return {**request, "decision": self.decision(request["id"])}

    def state_becomes(self, request: str, state: str) -> dict:
        """Waits until a request has come to a state."""
        self.becomes(f"{request} is {state}", lambda: self.request(request)["state"] == state)
        return self.request(request)


def add_customer(stack: Stack) -> Scene:
    """A customer who can sign in."""
    name = f"customer-{secrets.token_hex(4)}"
    stack.add_person(name)
    return Scene(stack, name)


def add_support(stack: Stack) -> str:
    """A support person, by name."""
    name = f"support-{secrets.token_hex(4)}"
    stack.add_person(name, GROUP)
    return name


def signed(stack: Stack, body: bytes, at: float | None = None, secret: str | None = None) -> str:
    """A `Stripe-Signature` for a body, by default of now and with the secret that the webhook knows."""
    seconds = int(time.time() if at is None else at)
    key = (secret or stack.state["stripe"]["signing_secret"]).encode()
    digest = hmac.new(key, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def signed_by_creem(stack: Stack, body: bytes, secret: str | None = None) -> str:
    """A `creem-signature` for a body, by default with the secret that the webhook knows."""
    key = (secret or stack.state["creem"]["signing_secret"]).encode()
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def deliver(stack: Stack, body: bytes, signature: str, content_type: str = "application/json") -> Answer:
    """Sends a webhook as Stripe does."""
    headers = {"stripe-signature": signature, "content-type": content_type}
    return stack.post("/v1/webhooks/stripe", body, headers=headers)


def at_once(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    """Makes `count` calls side by side and returns their answers in order."""
    with ThreadPoolExecutor(max_workers=count) as threads:
        return list(threads.map(call, range(count)))


def without_instance(answer: Answer) -> tuple[int, dict]:
    """An answer's status and problem, but for the part that names the single call."""
    problem = answer.json
    return answer.status, {name: value for name, value in problem.items() if name != "instance"}


def reviewed(stack: Stack, request: str, body: dict, support: str) -> Answer:
    """Sends a review; where its quote is asked for, the same one again with the quote that it is shown."""
    path = f"/v1/refund-requests/{request}/review"
    body = {"reason": "by the clause", **body}
    answer = stack.post(path, body, as_=support)
    if answer.json.get("type") == "urn:makegood:problem:quote-changed" and "quote" not in body:
        answer = stack.post(path, {**body, "quote": answer.json["quote"]["quote"]}, as_=support)
    return answer
