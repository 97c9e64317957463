"""What the API takes and answers. `make clients` generates this; edits are lost."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

Credits: TypeAlias = int


Instant: TypeAlias = str


NullableInstant: TypeAlias = str | None


Cursor: TypeAlias = str | None
"""
Where the next page begins; null on the last one
"""


class Money(TypedDict):
    amount_minor: int
    """
    In the smallest unit of the currency
    """
    currency: str


class EmptyBody(TypedDict):
    pass


class LotCredits(TypedDict):
    """
    Credits of one lot.
    """

    lot: int
    credits: Credits


LotKind: TypeAlias = Literal["subscription", "pack", "compensation", "goodwill", "promotional", "trial"]


class Lot(TypedDict):
    lot: int
    """
    Its number within the account
    """
    kind: LotKind
    product: str
    granted: Credits
    available: Credits
    held: Credits
    frozen: Credits
    granted_at: Instant
    expires_at: NullableInstant
    usable: bool


class Hold(TypedDict):
    generation_id: str
    operation: str
    product: str
    credits: Credits
    lots: list[LotCredits]
    held_at: Instant
    deadline: Instant


class HoldRequest(TypedDict):
    generation_id: str
    operation: str
    """
    What is generated, as the policy names it
    """
    credits: int
    product: NotRequired[str]
    """
    A product of the catalogue or what is managed through one; the deployment's own where it is left out
    """


class CaptureRequest(TypedDict):
    credits: NotRequired[int]
    """
    How many of the held credits were used; without it, all
    """


class ReleaseRequest(TypedDict):
    reason: NotRequired[Literal["failed"]]


class Settlement(TypedDict):
    generation_id: str
    outcome: Literal[
        "captured", "released", "given_back", "charged_late", "uncollected", "not_charged", "repeated"
    ]


class ProductBalance(TypedDict):
    product: str
    available: Credits
    held: Credits


class Balance(TypedDict):
    account: str
    available: Credits
    held: Credits
    frozen: Credits
    """
    Credits that cannot be used while the cardholder's bank disputes their payment
    """
    debt: Credits
    suspended: bool
    next_grant_at: NotRequired[Instant]
    """
    When the next month's credits come of a plan that grants monthly
    """
    products: list[ProductBalance]
    """
    Credits are spent on the product that they were bought for alone
    """
    lots: list[Lot]
    holds: list[Hold]


class PolicyVersion(TypedDict):
    document: str
    version: str


class Named(TypedDict):
    kind: str
    id: NotRequired[str]
    clause: NotRequired[str]
    """
    The clause of the policy under which a person adjusted the account.
    """


class ImportedChange(TypedDict):
    """
    Credits that were left when the account moved in from an earlier system.
    """

    kind: Literal["imported"]
    lot: int
    lot_kind: LotKind
    product: str
    credits: Credits
    granted: Credits
    """
    What had come, of which `credits` are left
    """
    expires_at: NullableInstant
    text: str


class GrantedChange(TypedDict):
    kind: Literal["granted"]
    lot: int
    lot_kind: LotKind
    product: str
    credits: Credits
    settled_debt: Credits
    expires_at: NullableInstant
    text: str


class HeldChange(TypedDict):
    kind: Literal["held"]
    generation_id: str
    operation: str
    credits: Credits
    lots: list[LotCredits]
    deadline: Instant
    text: str


class SettledChange(TypedDict):
    kind: Literal["captured", "partly_released", "given_back", "charged_late"]
    generation_id: str
    credits: Credits
    lots: list[LotCredits]
    text: str


class ReleasedChange(TypedDict):
    kind: Literal["released"]
    generation_id: str
    credits: Credits
    lots: list[LotCredits]
    reason: Literal["failed", "empty_success", "deadline"]
    text: str


class UncollectedChange(TypedDict):
    kind: Literal["uncollected"]
    generation_id: str
    credits: Credits
    text: str


class LotChange(TypedDict):
    kind: Literal["expired", "replaced", "reinstated", "frozen", "thawed", "taken_back"]
    lot: int
    credits: Credits
    text: str


class RevokedChange(TypedDict):
    kind: Literal["revoked", "charged_back"]
    lot: int
    credits: Credits
    debt: Credits
    text: str


class RestoredChange(TypedDict):
    kind: Literal["restored", "regained"]
    lot: int
    credits: Credits
    debt: Credits
    repaid: list[LotCredits]
    text: str


class OffsetChange(TypedDict):
    kind: Literal["offset"]
    lot: int
    credits: Credits
    debt: Credits
    repaid: list[LotCredits]
    text: str


class LotExpiry(TypedDict):
    lot: int
    expires_at: Instant


class GrantsScheduledChange(TypedDict):
    """
    A payment's further lots come month by month.
    """

    kind: Literal["grants_scheduled"]
    payment: str
    lots: int
    credits_each: Credits
    text: str


class GrantsEndedChange(TypedDict):
    """
    None of a payment's further lots comes from an instant on.
    """

    kind: Literal["grants_ended"]
    payment: str
    at: Instant
    text: str


class GrantsChange(TypedDict):
    """
    A refund of the payment holds its further lots back, or has failed.
    """

    kind: Literal["grants_stopped", "grants_resumed"]
    payment: str
    text: str


class ExpiryStartedChange(TypedDict):
    kind: Literal["expiry_started"]
    subscription: str
    lots: list[LotExpiry]
    text: str


class ExpiryStoppedChange(TypedDict):
    kind: Literal["expiry_stopped"]
    subscription: str
    lots: list[int]
    text: str


class ExtendedChange(TypedDict):
    kind: Literal["extended"]
    lot: int
    expires_at: Instant
    text: str


class DebtWrittenOffChange(TypedDict):
    kind: Literal["debt_written_off"]
    credits: Credits
    text: str


class ExpiryMovedChange(TypedDict):
    kind: Literal["expiry_moved"]
    lot: int
    expires_at: NullableInstant
    text: str


class AccountChange(TypedDict):
    kind: Literal["suspended", "resumed"]
    text: str


class ConfirmedCancellation(TypedDict):
    confirmed_at: Instant
    channel: Literal["customer", "support", "stripe", "creem"]
    takes_effect_at: NullableInstant


class SubscriptionCredits(TypedDict):
    lot: int
    kind: LotKind
    credits: Credits
    usable_until: str | None
    """
    Null where they stay for ever, or where the end of the period is not known
    """


SubscriptionState: TypeAlias = Literal[
    "active",
    "trialing",
    "cancels_at_period_end",
    "cancels_at_date",
    "collection_paused",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "unpaid",
    "paused",
    "ended",
]
"""
What holds first, in this order. `ended`: at Stripe `canceled`, or its cancellation has taken effect.
`incomplete_expired`: the first payment never came. `incomplete`, `past_due`, `unpaid`: the newest invoice is
not paid, so the running period is not. `paused`: a trial ended without a way to pay.
A subscription that was cancelled and still runs `cancels_at_period_end`, or `cancels_at_date` if that is
later than its period. `collection_paused`: it runs, and Stripe collects no money for it. `trialing` and
`active` are Stripe's words.

"""


class Subscription(TypedDict):
    subscription: str
    product: str
    plan: str | None
    next_plan: str | None
    """
    The plan from the next period on, if it is a smaller one; until then it is the one that is paid
    """
    state: SubscriptionState
    period_ends_at: NullableInstant
    cancellation: ConfirmedCancellation | None
    ended_at: NullableInstant
    credits: list[SubscriptionCredits]
    """
    Credits of the product, and until when they can be used if the subscription ends with its period
    """


class PaidPeriod(TypedDict):
    starts_at: Instant
    ends_at: Instant


class MonthlyCredits(TypedDict):
    """
    Of a payment that brings its credits month by month within its period.
    """

    bought: Credits
    """
    Those of all its months
    """
    lots_left: int
    """
    How many lots are still to come
    """
    next_grant_at: NullableInstant
    """
    When the next one comes; null after the last, and while a dispute or a suspension holds it back
    """


class PinnedPolicy(TypedDict):
    """
    The version that was in force when it was charged.
    """

    document: str
    version: str


class PaymentDispute(TypedDict):
    dispute: str
    status: str
    """
    Stripe's word; `warning_…` is an inquiry, which takes no money
    """
    opened_at: Instant
    bars_refunds: bool
    """
    A refund could pay the money twice
    """


class Subscriptions(TypedDict):
    subscriptions: list[Subscription]


class ClauseText(TypedDict):
    document: str
    version: str
    clause: str
    text: str


class CancellationConfirmation(TypedDict):
    confirmation: NotRequired[str]
    """
    As the preview answered it
    """


class Cancellation(TypedDict):
    """
    The subscription, with what cancelling it does.
    """

    subscription: str
    product: str
    plan: str | None
    next_plan: str | None
    """
    The plan from the next period on, if it is a smaller one; until then it is the one that is paid
    """
    state: SubscriptionState
    period_ends_at: NullableInstant
    cancellation: ConfirmedCancellation | None
    ended_at: NullableInstant
    credits: list[SubscriptionCredits]
    takes_effect_at: NullableInstant
    message: str
    clauses: list[ClauseText]
    confirmation: NotRequired[str]
    """
    In a preview alone
    """
    confirmation_expires_at: NotRequired[Instant]


PlanPrice: TypeAlias = str
"""
Stripe's price of a plan of the subscription's product
"""


PlanQuantity: TypeAlias = int
"""
How many of it; where it is left out, as many as of the plan that runs
"""


class PlanChangeRequest(TypedDict):
    price: PlanPrice
    quantity: NotRequired[PlanQuantity]


class PlanChangeConfirmation(TypedDict):
    price: PlanPrice
    quantity: NotRequired[PlanQuantity]
    confirmation: str
    """
    As the preview answered it
    """


PlanChangeTiming: TypeAlias = Literal["at_once", "at_period_end", "kept"]
"""
`kept` takes back a change that would take effect with the period's end
"""


class NextCharge(TypedDict):
    amount: Money
    """
    Before the customer's balance at Stripe
    """
    at: Instant


LeftCredits: TypeAlias = Literal["kept", "replaced"]


class PlanChangeCredits(TypedDict):
    added: int
    """
    Credits that come when the change's charge is paid
    """
    left_now: LeftCredits
    """
    What is left of the period, then
    """
    left_at_renewal: LeftCredits
    """
    The same when a period is renewed
    """
    each_period: int


class PlanChangePreview(TypedDict):
    subscription: str
    product: str
    plan: str
    new_plan: str
    price: PlanPrice
    quantity: PlanQuantity
    takes_effect: PlanChangeTiming
    takes_effect_at: Instant
    charged_now: Money
    next_charge: NextCharge | None
    credits: PlanChangeCredits
    message: str
    clauses: list[ClauseText]
    confirmation: str
    """
    For the second call, within half an hour
    """
    confirmation_expires_at: Instant


class PlanChange(TypedDict):
    subscription: str
    new_plan: str | None
    price: PlanPrice
    quantity: PlanQuantity
    takes_effect: PlanChangeTiming
    takes_effect_at: NullableInstant
    """
    Null while a change at once is not carried out, and of one that was declined
    """
    charged_now: Money
    state: Literal["confirmed", "made", "scheduled", "declined"]
    """
    `confirmed`: recorded, and Stripe has not answered. `made`: Stripe has carried it out. `scheduled`: Stripe
    will, with the end of the period. `declined`: it is not made.

    """
    declined: str | None
    """
    Why it is not made: Stripe's code, such as `card_declined`, or `amount_changed`, `lapsed`,
    `subscription_cancelled`, `subscription_ended`, `subscription_not_paid`, `other_schedule`, `item_missing`

    """
    confirmed_at: Instant
    channel: Literal["customer", "support"]
    message: str


Reason: TypeAlias = Literal[
    "charged_after_cancellation",
    "wrong_card_charged",
    "wrong_plan_charged",
    "duplicate_payment",
    "unauthorised_payment",
    "accidental_purchase",
    "credits_missing",
    "generation_failed",
    "result_not_liked",
    "service_unavailable",
    "changed_mind",
    "statutory_withdrawal",
    "other",
]


CaseReason: TypeAlias = Reason | Literal["payment_disputed", "fraud_warning", "refunded_outside"]
"""
Why there is a case: a customer's reason, or what Stripe reported. Nobody can file the latter, and customers do
not see its cases.

"""


PaymentName: TypeAlias = str
"""
A payment of the account by any name that a customer has in hand: the payment intent (`pi_…`), the charge
(`ch_…`, `py_…`), the invoice (`in_…`) or its number, the checkout session (`cs_…`), or the number of the
receipt, with or without `#`. Answers name it by the `payment` that `listPayments` shows.

"""


ChosenRemedy: TypeAlias = Literal["credits", "money"]
"""
What the customer prefers for a paid pack whose credits did not arrive. It goes with the reason
`credits_missing` only: for every other reason the policy says what is given, and a request with it is answered
with 422 (`#/remedy`).

"""


class Answer(TypedDict):
    """
    What `answers_wanted` asks for, by its `field`.
    """

    payment: NotRequired[PaymentName]
    generation_id: NotRequired[str]
    note: NotRequired[str]
    remedy: NotRequired[ChosenRemedy]
    plan_requested: NotRequired[str]
    purchase_date: NotRequired[str]
    prompt: NotRequired[str]
    """
    The prompt that was used
    """
    model: NotRequired[str]
    """
    The model that was used
    """
    failure_time: NotRequired[str]
    """
    When it happened, in any words
    """
    error_message: NotRequired[str]
    """
    What the error said
    """


class AnswerBySupport(TypedDict):
    """
    What support answers in the customer's name.
    """

    payment: NotRequired[PaymentName]
    generation_id: NotRequired[str]
    note: NotRequired[str]
    remedy: NotRequired[ChosenRemedy]
    plan_requested: NotRequired[str]
    purchase_date: NotRequired[str]
    prompt: NotRequired[str]
    """
    The prompt that was used
    """
    model: NotRequired[str]
    """
    The model that was used
    """
    failure_time: NotRequired[str]
    """
    When it happened, in any words
    """
    error_message: NotRequired[str]
    """
    What the error said
    """
    account_email: NotRequired[str]
    """
    The e-mail address of the account, which a customer's token names
    """


class Reopening(TypedDict):
    note: str


class OfferAnswer(TypedDict):
    answer: Literal["accept", "decline"]
    quote: NotRequired[str]
    """
    The `quote` that the customer was shown with the offer
    """


class Finding(TypedDict):
    abuse: Literal["none", "indicated", "confirmed"]
    related_accounts: NotRequired[list[str]]
    reason: str


class TakeBackSubmission(TypedDict):
    kind: Literal["take_back"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str
    lot: int
    """
    Its number within the account
    """
    credits: int


class DebtWriteOffSubmission(TypedDict):
    kind: Literal["debt_write_off"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str
    credits: int


class ExpiryMoveSubmission(TypedDict):
    kind: Literal["expiry_move"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str
    lot: int
    """
    Its number within the account
    """
    expires_at: NullableInstant


class SuspensionSubmission(TypedDict):
    kind: Literal["suspension"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str


class ResumptionSubmission(TypedDict):
    kind: Literal["resumption"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str


GrantPurpose: TypeAlias = Literal["goodwill", "promotional", "trial"]


class AdjustmentRefusal(TypedDict):
    reason: str


class AdjustedBy(TypedDict):
    role: Literal["support", "operator"]
    by: str
    """
    The `sub` of a support person, or the name that an operator gave
    """
    at: Instant


class AdjustmentRefused(TypedDict):
    role: Literal["support", "operator"]
    by: str
    at: Instant
    reason: str


class Outage(TypedDict):
    product: str
    began_at: Instant
    ended_at: Instant


class RecordedOutage(TypedDict):
    id: str
    product: str
    began_at: Instant
    ended_at: Instant
    state: Literal["recorded", "confirmed"]
    """
    Decisions rest on a confirmed one alone
    """
    recorded_by: str
    """
    The person's `sub`
    """
    recorded_at: Instant
    confirmed_by: str | None
    """
    Another person's `sub`
    """
    confirmed_at: NullableInstant


class Recorded(TypedDict):
    recorded_at: Instant


class HoldBack(TypedDict):
    reason: str
    """
    Why; support people see it
    """


OutsidePolicy: TypeAlias = Literal["goodwill", "our_error", "not_covered"]
"""
Why a person decides without a clause. `goodwill`: the company gives what it need not. `our_error`: a mistake of
the company that the policy does not name. Both go with `approve`, `approve_part` and `grant_credits`, and count
as an override unless the machine recommended the same. `not_covered` goes with `refuse`: nothing in the policy
gives what is asked for.

"""


Provider: TypeAlias = Literal["stripe", "creem"]
"""
The payment provider that the money went through.
"""


class DashboardRefund(TypedDict):
    """
    What a person has to refund next in the provider's dashboard
    """

    provider: Provider
    payment: str
    amount: Money


class DashboardPayment(TypedDict):
    """
    Where a person has to refund the amount, of which payment
    """

    provider: Provider
    payment: str


class RefundByHand(TypedDict):
    """
    A refund that no call to the payment's provider can make: after the approval a person makes it in the
    provider's dashboard. The request waits for that in support's queue.

    """

    provider: Provider
    text: str


class ForgoneCredits(TypedDict):
    """
    Credits that would have come month by month, and do not.
    """

    lots: int
    credits: Credits


class PaysMoney(TypedDict):
    kind: Literal["money"]
    payment: str
    amount: Money


class PaysCreditsGivenBack(TypedDict):
    kind: Literal["credits_given_back"]
    generation_id: str
    credits: Credits


class PaysCreditsGranted(TypedDict):
    kind: Literal["credits_granted"]
    product: str
    credits: Credits
    usable_s: NotRequired[int]
    """
    How many seconds they can be used; absent: for ever
    """


Revocation: TypeAlias = Literal["nothing", "proportional", "remaining"]
"""
`proportional` is the refunded money's share of the payment's credits, rounded down, as far as they are left.
`remaining` is all that is left; what running generations give back later is revoked as well.

"""


class PaysCreditsOfPurchase(TypedDict):
    kind: Literal["credits_of_purchase"]
    payment: str
    product: str
    credits: Credits
    expire: Literal["never", "with_the_plan"]
    """
    When the credits expire
    """


class PercentDiscount(TypedDict):
    percent: int


class RevokedLot(TypedDict):
    lot: int
    credits_revoked: Credits
    credits_left: Credits
    """
    They can be used after that
    """
    credits_spent: Credits
    """
    They stay spent
    """
    credits_held: Credits
    """
    Of running generations
    """
    debt: Credits


class PlanEnd(TypedDict):
    subscription: str
    when: Literal["at_once"]


class Arrival(TypedDict):
    """
    How long the money takes after Stripe has confirmed the refund.
    """

    clause: str
    earliest: str | None
    latest: str


class AnswerWanted(TypedDict):
    fact: str
    question: str
    field: str | None
    """
    The field of an answer that settles it
    """


RequestState: TypeAlias = Literal[
    "submitted",
    "needs_information",
    "in_review",
    "approved",
    "paying",
    "refunded",
    "failed",
    "refused",
    "withdrawn",
    "settled",
]
"""
`settled` is the end of a request whose missing credits landed while it was open, or of a case whose dispute,
fraud warning or outside refund has ended: nothing is left to decide.

"""


class InternalNote(TypedDict):
    id: str
    text: str
    by: str
    """
    The `sub` of the support person
    """
    at: Instant


class NewInternalNote(TypedDict):
    id: str
    """
    The client's name of the note, unique within the request
    """
    text: str


class WaitsForPerson(TypedDict):
    """
    A person decides.
    """

    kind: Literal["person"]


class WaitsForAnswers(TypedDict):
    """
    The customer is asked first; `answers_wanted` says what.
    """

    kind: Literal["needs_information"]


class HappensNext(TypedDict):
    text: str
    """
    A sentence to the customer
    """
    by: str | None
    """
    The deadline of the promise that the sentence is about
    """


class RequestDispute(TypedDict):
    dispute: str
    status: str
    """
    Stripe's status of the dispute
    """
    inquiry: bool
    """
    Whether the bank only asks: no money is taken
    """
    opened_at: Instant
    reason: str | None
    """
    The network's reason, as Stripe names it
    """
    amount: Money | None
    refundable: bool
    """
    Whether the payment can be refunded, as far as this dispute goes
    """
    evidence_due_at: NullableInstant
    """
    Until when Stripe takes evidence; null where no answer is possible
    """


class DisputeFee(TypedDict):
    amount: Money
    as_of: str
    """
    The day as of which the fee is known
    """


class DisputeMeasure(TypedDict):
    measure: Literal["send_usage_records", "suspend", "revoke", "recover_fee"]
    recommended: bool
    """
    Whether each condition of the policy is proved from the records
    """
    missing: list[str]
    """
    The facts that are not known
    """


class CreditsTaken(TypedDict):
    credits: Credits
    debt: Credits
    """
    Spent credits that become a debt
    """


class Statement(TypedDict):
    """
    What the customer said, or support in the customer's name.
    """

    at: Instant
    by: Literal["customer", "support"]
    note: str
    facts: NotRequired[list[str]]
    """
    The facts that were added
    """


class RecordedReview(TypedDict):
    decision: Literal[
        "approve", "approve_part", "grant_credits", "refuse", "take_back", "leave", "ask", "offer"
    ]
    reason: str
    clause: str | None
    outside_policy: OutsidePolicy | None
    quote: str | None
    """
    What was approved
    """
    amount: NotRequired[Money]
    offer: NotRequired[str]
    revoke: NotRequired[Revocation]
    """
    What the reviewer chose
    """
    ends_plan: NotRequired[bool]
    """
    What the reviewer chose
    """
    credits: NotRequired[int]
    """
    With `grant_credits`
    """
    product: NotRequired[str]
    """
    With `grant_credits`
    """
    override: bool
    """
    It is not what the machine recommended, or it gives what no clause provides for.
    """
    at: Instant
    reviewer: str
    """
    The person's `sub`
    """


class FirstApproval(TypedDict):
    quote: str
    at: Instant
    reviewer: str
    """
    The person's `sub`
    """


class HeldBack(TypedDict):
    at: Instant
    by: Literal["support", "policy"]
    who: NotRequired[str]
    """
    The support person
    """
    reason: str
    """
    The person's words, or what the payout found: `payment_disputed`, `payment_refunded_elsewhere`,
    `abuse_confirmed`, `account_suspended`, `subscription_not_renewed` or Stripe's error code.

    """


class PayoutPart(TypedDict):
    status: Literal[
        "approved", "asked", "pending", "requires_action", "waiting_for_funds", "succeeded", "failed"
    ]
    payment: str | None
    """
    The provider's payment that it is a refund of
    """
    amount: Money
    refund: str | None
    """
    The provider's refund
    """
    failure: str | None


ActorKind: TypeAlias = Literal[
    "stripe", "creem", "service", "schedule", "policy", "support", "customer", "operator"
]


class NextAction(TypedDict):
    action: Literal["answer", "answer_offer", "withdraw", "reopen", "hold_back", "review"]
    href: str


class Clock(TypedDict):
    id: str
    clause: str | None
    """
    The clause that promises it; null of a deadline of Stripe's
    """
    firm: bool
    """
    Whether the text promises it, or only says what is usual
    """
    state: Literal["running", "paused", "met", "breached"]
    """
    A clock that has run out is `breached` within five minutes.
    """
    started_at: Instant
    due_at: str | None
    """
    The last instant that keeps the promise; null while the clock stands still
    """
    ended_at: str | None
    """
    When what was promised happened, in time or late
    """


class Claim(TypedDict):
    by: str
    """
    The person at work: the `sub` of the token
    """
    at: Instant
    until: Instant


class PercentDiscountRemedy(TypedDict):
    """
    The next renewal is cheaper by a share of its price.
    """

    kind: Literal["discount"]
    percent: int


class AmountDiscountRemedy(TypedDict):
    """
    The next renewal is cheaper by an amount.
    """

    kind: Literal["discount"]
    amount_minor: int
    """
    In the smallest unit of the currency
    """
    currency: str


class MoneyRemedy(TypedDict):
    kind: Literal["money"]
    amount_minor: int
    """
    In the smallest unit of the currency
    """
    currency: str


class CreditsRemedy(TypedDict):
    kind: Literal["credits"]
    credits: Credits


class RefuseOutcome(TypedDict):
    kind: Literal["refuse"]


class Missing(TypedDict):
    fact: str
    question: str


class Citation(TypedDict):
    document: str
    version: str
    clause: str
    text: str
    sha256: str


class RuleFinding(TypedDict):
    rule: str
    clauses: list[str]
    finding: Literal["met", "not_met", "unknown"]
    effect: Literal["grant", "refuse", "person", "needs_information"]
    mode: Literal["auto", "recommend"] | None
    set_aside_by: str | None


FactValue: TypeAlias = bool | int | str


class FactUsed(TypedDict):
    fact: str
    value: FactValue
    source: Literal["recorded", "claimed"]


class TermUsed(TypedDict):
    term: str
    value: str


OfferKind: TypeAlias = Literal[
    "free_retry",
    "retry",
    "replacement_credits",
    "prorated_credits",
    "prorated_refund",
    "refund",
    "credits",
    "discount",
    "advice",
    "manual_help",
]


class Door(TypedDict):
    """
    How a customer who does not agree reaches a person.
    """

    clause: str
    text: str


FactChange = TypedDict(
    "FactChange",
    {
        "fact": str,
        "from": FactValue,
        "to": FactValue,
    },
)


class UrgentClock(TypedDict):
    id: str
    clause: str | None
    """
    Null of a deadline that no policy promises
    """
    state: Literal["running", "breached"]
    due_at: Instant


class StateCount(TypedDict):
    state: Literal["in_review", "paying", "failed", "refunded"]
    requests: int


class PriorityCounts(TypedDict):
    raised: int
    normal: int


class ClockCounts(TypedDict):
    """
    Requests whose clock with the earliest deadline warns or has run out.
    """

    warned: int
    breached: int


class OldestRequest(TypedDict):
    id: str
    account: str
    submitted_at: Instant


class LookupLink(TypedDict):
    to: Literal[
        "refund_request", "evidence", "payments", "subscriptions", "credits", "entries", "refund_requests"
    ]
    href: str


Sha256: TypeAlias = str
"""
SHA-256 in lower-case hexadecimal
"""


class EvidenceStatement(TypedDict):
    statement: NotRequired[str]
    """
    What the person adds; none takes it away.
    """


class EvidenceOrder(TypedDict):
    digest: str
    """
    That of what the person read.
    """


class EvidenceAtStripe(TypedDict):
    status: str
    """
    Stripe's word.
    """
    due_by: NotRequired[Instant]
    takes_evidence: bool
    closed_because: NotRequired[str]
    """
    Why no evidence is taken.
    """
    has_evidence: bool
    submission_count: int


class StagedEvidence(TypedDict):
    digest: str
    by: str
    at: Instant
    current: bool
    """
    Whether the record still says what was staged.
    """


class EvidenceSubmission(TypedDict):
    stage: Literal["inquiry", "chargeback"]
    digest: str
    by: str
    at: Instant
    state: Literal["submitted", "unknown"]
    """
    Unknown while it is not known whether Stripe has it; send the same submission again.
    """


class ClauseOnRecord(TypedDict):
    clause: str
    text: str
    sha256: str


class CreditsUsed(TypedDict):
    generations: int
    """
    Those that were charged.
    """
    unusable: int
    """
    Those of them without a usable result.
    """
    failed: int
    """
    Those that failed and were not charged.
    """
    credits_used: Credits
    credits_given_back: Credits


class DayOfUse(TypedDict):
    day: str
    generations: int
    unusable: int
    failed: int
    credits_used: Credits
    credits_given_back: Credits


class RefundByRequest(TypedDict):
    request: str
    amount_minor: int
    state: Literal["approved", "paying", "refunded"]
    approved_at: NullableInstant


class CancellationOnRecord(TypedDict):
    subscription: str
    confirmed_at: NotRequired[Instant]
    channel: NotRequired[Literal["customer", "support", "stripe", "creem"]]
    takes_effect_at: NotRequired[Instant]
    charged_after_it: bool
    """
    Whether the charge came after it had taken effect.
    """


class OtherPurchase(TypedDict):
    payment: str
    charged_at: Instant
    paid_minor: int
    currency: str


class Contact(TypedDict):
    at: Instant
    by: Literal["customer", "company"]
    what: str
    request: str
    reason: NotRequired[Reason]
    clauses: NotRequired[list[Citation]]


class EvidenceField(TypedDict):
    field: str
    """
    Stripe's name.
    """
    text: str


class MissingEvidence(TypedDict):
    field: str
    """
    Stripe's name.
    """
    why: str


class GatewayMessage(TypedDict):
    """
    What the gateway itself answers; it is no problem document.
    """

    message: str


class FieldError(TypedDict):
    pointer: str
    """
    The field, as a JSON pointer in a fragment
    """
    detail: str
    """
    What is expected
    """


Change: TypeAlias = (
    GrantedChange
    | ImportedChange
    | HeldChange
    | SettledChange
    | ReleasedChange
    | UncollectedChange
    | LotChange
    | RevokedChange
    | RestoredChange
    | OffsetChange
    | GrantsScheduledChange
    | GrantsEndedChange
    | GrantsChange
    | ExpiryStartedChange
    | ExpiryStoppedChange
    | ExtendedChange
    | DebtWrittenOffChange
    | ExpiryMovedChange
    | AccountChange
)
"""
One change of an entry. `text` says it in a sentence.
"""


class PaymentCredits(TypedDict):
    """
    The credits that it bought, and what is left of them.
    """

    lot: int | None
    """
    The first where they come month by month. None if no credits landed
    """
    granted: Credits
    """
    Those that have come
    """
    available: Credits
    held: Credits
    expires_at: NullableInstant
    monthly: NotRequired[MonthlyCredits]


class OpenRequest(TypedDict):
    id: str
    reason: CaseReason
    state: RequestState


class RefundSubmission(TypedDict):
    """
    There is no amount in it; amounts come from the records.
    """

    reason: Reason
    payment: NotRequired[PaymentName]
    generation_id: NotRequired[str]
    """
    The generation that it is about
    """
    note: NotRequired[str]
    """
    At most 6,000 bytes in JSON, as every text of a request
    """
    remedy: NotRequired[ChosenRemedy]
    plan_requested: NotRequired[str]
    """
    The plan that was ordered
    """
    purchase_date: NotRequired[str]
    """
    The day of the purchase, if no payment is named
    """
    product: NotRequired[str]
    """
    The product that it is about, or a service that is managed through it. Only needed where neither a payment
    nor a generation is named and the account's purchases are none or of several products (422 `#/product`).

    """
    prompt: NotRequired[str]
    """
    The prompt that was used
    """
    model: NotRequired[str]
    """
    The model that was used
    """
    failure_time: NotRequired[str]
    """
    When it happened, in any words
    """
    error_message: NotRequired[str]
    """
    What the error said
    """
    quote: NotRequired[str]
    """
    The `quote` of a preview; without it, what would happen is not compared
    """


class RefundSubmissionBySupport(TypedDict):
    """
    What support files in the customer's name; it also says how the request came.
    """

    reason: Reason
    payment: NotRequired[PaymentName]
    generation_id: NotRequired[str]
    """
    The generation that it is about
    """
    note: NotRequired[str]
    """
    At most 6,000 bytes in JSON, as every text of a request
    """
    remedy: NotRequired[ChosenRemedy]
    plan_requested: NotRequired[str]
    """
    The plan that was ordered
    """
    purchase_date: NotRequired[str]
    """
    The day of the purchase, if no payment is named
    """
    product: NotRequired[str]
    """
    The product that it is about, or a service that is managed through it. Only needed where neither a payment
    nor a generation is named and the account's purchases are none or of several products (422 `#/product`).

    """
    prompt: NotRequired[str]
    """
    The prompt that was used
    """
    model: NotRequired[str]
    """
    The model that was used
    """
    failure_time: NotRequired[str]
    """
    When it happened, in any words
    """
    error_message: NotRequired[str]
    """
    What the error said
    """
    quote: NotRequired[str]
    """
    The `quote` of a preview; without it, what would happen is not compared
    """
    account_email: NotRequired[str]
    """
    The e-mail address of the account, which a customer's token names
    """
    channel: NotRequired[Literal["support_form", "email", "chat"]]
    """
    How it reached support; recorded, never refused
    """
    requested_from_account: NotRequired[bool]
    """
    Whether it reached support from the account's own address
    """


class GrantSubmission(TypedDict):
    kind: Literal["grant"]
    product: str
    """
    Names the policy; of a lot it is the lot's.
    """
    clause: str
    """
    The id of a clause of that policy.
    """
    reason: str
    credits: int
    purpose: GrantPurpose
    expires_at: NullableInstant


class Adjustment(TypedDict):
    id: str
    account: str
    kind: Literal["grant", "take_back", "debt_write_off", "expiry_move", "suspension", "resumption"]
    product: str
    credits: NotRequired[Credits]
    purpose: NotRequired[GrantPurpose]
    lot: NotRequired[int]
    expires_at: NotRequired[NullableInstant]
    """
    Of a grant and an expiry that is moved; null is never
    """
    clause: str
    policy: PolicyVersion
    reason: str
    state: Literal["waiting_for_approval", "applied", "refused", "lapsed"]
    """
    `waiting_for_approval`: another person has to approve it. `applied`: it took effect. `refused`: another
    person refused it. `lapsed`: nobody decided within 14 days.

    """
    submitted: AdjustedBy
    lapses_at: NotRequired[Instant]
    """
    While nobody has decided
    """
    approved: NotRequired[AdjustedBy]
    """
    The second person, where one was not enough
    """
    refused: NotRequired[AdjustmentRefused]
    entry: NotRequired[int]
    """
    The journal's entry with which it took effect
    """


class AdjustmentList(TypedDict):
    adjustments: list[Adjustment]
    next_cursor: Cursor


class OutageList(TypedDict):
    outages: list[RecordedOutage]


class Review(TypedDict):
    decision: Literal[
        "approve", "approve_part", "grant_credits", "refuse", "take_back", "leave", "ask", "offer"
    ]
    """
    `approve` carries the request's quote out. `approve_part` pays another amount of the payment.
    `grant_credits` grants the credits of a paid purchase whose own have not landed. With each of them, and
    with an offer of money, a review without `quote` does nothing and is answered with 409 `quote-changed`,
    whose `quote` says what exactly this review would do; the same review with that quote's id does it. `ask`
    sends the request back to the customer. `offer` makes one of the decision's offers, which is carried out
    when the customer accepts it. A case about a refund that nobody asked for is decided by `take_back`, which
    takes the credits that its money bought, or by `leave`, and by nothing else; other cases of what Stripe
    reported take `approve`, `approve_part` and `refuse`, which closes them.

    """
    reason: str
    clause: NotRequired[str]
    """
    The clause that it rests on: one that the decision cites, that a rule for the request's reason carries out,
    or that something rests on which the policy lets people offer. Needed with all but `ask`, `take_back` and
    `leave`, unless `outside_policy` says that the policy has none.

    """
    outside_policy: NotRequired[OutsidePolicy]
    """
    In place of `clause`, where the policy has none for what is decided.
    """
    quote: NotRequired[str]
    """
    The id of the quote that the reviewer was shown, of exactly this review; needed where money moves.

    """
    revoke: NotRequired[Revocation]
    """
    What a refund revokes of the payment's credits, where the policy leaves it to a reviewer. By default the
    policy decides: a refund that leaves nothing of the payment usually revokes what is left, and a part only
    its share.

    """
    ends_plan: NotRequired[bool]
    """
    Whether the refund ends the payment's plan at once, where the policy leaves it to a reviewer. By default
    the policy decides; the refund of a part usually ends no plan.

    """
    amount: NotRequired[Money]
    """
    With `approve_part`, with a discount in place of the document's share, and with offers whose worth the
    document does not compute; at most what is left of the payment (for a discount: what it was), in its
    currency.

    """
    credits: NotRequired[int]
    """
    With offers of credits that the document does not compute, and with `grant_credits` if the records do not
    say how many were bought.

    """
    product: NotRequired[str]
    """
    With `grant_credits`, if the records do not say what was bought; a product of the catalogue.
    """
    missing: NotRequired[list[str]]
    """
    With `ask`: the facts that are missing
    """
    question: NotRequired[str]
    """
    With `ask`: a question in words
    """
    offer: NotRequired[str]
    """
    With `offer`
    """


Discount: TypeAlias = PercentDiscount | Money


InternalNotes: TypeAlias = list[InternalNote]


class Occasion(TypedDict):
    kind: Literal["dispute", "fraud_warning", "outside_refund"]
    id: str
    """
    Stripe's id of it
    """
    advice: list[str]
    """
    What to know before deciding, while something is to be decided
    """
    dispute_fee: DisputeFee | None
    """
    What Stripe charges for a dispute in the payment's currency; null where that is not known
    """
    measures: list[DisputeMeasure]
    """
    What the policy lets the company do against the dispute; a person decides
    """
    fraud_type: str | None
    """
    What the card's issuer warns of, as Stripe names it
    """
    refunded: Money | None
    """
    What the refund gave back that nobody asked for
    """
    takes_back: CreditsTaken | None
    """
    What a review with `take_back` would take at present
    """
    taken_back: CreditsTaken | None
    """
    What a person took back; null once it is put back because the refund failed
    """


class RenewalDiscount(TypedDict):
    subscription: str
    discount: Discount
    applied_at: NullableInstant
    """
    When Stripe had applied it
    """


class Payout(TypedDict):
    status: Literal[
        "approved",
        "asked",
        "by_hand",
        "pending",
        "requires_action",
        "waiting_for_funds",
        "succeeded",
        "failed",
    ]
    """
    How it stands at the payment's provider. `by_hand`: it waits for a person, who makes it in the provider's
    dashboard; the member `by_hand` says which refund. `requires_action`: Stripe has asked the customer by
    e-mail where the money can go, and waits for the answer. `waiting_for_funds`: the company's balance at
    Stripe is too low; it is asked for again for a week.

    """
    amount: Money
    credits_revoked: Credits
    debt: Credits
    refund: str | None
    """
    The provider's refund, of a payout that is one refund
    """
    failure: str | None
    by_hand: NotRequired[DashboardRefund]
    parts: NotRequired[list[PayoutPart]]
    """
    The refunds of a payout that is several, because several payments paid its invoice, or a part of it was
    refunded before the rest. It is paid once all parts are. Parts that were paid stay paid if another one
    fails.

    """


class Step(TypedDict):
    state: RequestState
    at: Instant
    by: ActorKind


class StepForSupport(TypedDict):
    state: RequestState
    at: Instant
    by: ActorKind
    who: NotRequired[str]
    """
    The person's `sub`, or the service
    """


Remedy: TypeAlias = MoneyRemedy | CreditsRemedy | PercentDiscountRemedy | AmountDiscountRemedy


class GrantOutcome(TypedDict):
    kind: Literal["grant"]
    remedy: Remedy


class NeedsInformationOutcome(TypedDict):
    kind: Literal["needs_information"]
    missing: list[Missing]


Recommendation: TypeAlias = GrantOutcome | RefuseOutcome
"""
What the machine recommends to the person who decides.
"""


class DecidedOffer(TypedDict):
    offer: str
    clause: str
    text: str
    kind: OfferKind
    remedy: NotRequired[Remedy]
    percent: NotRequired[int]


class NearestChange(TypedDict):
    """
    Facts under which a refusal would have been a grant, or recommended as one.
    """

    pack: NotRequired[str]
    """
    The law pack, where its rule would grant
    """
    rule: str
    clauses: list[str]
    changes: list[FactChange]


class LawFinding(TypedDict):
    pack: str
    version: str
    title: str
    signed_by: str | None
    gives: Remedy | None
    decisive: bool
    clauses: list[Citation]
    rules: list[RuleFinding]
    terms: list[TermUsed]
    unknown_facts: list[str]


class QueuedRequest(TypedDict):
    id: str
    account: str
    product: str | None
    reason: CaseReason
    state: Literal["in_review", "paying", "failed", "refunded"]
    submitted_at: Instant
    amount: Money | None
    """
    What is recommended, or else what was left of the payment; what is to be refunded by hand
    """
    by_hand: NotRequired[DashboardPayment]
    recommendation: Recommendation | None
    priority: Literal["raised", "normal"]
    clock: UrgentClock | None
    """
    The open promise with the earliest deadline
    """
    claim: Claim | None


class Queue(TypedDict):
    refund_requests: list[QueuedRequest]
    next_cursor: Cursor


class QueueSummary(TypedDict):
    waiting: int
    """
    The requests that are counted here
    """
    more: bool
    """
    Whether further requests wait behind those that are counted
    """
    by_state: list[StateCount]
    """
    A state that no request is in is left out.
    """
    by_priority: PriorityCounts
    clocks: ClockCounts
    claimed: int
    """
    Requests that somebody is at work on
    """
    unclaimed: int
    oldest: OldestRequest | None
    """
    The request that was submitted first; null of an empty queue
    """


class LookupMatch(TypedDict):
    kind: Literal[
        "account",
        "payment",
        "charge",
        "receipt_number",
        "invoice",
        "invoice_number",
        "checkout",
        "order",
        "subscription",
        "customer",
        "generation",
        "refund_request",
        "refund",
        "dispute",
    ]
    """
    What the id is of
    """
    account: str
    payments: list[str]
    """
    The payment that it is about; several where one payment bought several things
    """
    subscription: str | None
    refund_request: str | None
    generation_id: str | None
    dispute: str | None
    links: list[LookupLink]


class ListedPolicy(TypedDict):
    version: str
    title: str
    products: list[str]
    in_force_from: Instant
    in_force_until: NullableInstant
    """
    The first instant of the next version; null while there is none
    """
    hash: Sha256
    href: str
    """
    Where every clause of it is
    """


class PublicClause(TypedDict):
    id: str
    anchor: str
    """
    The path of the version with the clause as its fragment
    """
    kind: Literal["rule", "clock", "invariant", "information"]
    since: str
    """
    The day since which it reads so
    """
    text: str
    hash: Sha256
    """
    Of `text`, as a decision cites it
    """


class EvidenceState(TypedDict):
    dispute: str
    digest: str
    at_stripe: EvidenceAtStripe
    staged: NotRequired[StagedEvidence]
    submissions: list[EvidenceSubmission]


class PolicyText(TypedDict):
    """
    The version that the purchase pinned, word for word.
    """

    document: str
    version: str
    title: str
    source: str
    """
    Where it was published.
    """
    announced_at: NullableInstant
    in_force_from: NullableInstant
    sha256: str
    """
    Of all clauses' texts, each with a line feed behind it
    """
    clauses: list[ClauseOnRecord]
    cancellation_clauses: list[str]


class UseOfCredits(TypedDict):
    total: CreditsUsed
    downloads: NotRequired[int]
    """
    Generations whose result was downloaded.
    """
    days: list[DayOfUse]
    complete: bool
    """
    Whether this is all since the credits landed.
    """


class RefundsMade(TypedDict):
    refunded_minor: int
    by_request: list[RefundByRequest]
    elsewhere_minor: int
    """
    What was refunded without a request.
    """


class Entry(TypedDict):
    number: int
    at: Instant
    cause: Named
    actor: Named
    policy: NotRequired[PolicyVersion]
    changes: list[Change]


class History(TypedDict):
    entries: list[Entry]
    next_cursor: Cursor


class Payment(TypedDict):
    payment: str
    """
    The id that requests and answers name it by
    """
    names: list[str]
    """
    What else names it at Stripe, as the event of its purchase says: its invoice and that invoice's number, or
    its checkout session. Its payment intent, charge and the number of its receipt name it, too.

    """
    kind: Literal["pack", "subscription"]
    subscription: str | None
    product: str
    plan: str | None
    price: str
    """
    Stripe's price
    """
    amount: Money
    refunded: Money
    refundable: Money
    """
    What is left to refund
    """
    charged_at: Instant
    period: PaidPeriod | None
    credits: PaymentCredits
    policy: PinnedPolicy | None
    refund_window_until: NullableInstant
    """
    The last instant at which a change of mind gets more than later, as the credits are used now; null if time
    takes nothing from it, or nothing is left

    """
    withdrawal_until: NullableInstant
    """
    The same for a statutory withdrawal; null also if no such law is known to apply
    """
    disputes: list[PaymentDispute]
    open_requests: list[OpenRequest]


AdjustmentSubmission: TypeAlias = (
    GrantSubmission
    | TakeBackSubmission
    | DebtWriteOffSubmission
    | ExpiryMoveSubmission
    | SuspensionSubmission
    | ResumptionSubmission
)


class PaysDiscount(TypedDict):
    """
    The subscription's next renewal is cheaper; plan and credits stay as they are.
    """

    kind: Literal["discount"]
    subscription: str
    discount: Discount


CustomerOutcome: TypeAlias = GrantOutcome | RefuseOutcome | WaitsForPerson | WaitsForAnswers


class PersonOutcome(TypedDict):
    """
    A person decides.
    """

    kind: Literal["person"]
    recommendation: Recommendation | None


class Lookup(TypedDict):
    matches: list[LookupMatch]


class PolicyVersions(TypedDict):
    document: str
    versions: list[ListedPolicy]
    """
    Oldest first
    """


class Policy(TypedDict):
    document: str
    version: str
    title: str
    source: str
    """
    Where the text was published
    """
    products: list[str]
    announced_at: Instant
    in_force_from: Instant
    in_force_until: NullableInstant
    """
    The first instant of the next version; null while there is none
    """
    hash: Sha256
    """
    Of every clause in order its `id`, a line feed, its `text`, a line feed
    """
    clauses: list[PublicClause]


class DisputedPurchase(TypedDict):
    payment: str
    product: str
    price: str
    kind: Literal["pack", "subscription"]
    plan: NotRequired[str]
    paid_minor: int
    currency: str
    charged_at: Instant
    credits: Credits
    landed_at: NotRequired[Instant]
    period_starts_at: NotRequired[Instant]
    period_ends_at: NotRequired[Instant]
    policy: NotRequired[PolicyText]
    usage: UseOfCredits
    refunds: RefundsMade
    cancellation: NotRequired[CancellationOnRecord]


class Payments(TypedDict):
    payments: list[Payment]
    next_cursor: Cursor


Pays: TypeAlias = PaysMoney | PaysCreditsGivenBack | PaysCreditsGranted | PaysCreditsOfPurchase | PaysDiscount
"""
Money of a payment, the credits of a generation, or credits as a lot of their own.
"""


Outcome: TypeAlias = GrantOutcome | RefuseOutcome | PersonOutcome | NeedsInformationOutcome


class PolicyList(TypedDict):
    policies: list[PolicyVersions]


class EvidenceDocument(TypedDict):
    dispute: str
    reason: str
    """
    Stripe's word for the network's reason.
    """
    opened_at: Instant
    amount_minor: int
    currency: str
    account: str
    purchases: list[DisputedPurchase]
    same_price: list[OtherPurchase]
    contacts: list[Contact]
    contacts_complete: bool


class Quote(TypedDict):
    """
    What would happen. Two quotes with the same `quote` do the same; `untouched` is not part of it.
    """

    quote: str
    pays: Pays
    revokes: Revocation | None
    """
    How much of the payment's credits is taken back; null where no money is refunded.
    """
    revoked: list[RevokedLot]
    """
    What is taken back, lot by lot.
    """
    forgone: NotRequired[ForgoneCredits]
    untouched: list[LotCredits]
    plan_ends: PlanEnd | None
    by_hand: NotRequired[RefundByHand]
    money_arrives: Arrival | None


class Offer(TypedDict):
    offer: str
    kind: OfferKind
    clause: str
    text: str
    remedy: NotRequired[Remedy]
    """
    What it is worth, where that is known
    """
    percent: NotRequired[int]
    state: Literal["open", "accepted", "declined"]
    made_by_person: bool
    """
    It is carried out when it is accepted
    """
    quote: Quote | None


class Decision(TypedDict):
    document: str
    version: str
    title: str
    reason: CaseReason
    decided_at_ms: int
    """
    Milliseconds since 1970
    """
    outcome: Outcome
    basis: Literal[
        "rules",
        "conflict",
        "unmatched",
        "unknown_facts",
        "before_first_version",
        "undated_payment",
        "disputed_payment",
        "nothing_left",
        "nothing_to_act_on",
        "above_limit",
    ]
    clauses: list[Citation]
    rules: list[RuleFinding]
    facts: list[FactUsed]
    terms: list[TermUsed]
    unknown_facts: list[str]
    offers: list[DecidedOffer]
    doors: list[Door]
    settled_by: NotRequired[list[str]]
    """
    The fewest missing facts that settle it
    """
    nearest_change: NotRequired[NearestChange]
    law: NotRequired[list[LawFinding]]
    """
    Statutory rights beside the policy; the better of the two counts
    """


class DisputeEvidence(TypedDict):
    dispute: str
    digest: str
    at_stripe: EvidenceAtStripe
    staged: NotRequired[StagedEvidence]
    submissions: list[EvidenceSubmission]
    document: EvidenceDocument
    statement: str
    """
    What a person added; empty without.
    """
    fields: list[EvidenceField]
    missing: list[MissingEvidence]


class Problem(TypedDict):
    type: Literal[
        "urn:makegood:problem:invalid-request",
        "urn:makegood:problem:missing-idempotency-key",
        "urn:makegood:problem:invalid-cursor",
        "urn:makegood:problem:invalid-signature",
        "urn:makegood:problem:unauthenticated",
        "urn:makegood:problem:not-enough-credits",
        "urn:makegood:problem:forbidden",
        "urn:makegood:problem:another-service",
        "urn:makegood:problem:not-found",
        "urn:makegood:problem:hold-conflict",
        "urn:makegood:problem:request-in-progress",
        "urn:makegood:problem:state-conflict",
        "urn:makegood:problem:case-open",
        "urn:makegood:problem:quote-changed",
        "urn:makegood:problem:plan-change-open",
        "urn:makegood:problem:preview-changed",
        "urn:makegood:problem:body-too-large",
        "urn:makegood:problem:unsupported-media-type",
        "urn:makegood:problem:idempotency-key-reused",
        "urn:makegood:problem:unprocessable",
        "urn:makegood:problem:too-many-requests",
        "urn:makegood:problem:internal",
        "urn:makegood:problem:no-policy",
        "urn:makegood:problem:unavailable",
    ]
    title: str
    status: int
    detail: NotRequired[str]
    instance: NotRequired[str]
    """
    The request's id
    """
    available: NotRequired[Credits]
    needed: NotRequired[Credits]
    quote: NotRequired[Quote | None]
    preview: NotRequired[PlanChangePreview]
    request: NotRequired[str]
    """
    The open request that is about the same
    """
    errors: NotRequired[list[FieldError]]


class Preview(TypedDict):
    """
    What would come of a request.
    """

    state: Literal["needs_information", "in_review", "approved", "refused"]
    outcome: CustomerOutcome
    message: str
    """
    Why, in a few short sentences
    """
    clause: ClauseText | None
    quote: Quote | None
    offers: list[Offer]
    answers_wanted: list[AnswerWanted]


class PreviewForSupport(TypedDict):
    """
    The same with the whole decision, for support.
    """

    state: Literal["needs_information", "in_review", "approved", "refused"]
    outcome: CustomerOutcome
    message: str
    """
    Why, in a few short sentences
    """
    clause: ClauseText | None
    quote: Quote | None
    offers: list[Offer]
    answers_wanted: list[AnswerWanted]
    decision: Decision


class RefundRequest(TypedDict):
    """
    A request as its customer sees it.
    """

    id: str
    account: str
    state: RequestState
    reason: Reason
    payment: str | None
    generation_id: str | None
    note: str
    submitted_at: Instant
    outcome: CustomerOutcome | None
    """
    Where it leads; null once nothing is decided, as the request was withdrawn or settled, or its refund failed.

    """
    message: str
    """
    Why, in a few short sentences to the customer
    """
    clause: ClauseText | None
    """
    The one clause that decides; null where none does.
    """
    happens_next: HappensNext | None
    """
    What happens without the caller's doing, and by when; null where nothing does.
    """
    quote: Quote | None
    """
    What an approval would do, while something could be paid; not shown in lists.
    """
    offers: list[Offer]
    answers_wanted: list[AnswerWanted]
    answers: list[Statement]
    reopenings: list[Statement]
    payout: Payout | None
    discount: RenewalDiscount | None
    """
    What makes the next renewal cheaper, once it is approved.
    """
    credits_given: int | None
    time_line: list[Step]
    clocks: list[Clock]
    """
    The promises of the policy to this request; a reopening starts those that it renews again
    """
    decision_href: str
    """
    Where everything is that the decision rests on
    """
    next: list[NextAction]
    """
    What the caller can do from here.
    """


class RefundRequestForSupport(TypedDict):
    """
    A request as support sees it; what the customer sees, and everything that was decided and by whom.
    """

    id: str
    account: str
    state: RequestState
    reason: CaseReason
    payment: str | None
    generation_id: str | None
    note: str
    submitted_at: Instant
    outcome: CustomerOutcome | None
    """
    Where it leads; null once nothing is decided, as the request was withdrawn or settled, or its refund failed.

    """
    message: str
    """
    Why, in a few short sentences to the customer
    """
    clause: ClauseText | None
    """
    The one clause that decides; null where none does.
    """
    happens_next: HappensNext | None
    """
    What happens without the caller's doing, and by when; null where nothing does.
    """
    quote: Quote | None
    """
    What an approval would do, while something could be paid; not shown in lists.
    """
    offers: list[Offer]
    answers_wanted: list[AnswerWanted]
    answers: list[Statement]
    reopenings: list[Statement]
    payout: Payout | None
    discount: RenewalDiscount | None
    """
    What makes the next renewal cheaper, once it is approved.
    """
    credits_given: int | None
    time_line: list[StepForSupport]
    clocks: list[Clock]
    """
    The promises of the policy to this request; a reopening starts those that it renews again
    """
    decision_href: str
    """
    Where everything is that the decision rests on
    """
    next: list[NextAction]
    """
    What the caller can do from here.
    """
    decision: Decision
    reviews: list[RecordedReview]
    first_approval: FirstApproval | None
    """
    The first of two approvals, while the second is awaited.
    """
    arrival_noted_at: NullableInstant
    """
    When support noted that the money of an overdue refund is there
    """
    priority: Literal["raised", "normal"]
    claim: Claim | None
    """
    Who is at work on it
    """
    disputes: list[RequestDispute]
    """
    The payment's disputes at the cardholder's bank, while something could still be paid. A payment with an
    inquiry can be refunded, which ends the inquiry well.

    """
    credits_frozen: Credits
    """
    The credits of the payment that a dispute freezes at present
    """
    occasion: Occasion | None
    """
    What Stripe reported that opened the case; null of what somebody asked for
    """
    held_back: list[HeldBack]
    """
    Why it was brought back after an approval
    """
    internal_notes: InternalNotes | None
    """
    What support people wrote for each other, oldest first. Null in lists, in answers to a step, and to a
    support person whose own request it is.

    """


class RefundRequests(TypedDict):
    refund_requests: list[RefundRequest | RefundRequestForSupport]
    next_cursor: Cursor
