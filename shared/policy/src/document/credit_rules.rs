//! The life of credits: left over after a subscription, at a renewal, after a refund.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// When the left-over credits of an ended subscription expire. A lot is usable while now < expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// The clause that says so.
    pub clause: String,
    /// How long they stay after the subscription's `ended_at`, in seconds.
    pub after_end_s: u64,
    /// What subscribing again does to the clock.
    pub on_resubscribe: OnResubscribe,
    /// How long credits stay that come back from a job which outlived their expiry, in seconds.
    pub grace_after_failed_job_s: u64,
}

named! {
    /// What subscribing again does to the expiry of left-over credits.
    OnResubscribe {
        /// The credits lose their expiry again.
        StopClock "stop_clock",
        /// The credits keep their expiry.
        KeepClock "keep_clock",
    }
}

/// What a refund of a payment does. A refund is whole when nothing of the payment is left to refund after
/// it, in however many parts it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the document's own")]
pub struct OnRefund {
    /// What a whole refund revokes of the payment's own lot.
    pub revoke: Revocation,
    /// What a refund of a part revokes of it.
    pub revoke_of_part: Revocation,
    /// What a reviewer may choose in place of the two, where the text says that we *may* revoke (`S3-18`,
    /// `S3-22`).
    pub reviewer_may_revoke: Vec<Revocation>,
    /// Whether a whole refund of a subscription's charge cancels the subscription at once.
    pub cancel: bool,
    /// Whether a refund of a part of a subscription's charge does.
    pub cancel_for_part: bool,
    /// Whether a reviewer may choose that, where the text says that we *may* cancel (`S3-18`).
    pub reviewer_may_cancel: bool,
    /// Whether revoked credits that were already spent become a debt.
    pub debt_for_spent: bool,
}

named! {
    /// How much of a payment's lot a refund revokes; spent credits stay spent.
    #[derive(PartialOrd, Ord)]
    Revocation {
        /// No credits.
        Nothing "nothing",
        /// The refunded money's share of the granted credits, rounded down, and at most what is left of them.
        Proportional "proportional",
        /// All that is left, and what running generations give back later.
        Remaining "remaining",
    }
}

impl OnRefund {
    /// What a refund revokes unless a reviewer chooses; `whole` if nothing is left to refund after it.
    pub fn revokes(&self, whole: bool) -> Revocation {
        if whole { self.revoke } else { self.revoke_of_part }
    }

    /// Whether a refund cancels the subscription unless a reviewer chooses.
    pub fn cancels(&self, whole: bool) -> bool {
        if whole { self.cancel } else { self.cancel_for_part }
    }
}

named! {
    /// What a plan that is changed within a period, and paid for, brings. What is not paid for brings
    /// nothing.
    OnUpgrade {
        /// The difference of the two plans' credits for what is left of the period, by the paid lines' own
        /// periods.
        ProratedDifference "prorated_difference",
        /// The whole difference of the two plans' credits, once for each account and product, if the change
        /// is the first of its period; the prorated one else, so that no loop of changes brings it twice.
        FullDifference "full_difference",
        /// A period that begins with the change, and is paid in full, takes the place of what is left of the
        /// one before. What is paid in part brings the prorated difference.
        Reset "reset",
    }
}

named! {
    /// What a renewal's grant does to what is left of the grant before it.
    OnRenewal {
        /// They stay, side by side.
        Add "add",
        /// The renewal's grant takes the place of what is left.
        Replace "replace",
    }
}

/// What a dispute of a payment does to the credits that it bought, once the bank has decided. Until then what
/// is left of them is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDispute {
    /// What happens to them when the company loses.
    pub lost: OnLostDispute,
    /// Whether spent credits of a lost payment become a debt.
    pub debt_for_spent: bool,
    /// How long frozen credits stay usable after the company has won, in seconds, where they would expire
    /// before: the customer could not use them in the meantime. `None` lets them expire on their day.
    pub grace_after_won_s: Option<u64>,
    /// What is recommended when the card's issuer warns of fraud and nobody disputes the payment yet.
    pub on_fraud_warning: OnFraudWarning,
    /// What the text lets the company do against a dispute, each a person's decision (`S3-28`).
    pub measures: Vec<DisputeMeasure>,
    /// The rule whose condition has to be proved from the records before one of them is recommended.
    pub measures_by: Option<String>,
}

impl Default for OnDispute {
    /// What holds where a document does not say: credits go as the money goes, and nothing is owed.
    fn default() -> Self {
        Self {
            lost: OnLostDispute::Revoke,
            debt_for_spent: false,
            grace_after_won_s: None,
            on_fraud_warning: OnFraudWarning::Watch,
            measures: Vec::new(),
            measures_by: None,
        }
    }
}

named! {
    /// What a lost dispute does to what is left of the credits that its money bought.
    OnLostDispute {
        /// They are revoked, as many as the money that is lost bought.
        Revoke "revoke",
        /// The customer keeps them.
        Keep "keep",
    }
}

named! {
    /// What is recommended when the card's issuer warns of fraud before the payment is disputed.
    OnFraudWarning {
        /// A full refund: a payment that is refunded in full is not disputed any more.
        Refund "refund",
        /// To wait and see.
        Watch "watch",
    }
}

named! {
    /// What a text lets the company do when a payment for delivered services is disputed without a word
    /// before.
    DisputeMeasure {
        /// Usage records go to the payment provider.
        SendUsageRecords "send_usage_records",
        /// The account is suspended.
        Suspend "suspend",
        /// The payment's credits are taken back.
        Revoke "revoke",
        /// The dispute's fee is recovered from the customer, where the law allows it.
        RecoverFee "recover_fee",
    }
}

named! {
    /// What a refund without a request, as one in Stripe's Dashboard, does to the credits of its payment.
    OnOutsideRefund {
        /// They are revoked, as many as the refunded money bought.
        Revoke "revoke",
        /// They stay until a person decides.
        Person "person",
    }
}
