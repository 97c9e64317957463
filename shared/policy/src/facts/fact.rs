//! The registry of facts: everything a rule of a policy document may ask about.
//!
//! A fact has a type with a unit and a source. The registry is closed: a document that names a fact
//! that is not here is a mistake found when the document is checked, and a value of the wrong type
//! never enters [`crate::Facts`].

use serde::{Deserialize, Serialize};

/// Who vouches for a fact's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Makegood itself: the ledger, a signed Stripe event, the request as it was received, our clock.
    Recorded,
    /// The customer's word. It can lead to a refusal or to a person, never to automatic money.
    Claimed,
}

/// What a quantity counts. Quantities of different units are never compared or added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Credits of the ledger.
    Credits,
    /// The smallest unit of the payment's currency.
    Money,
    Seconds,
    /// Things.
    Count,
}

/// The type of a fact's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactType {
    /// True or false.
    Boolean,
    /// A number from zero up.
    Quantity(Unit),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Instant,
    /// An id or a code, at most 255 bytes.
    Text,
    /// One of a closed list of words.
    Choice(&'static [&'static str]),
}

/// What the registry says about one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactSpec {
    /// The name used in documents and in JSON.
    pub id: &'static str,
    /// The type of its value.
    pub kind: FactType,
    /// Who vouches for it.
    pub source: Source,
    /// What it means.
    pub description: &'static str,
    /// The question that asks a customer for it, for facts that a customer can supply.
    pub question: Option<&'static str>,
}

macro_rules! facts {
    ($(
        $variant:ident $id:literal: $kind:expr, $source:ident, $description:literal
        $(, asks $question:literal)?;
    )*) => {
        /// One fact of the registry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Fact {
            $(#[doc = $description] #[serde(rename = $id)] $variant,)*
        }

        impl Fact {
            /// Every fact, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The place in the registry.
            pub(crate) fn place(self) -> u32 {
                #[expect(clippy::as_conversions, reason = "a fieldless enum has no other conversion")]
                let place = self as u32;
                place
            }

            /// Type, source and meaning.
            pub fn spec(self) -> FactSpec {
                match self {
                    $(Self::$variant => FactSpec {
                        id: $id,
                        kind: $kind,
                        source: Source::$source,
                        description: $description,
                        question: facts!(@question $($question)?),
                    },)*
                }
            }
        }
    };
    (@question $question:literal) => { Some($question) };
    (@question) => { None };
}

use FactType::{Boolean, Choice, Instant, Quantity, Text};
use Unit::{Count, Credits, Money, Seconds};

facts! {
    DecidedAt "decided_at": Instant, Recorded, "The instant of the decision; set by the decision itself.";
    RequestedAt "requested_at": Instant, Recorded, "The instant at which the request was submitted.";
    EmailGiven "email_given": Boolean, Recorded,
        "Whether the e-mail address of the account is known: by the account's own token, or because the request \
         gives it.",
        asks "Which e-mail address belongs to your account?";
    OrderIdGiven "order_id_given": Boolean, Recorded, "Whether the request names an order or a transaction.",
        asks "What is the order or transaction id of the charge? It is on the receipt.";
    NoteGiven "note_given": Boolean, Recorded, "Whether the request says in words what went wrong.",
        asks "What went wrong? A sentence or two is enough.";
    PromptGiven "prompt_given": Boolean, Recorded, "Whether the request says which prompt was used.",
        asks "Which prompt did you use?";
    ModelGiven "model_given": Boolean, Recorded, "Whether the request says which model was used.",
        asks "Which model did you use?";
    FailureTimeGiven "failure_time_given": Boolean, Recorded, "Whether the request says when it happened.",
        asks "When did it happen?";
    ErrorMessageGiven "error_message_given": Boolean, Recorded, "Whether the request says what the error said.",
        asks "What did the error message say? If there was none, say so.";
    PurchaseDateGiven "purchase_date_given": Boolean, Recorded,
        "Whether the request says when the purchase was made, or names a payment that does.",
        asks "On which day did you buy it?";
    IntakeChannel "intake_channel": Choice(&["support_form", "email", "chat", "api"]), Recorded,
        "The channel by which the request came in.";
    RequestedFromAccount "requested_from_account": Boolean, Recorded,
        "Whether the request came from the account itself: signed in, or from its e-mail address.",
        asks "Please write from the e-mail address of your account, or sign in. Can you do that?";
    OfferDeclined "offer_declined": Boolean, Claimed,
        "Whether the customer declined what was offered; it changes no outcome (S3-26).";
    RemedyChosen "remedy_chosen": Choice(&["credits", "money"]), Recorded,
        "What the customer chooses where the policy leaves them the choice: an act, and no claim about the past.",
        asks "Which do you prefer: the credits you bought, or your money back?";

    Product "product": Text, Recorded, "The product that the payment or the generation belongs to.";
    CustomerCountry "customer_country": Text, Recorded,
        "The customer's country as Stripe recorded it: two upper-case letters (ISO 3166-1).";

    PaymentNamed "payment_named": Boolean, Recorded,
        "Whether the request is about one payment of the account.";
    PaymentChargedAt "payment_charged_at": Instant, Recorded, "The instant at which the payment was charged.";
    PaymentKind "payment_kind": Choice(&["subscription", "pack"]), Recorded, "What the payment bought.";
    BillingReason "billing_reason":
        Choice(&["subscription_create", "subscription_cycle", "subscription_update", "manual", "other"]),
        Recorded,
        "Why Stripe made the invoice; every reason without a word of its own is `other`.";
    AmountPaid "amount_paid": Quantity(Money), Recorded, "What was captured for the payment.";
    AmountRefunded "amount_refunded": Quantity(Money), Recorded,
        "What of the payment was refunded or is being refunded.";
    Currency "currency": Text, Recorded, "The payment's currency: three lower-case letters (ISO 4217).";
    PaymentDisputed "payment_disputed": Boolean, Recorded,
        "Whether the payment is or was disputed at the cardholder's bank; an inquiry is no dispute.";
    PaymentInquiry "payment_inquiry": Boolean, Recorded,
        "Whether the cardholder's bank asks about the payment at present: no money is taken, and a refund ends it.";
    PaymentDelivered "payment_delivered": Boolean, Recorded,
        "Whether anything that the payment bought was delivered: its credits, or a result of them.";
    ContactedBeforeDispute "contacted_before_dispute": Boolean, Recorded,
        "Whether the customer had asked for a solution before the payment was disputed.";
    DisputeStatus "dispute_status": Text, Recorded,
        "Stripe's status of the dispute that the case is about.";
    DisputeReason "dispute_reason": Text, Recorded,
        "The network's reason of that dispute, as Stripe names it.";
    DisputeReportedAt "dispute_reported_at": Instant, Recorded,
        "The instant of Stripe's newest report of that dispute.";
    EvidenceDueAt "evidence_due_at": Instant, Recorded,
        "Until when Stripe takes evidence about that dispute; unknown where no answer is possible.";
    FraudType "fraud_type": Text, Recorded,
        "What kind of fraud the card's issuer warns of, as Stripe names it.";
    OutsideRefund "outside_refund": Quantity(Money), Recorded,
        "How much of the payment the refund gave back that was made without a request.";
    FeeRecoveryLawful "fee_recovery_lawful": Boolean, Recorded,
        "Whether the law lets the company recover a dispute's fee from the customer. No record says so: a \
         person finds out.";
    DuplicateOfPayment "duplicate_of_payment": Boolean, Recorded,
        "Whether the account paid for the same thing shortly before (same price and amount, not all \
         refunded, and of a pack nothing used in between), or began a subscription while another of the \
         product runs.";
    FirstPurchase "first_purchase": Boolean, Recorded, "Whether it is the account's first payment.";
    BillingInterval "billing_interval": Choice(&["month", "year"]), Recorded,
        "How long a period of the subscription is.";
    PlanPaid "plan_paid": Text, Recorded, "The plan that the payment paid for.";
    PlanOrdered "plan_ordered": Text, Recorded,
        "The plan that the customer last ordered or changed to before the charge, as Stripe reported it.";
    PlanRequested "plan_requested": Text, Claimed,
        "The plan that was ordered, as the customer says.",
        asks "Which plan did you mean to order?";

    CreditsPurchased "credits_purchased": Quantity(Credits), Recorded, "The credits that the payment bought.";
    CreditsLanded "credits_landed": Boolean, Recorded, "Whether the payment's lot is on the balance.";
    CreditsLandedAt "credits_landed_at": Instant, Recorded,
        "The instant at which the payment's lot was created.";
    CreditsGranted "credits_granted": Quantity(Credits), Recorded, "The credits of the payment's lots.";
    CreditsSpent "credits_spent": Quantity(Credits), Recorded, "The captured credits of the payment's lots.";
    CreditsLastUsedAt "credits_last_used_at": Instant, Recorded,
        "The instant at which a generation last drew on the payment's credits; unknown for unused ones.";
    CreditsHeld "credits_held": Quantity(Credits), Recorded,
        "The credits of the payment's lots that running generations hold.";

    GenerationsAllotted "generations_allotted": Quantity(Count), Recorded,
        "The generations that the payment allots for a month, where a product counts generations.";
    GenerationsUsed "generations_used": Quantity(Count), Recorded,
        "The generations of the paid period that were used.";
    UsableResults "usable_results": Quantity(Count), Recorded,
        "The generations on the payment's credits that delivered a result.";
    OutputsDownloaded "outputs_downloaded": Quantity(Count), Recorded,
        "The results on the payment's credits that were downloaded or exported, as far as the policy says that \
         services report it; at most 500 are counted.";

    CancellationConfirmed "cancellation_confirmed": Boolean, Recorded,
        "Whether a cancellation of the payment's subscription is recorded and was not taken back.";
    CancellationConfirmedAt "cancellation_confirmed_at": Instant, Recorded,
        "The instant at which the cancellation was confirmed.";
    CancellationEffectiveAt "cancellation_effective_at": Instant, Recorded,
        "The instant from which the confirmed cancellation takes effect: a period's end, or at once.";
    SubscriptionEnded "subscription_ended": Boolean, Recorded,
        "Whether the payment's subscription has ended.";
    SubscriptionEndedAt "subscription_ended_at": Instant, Recorded,
        "The instant at which the payment's subscription ended.";
    PeriodStartsAt "period_starts_at": Instant, Recorded,
        "The beginning of the period that the payment paid for.";
    PeriodEndsAt "period_ends_at": Instant, Recorded, "The end of the period that the payment paid for.";

    Outage "outage": Quantity(Seconds), Recorded,
        "How long outages of core generation took of the period that the payment paid for, together.";
    EarlierRequests "earlier_requests": Quantity(Count), Recorded,
        "The account's requests within the 365 days before this one that were filed after credits of their \
         payment were spent, and not withdrawn.";
    RelatedRequests "related_requests": Quantity(Count), Recorded,
        "The same requests of accounts that a person found to be related.";
    AbuseFinding "abuse_finding": Choice(&["none", "indicated", "confirmed"]), Recorded,
        "What people recorded about abuse by the account; `none` when nothing is recorded.";

    CountryEvidence "country_evidence": Choice(&["card", "billing_address", "both", "none"]), Recorded,
        "What vouches for the customer's country.";
    BoughtAsBusiness "bought_as_business": Boolean, Recorded,
        "Whether the purchase was made for a business: a tax id was given at the checkout.";
    WithdrawalWaived "withdrawal_waived": Boolean, Recorded,
        "Whether the consent to begin at once and to lose the right to withdraw is on record.";

    GenerationNamed "generation_named": Boolean, Recorded,
        "Whether the request is about one generation of the account.",
        asks "Which generation is it about, and when did you start it?";
    GenerationCovered "generation_covered": Boolean, Recorded,
        "Whether the policy lists the generation's operation.";
    GenerationOutcome "generation_outcome":
        Choice(&["running", "succeeded", "failed", "empty_success", "timed_out", "blocked", "partial", "unclear"]),
        Recorded,
        "How the generation ended; `unclear` by an answer that holds no registered result.";
    GenerationCreditsCharged "generation_credits_charged": Quantity(Credits), Recorded,
        "The credits that the generation held or captured.";
    GenerationCreditsReturned "generation_credits_returned": Quantity(Credits), Recorded,
        "The credits of the generation that were given back.";
    GenerationReturnedAt "generation_returned_at": Instant, Recorded,
        "The instant at which the generation's credits were given back.";
}

impl Fact {
    /// The name used in documents and in JSON.
    pub fn as_str(self) -> &'static str {
        self.spec().id
    }

    /// The fact with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.as_str() == text)
    }
}
