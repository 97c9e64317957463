"""The main job as a story in ten steps, each of which checks its own result.

The story's calendar: Stripe's events carry dates of their own, so the subscription has run for a month when the
story begins, and its period ends at that very instant. Everything that people and services do happens now, by the
clock of this machine. The sweep is sent ahead in time: it takes the day from the schedule's event.
"""

import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import messages
from client import Answer, Stack, eventually
from messages import instant

DAY_S = 86_400
# The stand-in's billing period.
PERIOD_S = 30 * DAY_S
PACK_CREDITS, PRO_CREDITS = 500, 500
# The lots in the order in which they arrive.
PACK, PRO, RENEWAL = 1, 2, 3
# The orders of the second business.
ORDER, OTHER_ORDER = 4, 5
MODEL_CREDITS, MODEL_COST = 100, 10
MODELS_LEFT = MODEL_CREDITS - 2 * MODEL_COST
# More than the subscription has, so that two lots are held.
FAILING = 520
SUCCEEDING, EMPTY = 120, 30
LEFT_OVER = PRO_CREDITS - SUCCEEDING
# A sentence longer than this is broken into lines.
WIDTH = 100
# A purchase from before the first policy document goes to a person, whatever the rules say.
IN_FORCE = datetime(2026, 5, 2, tzinfo=UTC).timestamp()


class Unexpected(Exception):
    """The story did not go as it must."""


def expect(what: str, actual, expected) -> None:
    """Fails with `what` unless both are equal."""
    if actual != expected:
        raise Unexpected(f"{what}: expected {expected!r}, got {actual!r}")


class Story:
    """One customer's story on a running stack."""

    def __init__(self, stack: Stack, person: str, output: TextIO) -> None:
        self.stack = stack
        self.person = person
        self.account = stack.account(person)
        self.output = output
        self.began = int(time.time())
        self.sold: dict[str, dict] = {}

    def tell(self) -> None:
        """All ten steps, in order."""
        if self.began - PERIOD_S < IN_FORCE:
            raise Unexpected(f"this machine's clock says {instant(self.began)}: the policy is not yet a month in force")
        steps: list[tuple[str, Callable[[], None]]] = [
            ("The customer buys a credit pack", self.buy_pack),
            ("The customer subscribes to Pro", self.subscribe),
            ("A generation service holds credits", self.hold),
            ("The generation fails", self.fail),
            ("One generation succeeds, another delivers nothing", self.succeed_and_deliver_nothing),
            ("The subscription ends, and 60 days pass", self.end_and_expire),
            ("Stripe charges a renewal all the same", self.ask_for_refunds),
            ("A second business sells two packs through Creem", self.buy_through_creem),
            ("One of them brought nothing usable: its money goes back through Creem", self.refund_through_creem),
            ("The whole story, and the check of the ledger", self.account_for_it),
        ]
        for number, (title, step) in enumerate(steps, 1):
            print(f"\n{number}. {title}\n", file=self.output, flush=True)
            step()

    # 1 and 2

    def buy_pack(self) -> None:
        order = {"price": "price_pack_500", "amount": 900, "currency": "usd"}
        self.sold["pack"] = self.stripe("buy_pack", **order)
        self.say("Stripe sends a signed `checkout.session.completed` for 9.00 USD.")
        self.lots_become("the pack's credits are on the balance", {PACK: (PACK_CREDITS, 0)})

    def subscribe(self) -> None:
        order = {"price": "price_pro_monthly", "amount": 1000, "currency": "usd"}
        self.sold["pro"] = self.stripe("subscribe", **order, created=self.began - PERIOD_S)
        self.say("Stripe sends `invoice.paid` for a month of Pro, 10.00 USD.")
        expected = {PACK: (PACK_CREDITS, 0), PRO: (PRO_CREDITS, 0)}
        self.lots_become("the period's credits are a second lot", expected)

    # 3 to 5

    def hold(self) -> None:
        hold = self.place_hold("song-1", "music_custom", FAILING)
        self.say(f"The service holds {FAILING} credits for song-1 with a token of its own, until {hold['deadline']}.")
        expected = [{"lot": PRO, "credits": PRO_CREDITS}, {"lot": PACK, "credits": FAILING - PRO_CREDITS}]
        expect("the subscription's credits are held first", hold["lots"], expected)
        lots = " and ".join(f"{part['credits']} from lot {part['lot']}" for part in hold["lots"])
        self.say(f"The hold has {lots}.")
        left = PACK_CREDITS + PRO_CREDITS - FAILING
        self.lots_become("the balance shows them as held", {PACK: (left, FAILING - PRO_CREDITS), PRO: (0, PRO_CREDITS)})

    def fail(self) -> None:
        started = time.perf_counter()
        self.stack.send(messages.failed(self.stack.service, self.account, "song-1", "music_custom"))
        self.say("The service sends `generation.failed` to the queue.")
        expected = {PACK: (PACK_CREDITS, 0), PRO: (PRO_CREDITS, 0)}
        self.lots_become("the credits are back on the lots they came from", expected, started)

    def succeed_and_deliver_nothing(self) -> None:
        self.place_hold("song-2", "music_simple", SUCCEEDING)
        answer = {"songs": [{"title": "Harbour lights", "url": "https://songs.example/harbour-lights.mp3"}]}
        self.stack.send(messages.completed(self.stack.service, self.account, "song-2", "music_simple", answer))
        self.say(f"song-2 succeeds: its {SUCCEEDING} credits are captured.")
        expected = {PACK: (PACK_CREDITS, 0), PRO: (LEFT_OVER, 0)}
        self.lots_become("the credits are spent", expected)
        expect("how song-2 ended", [change["kind"] for change in self.newest_changes()], ["captured"])

        self.place_hold("song-3", "music_simple", EMPTY)
        self.stack.send(messages.completed(self.stack.service, self.account, "song-3", "music_simple", {"songs": []}))
        self.say('song-3 "succeeds" with an empty list of songs, which the policy registers as an empty success.')
        self.lots_become("its credits are given back", expected)
        [change] = self.newest_changes()
        expect("how song-3 ended", (change["kind"], change["reason"]), ("released", "empty_success"))

    # 6

    def end_and_expire(self) -> None:
        subscription, ended_at = self.sold["pro"]["subscription"], self.began
        self.stripe("cancel", subscription=subscription, at_period_end=True, at=ended_at - DAY_S)
        self.stripe("end", subscription=subscription, ended_at=ended_at)
        expires_at = ended_at + 60 * DAY_S
        self.say(f"Stripe confirms the cancellation; the subscription ended at {instant(ended_at)}.")

        def clock_runs() -> bool:
            clocks = {lot["lot"]: lot["expires_at"] for lot in self.balance()["lots"]}
            return {lot: clock and _seconds(clock) for lot, clock in clocks.items()} == {PACK: None, PRO: expires_at}

        self.until("the 60 days run for the subscription's lot and not for the pack", clock_runs)
        self.say("The clock of 60 days runs for what is left of its credits, and not for the pack.")
        self.show_balance()
        for day, left in ((59, LEFT_OVER), (60, 0), (61, 0)):
            before = self.expiries()
            status = self.stack.sweep(instant(ended_at + day * DAY_S))
            shown = ", ".join(f"{name} {value}" for name, value in status.items())
            self.say(f"Sweep of day {day} ({instant(ended_at + day * DAY_S)}): {shown}.")
            expired = [{"lot": PRO, "credits": LEFT_OVER}] if day == 60 else []
            expect(f"what the sweep of day {day} expires", self.expiries()[len(before) :], expired)
            lots = {PACK: (PACK_CREDITS, 0), **({PRO: (left, 0)} if left else {})}
            self.lots_become(f"the lots after day {day}", lots)

    # 7

    def ask_for_refunds(self) -> None:
        subscription = self.sold["pro"]["subscription"]
        self.sold["renewal"] = self.stripe("renew", subscription=subscription, charged_at=int(time.time()))
        self.say("Stripe charges 10.00 USD for a period that nobody wants; its credits arrive as lot 3.")
        self.lots_become("the renewal is a third lot", {PACK: (PACK_CREDITS, 0), RENEWAL: (PRO_CREDITS, 0)})
        self.charged_after_cancellation(self.sold["renewal"])
        self.changed_mind(self.sold["pack"]["payment"])
        self.result_not_liked()

    def charged_after_cancellation(self, renewal: dict) -> None:
        note = "I had cancelled before this was charged."
        # Stripe's event names the invoice and not its payment, which the payout asks Stripe for.
        request = self.file("renewal", reason="charged_after_cancellation", payment=renewal["invoice"], note=note)
        expect("what is decided", request["decision"]["outcome"]["kind"], "grant")
        self.cites(request, ["charged-after-cancellation"])
        facts = {fact["fact"]: fact["source"] for fact in request["decision"]["facts"]}
        expect("facts that are not from records", [name for name, source in facts.items() if source != "recorded"], [])
        expect("the facts are on record", {"cancellation_confirmed_at", "payment_charged_at"} <= facts.keys(), True)
        self.say(f"   decided from {len(facts)} recorded facts, among them cancellation_confirmed_at")
        expect("the amount", request["payout"]["amount"], {"amount_minor": 1000, "currency": "usd"})
        [revoked] = self.changes_of("revoked")
        expect("what is revoked", (revoked["lot"], revoked["credits"], revoked["debt"]), (RENEWAL, PRO_CREDITS, 0))
        self.say(f"   revoked: lot {RENEWAL} {PRO_CREDITS}, lot {PACK} 0, lot {PRO} 0")
        self.lots_become("only the renewal's lot is gone", {PACK: (PACK_CREDITS, 0)})

        payment = renewal["payment"]
        self.until("Stripe has the refund", lambda: self.refunds(payment))
        self.stack.wait_until_idle()
        [refund] = self.refunds(payment)
        expect("the refund at Stripe", (refund["amount"], refund["status"]), (1000, "pending"))
        self.say(f"   paid: Stripe has exactly one refund of the payment, {refund['id']}")
        self.stripe_command("settle_refund", refund=refund["id"], status="succeeded")
        self.state_becomes(request, "refunded")
        self.say("   `refund.updated` arrives: the request is refunded")
        expect("refunds at Stripe in the end", len(self.refunds(payment)), 1)

    def changed_mind(self, payment: str) -> None:
        note = "I bought the wrong pack and have not used it."
        request = self.file("pack", reason="changed_mind", payment=payment, note=note)
        expect("what is decided", request["decision"]["outcome"]["kind"], "person")
        expect("why", request["decision"]["basis"], "conflict")
        expect("where it stands", request["state"], "in_review")
        self.cites(request, ["pack-final-once-landed", "pack-final-once-spent"])

    def result_not_liked(self) -> None:
        note = "The chorus is not to my taste."
        request = self.file("song", reason="result_not_liked", generation_id="song-2", note=note)
        expect("what is decided", request["decision"]["outcome"]["kind"], "refuse")
        expect("where it stands", request["state"], "refused")
        self.cites(request, ["result-not-liked"])
        doors = [door["text"] for door in request["decision"]["doors"]]
        expect("the number of doors", len(doors), 1)
        self.say(f"   door: {doors[0]}")

    # 8 and 9

    def buy_through_creem(self) -> None:
        before = self.lots()
        self.sold["order"] = self.buy_models()
        self.say("Creem sends a signed `checkout.completed` for 9.00 EUR and 1.71 EUR of tax: 100 credits for models.")
        self.lots_become("the order's credits are a lot of their own", {**before, ORDER: (MODEL_CREDITS, 0)})
        for number, kind in enumerate(("moderation_block", "partial_result"), 1):
            generation = f"model-{number}"
            self.place_hold(generation, "model_from_image", MODEL_COST, product="image-to-3d")
            message = messages.failed(self.stack.service, self.account, generation, "model_from_image", kind)
            self.stack.send(message)
        self.say(f"Two models end without a usable result; a person decides about their {2 * MODEL_COST} credits.")
        self.until("both generations have ended", lambda: self.lots() == {**before, ORDER: (MODELS_LEFT, 0)})
        self.sold["other_order"] = self.buy_models()
        expected = {**before, ORDER: (MODELS_LEFT, 0), OTHER_ORDER: (MODEL_CREDITS, 0)}
        self.lots_become("a second order is a lot beside it", expected)

    def buy_models(self) -> dict:
        order = {"product": "prod_3d_pack_100", "amount": 900, "tax": 171, "account": self.account}
        return self.creem("buy_once", **order)

    def refund_through_creem(self) -> None:
        before = self.lots()
        payment = self.sold["order"]["transaction"]
        note = "Neither of my two models came out."
        request = self.file("models", reason="generation_failed", payment=payment, note=note)
        expect("where it stands", request["state"], "in_review")
        expect("what is recommended", request["decision"]["outcome"]["recommendation"]["kind"], "grant")
        self.cites(request, ["no-usable-result"])
        quote = self.approve(request, "no-usable-result")
        self.say(f"   a support person approves {quote['pays']['amount']['amount_minor'] / 100:.2f} EUR by that clause")
        self.until("Creem has the refund", lambda: self.creem_refunds(payment))
        self.stack.wait_until_idle()
        [refund] = self.creem_refunds(payment)
        expect("the refund at Creem", refund["amount"], 1071)
        self.say(f"   paid: Creem has exactly one refund of the transaction, {refund['id']}; it is pending")
        self.say("   Creem confirms it and sends its event again.")
        self.creem("settle_refund", refund=refund["id"], status="succeeded", reports=True)
        self.state_becomes(request, "refunded")
        del before[ORDER]
        self.lots_become("only that order's lot is gone", before)

    def approve(self, request: dict, clause: str) -> dict:
        """A support person approves what the request's quote shows; returns the quote."""
        path = f"/v1/accounts/{self.account}/refund-requests/{request['id']}"
        quote = _answered(200, self.stack.get(path, as_="support"))["quote"]
        body = {"decision": "approve", "clause": clause, "reason": "By the clause.", "quote": quote["quote"]}
        _answered(200, self.stack.post(f"/v1/refund-requests/{request['id']}/review", body, as_="support"))
        return quote

    # 10

    def account_for_it(self) -> None:
        # Deadlines are checked against the day up to which the sweep has run.
        day_61 = instant(self.began + 61 * DAY_S)
        for command in ("history", "verify"):
            arguments = (command, "--account", self.account, "--at", day_61)
            done = self.stack.makegood(*arguments)
            self.say(f"makegood {' '.join(arguments)}\n")
            self.say(f"{done.stdout}\n")
            if done.returncode != 0:
                raise Unexpected(f"`makegood {command}` ended with {done.returncode}: {done.stderr.strip()}")

    # What the steps are made of

    def say(self, text: str) -> None:
        """Prints with the steps' indentation."""
        for line in text.splitlines():
            print(f"   {line}".rstrip(), file=self.output, flush=True)

    def stripe(self, command: str, **members) -> dict:
        """The customer does something at Stripe."""
        if "subscription" not in members:
            members["account"] = self.account
        return self.stripe_command(command, **members)

    def stripe_command(self, command: str, **members) -> dict:
        """Tells the stand-in what happens."""
        return _answered(200, self.stack.stripe("POST", f"/_control/{command}", members))

    def refunds(self, payment: str) -> list[dict]:
        """The refunds of a payment that the stand-in has."""
        found = _answered(200, self.stack.stripe("GET", "/_control/refunds"))["refunds"]
        return [refund for refund in found if refund["payment"] == payment]

    def creem(self, command: str, **members) -> dict:
        """Tells Creem's stand-in what happens."""
        return _answered(200, self.stack.creem("POST", f"/_control/{command}", members))

    def creem_refunds(self, transaction: str) -> list[dict]:
        """The refunds of a transaction that Creem's stand-in has."""
        found = _answered(200, self.stack.creem("GET", "/_control/refunds"))["refunds"]
        return [refund for refund in found if refund["transaction"] == transaction]

    def place_hold(self, generation: str, operation: str, credits: int, **body) -> dict:
        """The generation service sets credits aside."""
        body = {"generation_id": generation, "operation": operation, "credits": credits, **body}
        return _answered(201, self.stack.post(f"/v1/accounts/{self.account}/holds", body, as_="service"))

    def balance(self) -> dict:
        """What the customer sees."""
        return _answered(200, self.stack.get(f"/v1/accounts/{self.account}/credits", as_=self.person))

    def lots(self) -> dict[int, tuple[int, int]]:
        """The lots with something in them: available and held."""
        return {lot["lot"]: (lot["available"], lot["held"]) for lot in self.balance()["lots"]}

    def lots_become(self, what: str, expected: dict[int, tuple[int, int]], since: float | None = None) -> None:
        """Waits until the lots have these credits, available and held; then shows the balance."""

        self.until(what, lambda: self.lots() == expected)
        if since is not None:
            self.say(f"{time.perf_counter() - since:.2f} s from the message to the balance: {what}.")
        self.show_balance()

    def show_balance(self) -> None:
        """One line for the balance and one for each lot."""
        balance = self.balance()
        self.say(f"balance  {balance['available']:4} available  {balance['held']:4} held")
        for lot in balance["lots"]:
            expires = f"expires {lot['expires_at']}" if lot["expires_at"] else "never expires"
            name = f"lot {lot['lot']}    {lot['available']:4} available  {lot['held']:4} held"
            self.say(f"{name}   {lot['kind']}, {expires}")

    def entries(self) -> list[dict]:
        """The customer's history, newest first; the story fits on one page."""
        path = f"/v1/accounts/{self.account}/entries?limit=100"
        return _answered(200, self.stack.get(path, as_=self.person))["entries"]

    def newest_changes(self) -> list[dict]:
        """What the newest entry says."""
        return self.entries()[0]["changes"]

    def changes_of(self, kind: str) -> list[dict]:
        """All changes of a kind, oldest first."""
        entries = reversed(self.entries())
        return [change for entry in entries for change in entry["changes"] if change["kind"] == kind]

    def expiries(self) -> list[dict]:
        """What has expired so far, by lot."""
        return [{"lot": change["lot"], "credits": change["credits"]} for change in self.changes_of("expired")]

    def file(self, key: str, **body) -> dict:
        """The customer files a refund request."""
        headers = {"idempotency-key": f'"{self.account}-{key}"'}
        path = f"/v1/accounts/{self.account}/refund-requests"
        request = _answered(201, self.stack.post(path, body, as_=self.person, headers=headers))
        self.say(f'\nRequest {request["id"]}: {body["reason"]}, "{body["note"]}"')
        for line in textwrap.wrap(f"{request['state']}: {request['message']}", WIDTH):
            self.say(f"   {line}")
        decision = _answered(200, self.stack.get(f"{path}/{request['id']}/decision", as_=self.person))
        return {**request, "decision": decision}

    def cites(self, request: dict, expected: list[str]) -> None:
        """Shows the clauses that a decision rests on, which must be these."""
        clauses = request["decision"]["clauses"]
        for clause in clauses:
            name = f"{clause['document']} {clause['version']}, {clause['clause']}"
            self.say(f"   clause: {name} (sha256 {clause['sha256'][:12]}…)")
        expect("the cited clauses", sorted(clause["clause"] for clause in clauses), expected)

    def state_becomes(self, request: dict, state: str) -> None:
        """Waits until a request has come to a state."""
        path = f"/v1/accounts/{self.account}/refund-requests/{request['id']}"
        get = self.stack.get
        self.until(f"the request is {state}", lambda: _answered(200, get(path, as_=self.person))["state"] == state)

    def until(self, what: str, probe: Callable[[], object]) -> None:
        """Waits for something that happens by itself."""
        try:
            eventually(what, probe)
        except TimeoutError as error:
            text = f"this did not come about: {what}; available and held by lot: {self.lots()}"
            raise Unexpected(text) from error


def _answered(status: int, answer: Answer):
    """The answer's JSON, if it has the expected status."""
    if answer.status != status:
        raise Unexpected(f"expected {status}, got {answer.status}: {answer.body.decode(errors='replace')}")
    return answer.json


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
