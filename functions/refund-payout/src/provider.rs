//! The seam to the payment providers: what is asked of each, in words that none of them owns.
//!
//! Nothing outside an adapter ([`crate::stripe`], [`crate::creem`]) knows which provider it speaks to. What
//! they cannot do alike is said by what they answer: a refund that carries the request's id, or a payment's
//! running total, in which a refund is known by its amount alone.

use std::future::Future;

use creem_api::{CreemClient, CreemError};
use lambda::secrets::SecretError;
use ledger::{Confirmation, Money, PaymentId, Provider, Subscription, SubscriptionId, Timestamp};
use refunds::{Payout, RefundRequest, RefundSighting, TotalSighting};
use stripe_api::{StripeClient, StripeError};

/// Why a provider gave no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("Stripe failed")]
    Stripe(#[source] StripeError),
    #[error("Creem failed")]
    Creem(#[source] CreemError),
    /// The key cannot be read.
    #[error("no key of {} can be used", .provider.title())]
    Key {
        provider: Provider,
        #[source]
        source: KeyError,
    },
    /// The stack was deployed without this provider.
    #[error("this stack has no key of {}", .0.title())]
    NotSetUp(Provider),
}

/// Why a provider's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It is not a key of this provider.
    #[error("the secret is no key")]
    Form(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Hands out what calls a provider. A key is fetched when its provider is asked, so that a stack without one
/// of them needs no secret of it.
pub trait Clients {
    fn stripe(&self) -> impl Future<Output = Result<StripeClient, ProviderError>>;
    fn creem(&self) -> impl Future<Output = Result<CreemClient, ProviderError>>;
}

/// Why a call does not do what it was made for.
#[derive(Debug)]
pub(crate) enum CallError {
    /// It is to be made again later.
    Later(ProviderError),
    /// It may be made again once a look shows that it did nothing, under another key.
    AfterALook(ProviderError),
    /// The provider declines for good.
    Declined(DeclinedCall),
    /// What is stored cannot be ordered.
    Order,
    /// The provider has something else than was ordered; a person has to look.
    Mismatch,
}

/// A call that a provider declines for good.
#[derive(Debug)]
pub(crate) struct DeclinedCall {
    /// The provider's error code, or a word of ours.
    pub(crate) code: String,
    /// Whether the payment may be refunded already: by the refund that was asked for, or by another.
    pub(crate) refunded_already: bool,
    /// Whether the company's balance at the provider is too low.
    pub(crate) lacks_funds: bool,
    pub(crate) source: ProviderError,
}

/// What a provider has of a part of a payout.
#[derive(Debug)]
pub(crate) enum Found {
    /// No refund of it.
    Nothing {
        /// Whether it is to be asked for under another key.
        another_key: bool,
    },
    /// Its refund is noted, and it is too early to look again.
    OnItsWay,
    Refund(RefundSighting),
    /// Only the sum of the payment's refunds, and what is left of the payment.
    Total {
        seen: TotalSighting,
        left: Money,
    },
}

/// What a provider answers to an order for a refund.
#[derive(Debug)]
pub(crate) enum Answered {
    Refund(RefundSighting),
    /// The sum of the payment's refunds with this one, and how this one stands.
    Total(TotalSighting),
}

/// The payments that a payout's payment turns out to be.
#[derive(Debug)]
pub(crate) struct PaidParts {
    /// The part of the payout that is to be divided.
    pub(crate) number: usize,
    /// Each with its amount; `None` if all together have less left.
    pub(crate) of: Option<Vec<(PaymentId, Money)>>,
}

/// How an order to cancel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelOutcome {
    /// The provider knows of it, by its own clock from this instant where it says so.
    Known(Option<Timestamp>),
    /// It has no such subscription any more.
    Ended,
}

/// What is asked of a payment provider.
pub(crate) trait ProviderCalls {
    /// The payments that paid what the payout names, where that is not a payment itself and nobody has asked.
    async fn payments_of(&self, payout: &Payout) -> Result<Option<PaidParts>, CallError>;

    /// What there is of the payout's part with this number.
    async fn find(&self, request: &RefundRequest, number: usize, now: Timestamp) -> Result<Found, CallError>;

    /// Makes one attempt to refund that part. `before` is the sum of the payment's refunds before it, where
    /// [`ProviderCalls::find`] answered with one.
    async fn refund(
        &self,
        request: &RefundRequest,
        number: usize,
        before: Option<Money>,
    ) -> Result<Answered, CallError>;

    /// Ends a subscription at once.
    async fn end(&self, subscription: &SubscriptionId) -> Result<CancelOutcome, CallError>;

    /// Cancels a subscription as its customer confirmed.
    async fn cancel(
        &self,
        subscription: &Subscription,
        confirmation: &Confirmation,
    ) -> Result<CancelOutcome, CallError>;

    /// Withdraws what was not paid of a subscription that has ended at once, so that nothing is collected
    /// after it.
    async fn withdraw_unpaid(&self, subscription: &SubscriptionId) -> Result<(), CallError>;
}
