"""A customer of the business that sells through Creem, and what happens to their purchases there."""

import secrets
import time

from messages import instant
from scene import DAY_S, Scene, add_support, reviewed

# 9.00 EUR and the tax: what was paid is 10.71 EUR.
PACK = {"product": "prod_3d_pack_100", "amount": 900, "tax": 171}
STARTER = {"product": "prod_3d_starter", "amount": 1000, "tax": 190}
NOTE = "I would like to have this looked at."
PERIOD_S = 30 * DAY_S


class CreemScene:
    """A customer of the 3D business, new in every test."""

    def __init__(self, customer: Scene) -> None:
        self.customer, self.stack, self.account = customer, customer.stack, customer.account

    def creem(self, command: str, **members) -> dict:
        """Tells the stand-in what happens."""
        return self.customer.creem(command, **members)

    def buy(self, **members) -> dict:
        """Buys a pack of 100 credits and waits until they have landed."""
        before = self.available()
        made = self.creem("buy_once", account=self.account, **{**PACK, **members})
        self.customer.becomes("the pack has landed", lambda: self.available() == before + 100)
        return made

    def subscribe(self, **members) -> dict:
        """Subscribes to the starter plan and waits until the first period's 200 credits have landed."""
        before = self.available()
        made = self.creem("start_plan", account=self.account, **{**STARTER, **members})
        self.customer.becomes("the period has landed", lambda: self.available() == before + 200)
        return made

    def available(self) -> int:
        return self.customer.balance()[0]

    def move(self, subscription: str, to: str, **members) -> None:
        """Something happens to a subscription."""
        self.creem("move_subscription", subscription=subscription, to=to, **members)

    def state(self, subscription: str) -> str:
        """Where a subscription stands for its customer."""
        return next(each["state"] for each in self.customer.subscriptions() if each["subscription"] == subscription)

    def becomes(self, subscription: str, state: str) -> None:
        """Waits until a subscription has come to a state."""
        self.customer.becomes(f"it is {state}", lambda: self.state(subscription) == state)

    def refunds(self, transaction: str) -> list[dict]:
        """The refunds of a transaction that Creem has."""
        found = self.stack.creem("GET", "/_control/refunds").json["refunds"]
        return [refund for refund in found if refund["transaction"] == transaction]

    def file(self, transaction: str, **body) -> dict:
        """Files a request about a payment, which goes to a person."""
        asked = {"reason": "changed_mind", "payment": transaction, "note": NOTE, **body}
        answer = self.customer.file(f"request-{secrets.token_hex(4)}", **asked)
        assert (answer.status, answer.json["state"]) == (201, "in_review"), answer.body
        return self.customer.decided(answer.json)

    def review(self, request: dict, decision: str, clause: str, **body) -> dict:
        """A support person decides on what the request's quote shows at that moment."""
        support = add_support(self.stack)
        path = f"/v1/accounts/{self.account}/refund-requests/{request['id']}"
        shown = self.stack.get(path, as_=support).json
        body = {"decision": decision, "clause": clause, "reason": "By the clause.", **body}
        if shown["quote"] and decision == "approve":
            body["quote"] = shown["quote"]["quote"]
        answer = reviewed(self.stack, request["id"], body, support)
        assert answer.status == 200, answer.body
        return answer.json

    def read_open_things(self, ahead_s: int = 2 * PERIOD_S) -> dict:
        """Has everything read that is watched, also what is due later."""
        repaired: list = []
        # A run reads 60 objects, and what it has read comes last in the next one.
        for _ in range(10):
            status = self.stack.reconcile_creem(instant(time.time() + ahead_s))
            repaired += status["repaired"]
            if status["is_complete"]:
                break
        return {**status, "repaired": repaired}

    def frozen(self) -> int:
        answer = self.stack.get(f"/v1/accounts/{self.account}/credits", as_="service")
        return answer.json["frozen"]


def an_hour_ago() -> int:
    """What a reading finds is as of a minute ago, so that events of a test are from before that."""
    return int(time.time()) - 3_600
