//! What a payment provider can do. Code that needs to know asks here and never for a provider's name, so that
//! the quote and the review say what will happen before anybody promises it.

use ledger::Provider;

/// What a provider's interface offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub struct ProviderCapabilities {
    /// Whether a part of a payment can be refunded by a call. Otherwise a call refunds all that is left, and
    /// a person refunds a part in the provider's dashboard.
    pub partial_refunds: bool,
    /// How long it may take to confirm a refund before the sweep has it looked up, in seconds.
    pub confirm_within_s: u64,
    /// Whether a plan can be changed to what was shown before.
    pub plan_changes: bool,
    /// Whether a renewal of a subscription can be made cheaper.
    pub renewal_discounts: bool,
    /// Whether evidence about a dispute can be submitted.
    pub dispute_evidence: bool,
}

impl ProviderCapabilities {
    /// What `provider` can do.
    pub const fn of(provider: Provider) -> Self {
        match provider {
            Provider::Stripe => Self {
                partial_refunds: true,
                // One day, because an event that was missed is otherwise noticed by the customer.
                confirm_within_s: 86_400,
                plan_changes: true,
                renewal_discounts: true,
                dispute_evidence: true,
            },
            // Creem's `POST /v1/refunds` takes a transaction and no amount.
            Provider::Creem => Self {
                partial_refunds: false,
                // Creem reports a refund by one event, which may come before the refund is confirmed: six
                // hours are its last retry of that event.
                confirm_within_s: 6 * 3600,
                plan_changes: false,
                renewal_discounts: false,
                dispute_evidence: false,
            },
        }
    }
}
