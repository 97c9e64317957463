//! What differs between Stripe's lists and the records: the answer of a comparison, and its metrics.

use lambda::Invocation;
use serde::Serialize;
use stripe_api::{ListedObject, ObjectList};
use webhook_function::EventAnswer;

use crate::status::instant;

/// How many differing objects an answer names; the counts are complete.
pub const DISCREPANCIES_SHOWN_MAX: usize = 100;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Objects of Stripe's that were compared.
    pub compared: u64,
    /// Objects that differ from their records and were not repaired.
    pub differing: u64,
    /// Objects that differed and are repaired.
    pub repaired: u64,
    /// Up to when everything is compared, in seconds since 1970; written as RFC 3339.
    #[serde(serialize_with = "instant")]
    pub until: i64,
    /// The objects that differ or differed, the first [`DISCREPANCIES_SHOWN_MAX`].
    pub findings: Vec<Discrepancy>,
}

/// An object that differs from its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Discrepancy {
    /// Stripe's id of it.
    pub object: String,
    /// How it differs.
    pub kind: DiscrepancyKind,
    /// What is recorded: amounts in the smallest unit of the currency.
    pub recorded: String,
    /// What Stripe says.
    pub stripe: String,
    /// When Stripe made it, in seconds since 1970; written as RFC 3339.
    #[serde(serialize_with = "instant")]
    pub created: i64,
    /// What repairs it, or how it was repaired.
    pub repair: String,
}

/// How an object differs from its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscrepancyKind {
    /// A refund that is not on record.
    RefundMissing,
    /// A refund that failed, or succeeded, and is on record as something else.
    RefundStatus,
    /// A refund of another amount.
    RefundAmount,
    /// A dispute that is not on record.
    DisputeMissing,
    /// A dispute that stands elsewhere.
    DisputeStatus,
    /// A paid invoice that brought nothing and is not known to bring nothing.
    InvoiceMissing,
    /// An invoice of another amount.
    InvoiceAmount,
    /// A paid checkout that brought nothing and is not known to bring nothing.
    SessionMissing,
    /// A checkout of another amount.
    SessionAmount,
    /// A customer whose checkout named another account, or whose account is not known.
    CustomerLink,
    /// An object in a form that cannot be read.
    Unreadable,
}

impl DiscrepancyKind {
    /// The name in answers and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RefundMissing => "refund_missing",
            Self::RefundStatus => "refund_status",
            Self::RefundAmount => "refund_amount",
            Self::DisputeMissing => "dispute_missing",
            Self::DisputeStatus => "dispute_status",
            Self::InvoiceMissing => "invoice_missing",
            Self::InvoiceAmount => "invoice_amount",
            Self::SessionMissing => "session_missing",
            Self::SessionAmount => "session_amount",
            Self::CustomerLink => "customer_link",
            Self::Unreadable => "unreadable",
        }
    }

    /// The types of the events that bring such an object.
    pub(crate) fn event_types(self) -> &'static [&'static str] {
        match self {
            Self::RefundMissing | Self::RefundStatus | Self::RefundAmount => {
                &["refund.created", "refund.updated", "refund.failed"]
            }
            Self::DisputeMissing | Self::DisputeStatus => &[
                "charge.dispute.created",
                "charge.dispute.updated",
                "charge.dispute.funds_withdrawn",
                "charge.dispute.funds_reinstated",
                "charge.dispute.closed",
            ],
            Self::InvoiceMissing | Self::InvoiceAmount => &["invoice.paid"],
            Self::SessionMissing | Self::SessionAmount | Self::CustomerLink => {
                &["checkout.session.completed", "checkout.session.async_payment_succeeded"]
            }
            Self::Unreadable => &[],
        }
    }

    /// What a person does where no event repairs it.
    fn by_a_person(self) -> &'static str {
        match self {
            Self::RefundMissing | Self::RefundStatus | Self::RefundAmount => {
                "compare the payment's refunds in the Dashboard with `makegood history`"
            }
            Self::DisputeMissing | Self::DisputeStatus => {
                "compare the dispute in the Dashboard with `makegood history`, and suspend or refund by hand"
            }
            Self::InvoiceMissing | Self::SessionMissing => {
                "have support settle a request about the missing credits, or refund it in the Dashboard"
            }
            Self::InvoiceAmount | Self::SessionAmount => {
                "compare the payment in the Dashboard with `makegood history`, and refund what is too much"
            }
            Self::CustomerLink => "link the customer with `makegood parked link`, from an event of it",
            Self::Unreadable => "update Makegood: this version cannot read the object",
        }
    }
}

impl Discrepancy {
    pub(crate) fn new(
        object: String,
        kind: DiscrepancyKind,
        (recorded, stripe): (String, String),
        created: i64,
    ) -> Self {
        let repair = "`--repair` applies its events from Stripe's list".to_owned();
        Self { object, kind, recorded, stripe, created, repair }
    }

    pub(crate) fn unreadable(list: ObjectList, object: &ListedObject) -> Self {
        let kind = DiscrepancyKind::Unreadable;
        Self {
            object: object.id.clone(),
            kind,
            recorded: "not compared".to_owned(),
            stripe: format!("{list:?}"),
            created: object.created_s,
            repair: kind.by_a_person().to_owned(),
        }
    }

    /// Notes the outcome of one of its events.
    pub(crate) fn note_applied(&mut self, event: &str, answer: &EventAnswer) {
        let EventAnswer { outcome, reason } = answer;
        let reason = reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        self.repair = format!("{event} is {outcome}{reason}");
    }

    pub(crate) fn set_repaired(&mut self) {
        self.repair = format!("repaired: {}", self.repair);
    }

    /// It differs still: after its events, or without one.
    pub(crate) fn set_unrepaired(&mut self) {
        let person = self.kind.by_a_person();
        self.repair = if self.repair.starts_with("evt_") {
            format!("not repaired: {}; {person}", self.repair)
        } else {
            format!("Stripe's list has no event of it; {person}")
        };
    }
}

impl Comparison {
    pub(crate) fn until(second: i64) -> Self {
        Self { compared: 0, differing: 0, repaired: 0, until: second, findings: Vec::new() }
    }

    /// Adds what differs and is not repaired.
    pub(crate) fn add(&mut self, found: impl Iterator<Item = Discrepancy>) {
        for discrepancy in found {
            self.differing = self.differing.saturating_add(1);
            self.show(discrepancy);
        }
    }

    pub(crate) fn add_repaired(&mut self, discrepancy: Discrepancy) {
        self.repaired = self.repaired.saturating_add(1);
        self.show(discrepancy);
    }

    fn show(&mut self, discrepancy: Discrepancy) {
        if self.findings.len() < DISCREPANCIES_SHOWN_MAX {
            self.findings.push(discrepancy);
        }
    }

    /// Alarms look at what differs, and at the lag.
    pub(crate) fn count(&self, invocation: &Invocation, is_scheduled: bool) {
        let metrics = invocation.metrics();
        metrics.count("ObjectsCompared", self.compared);
        metrics.count("RecordsDiffer", self.differing);
        metrics.count("RecordsRepaired", self.repaired);
        let lag_s = invocation.now().as_s().saturating_sub(self.until);
        // A time that a person asks for may lie long ago.
        if is_scheduled {
            metrics.milliseconds("CompareLag", u64::try_from(lag_s).unwrap_or(0).saturating_mul(1_000));
        }
        let Self { compared, differing, repaired, .. } = *self;
        tracing::info!(compared, differing, repaired, lag_s, outcome = "compared", "run");
    }
}
