//! What is recorded of payments, so that any later event finds its account and lots.

use crate::{
    AccountId, AdjustmentId, AmountError, Buyer, Credits, CustomerId, DisputeId, FurtherGrants, GenerationId,
    ImportId, InvoiceId, LotId, Money, PaymentId, PaymentName, PolicyRef, ProductId, Provider,
    RefundRequestId, SubscriptionId, Timestamp,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentKind {
    /// A one-time pack.
    Pack,
    /// A charge of a subscription, first or renewal; each is a purchase of its own (`S2-35`).
    Subscription {
        subscription: SubscriptionId,
        /// Stripe's `billing_reason`, as it was.
        billing_reason: String,
    },
}

/// Most generations of one payment whose downloads are counted: more than any pack or period of the catalogue
/// brings in a month of steady use, and their marks take 4.5 KB of the payment's item.
pub const DOWNLOADS_MAX: u32 = 500;

/// Money in. The amounts of a refund come from here and from nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Through whom it was paid, and its money goes back (`S3-23`).
    pub provider: Provider,
    /// Stripe's PaymentIntent; the invoice's id where the event did not name the payment of an invoice,
    /// which API versions since 2025-03-31 do not. With the place of the purchase, from the second one of a
    /// payment on.
    pub id: PaymentId,
    pub account: AccountId,
    pub kind: PaymentKind,
    /// The product of the price catalogue.
    pub product: ProductId,
    /// Stripe's price.
    pub price: String,
    /// What was captured by card; an out-of-band payment is not in it.
    pub paid: Money,
    /// Refunds that have not failed, in minor units; never above `paid` (invariant 4).
    pub refunded_minor: u64,
    /// What the customer's balance at Stripe paid beside it, in minor units. It never comes back as cash.
    pub from_balance_minor: u64,
    /// How much of that changes of plans have returned to the balance, in minor units.
    pub to_balance_minor: u64,
    /// Whether it paid for a change of plan within a period: the plan was bought by another payment.
    pub of_change: bool,
    pub charged_at: Timestamp,
    /// The beginning of the period that a subscription's charge paid for.
    pub period_starts_at: Option<Timestamp>,
    /// The end of the period that a subscription's charge paid for.
    pub period_ends_at: Option<Timestamp>,
    /// The lot that it bought, or the first of several; [`LotId::NONE`] without one.
    pub lot: LotId,
    /// The credits that it buys, in one lot or month by month; without a lot those that were bought, as far
    /// as they are known.
    pub credits: Credits,
    /// Those of `credits` that come month by month after the first lot.
    pub further: Option<FurtherGrants>,
    /// When the credits landed.
    pub landed_at: Timestamp,
    /// The policy that was in force when it was charged (`S2-35`); `None` before the first version.
    pub policy: Option<PolicyRef>,
    /// Who bought it, as far as its events say.
    pub buyer: Buyer,
    /// What else it is called at Stripe, as far as the event of its purchase says.
    pub names: Vec<PaymentName>,
    /// The disputes at the cardholder's bank that there are or were, first opened first.
    pub disputes: Vec<Dispute>,
    /// How many generations on its credits had a result downloaded or exported, as services reported;
    /// [`DOWNLOADS_MAX`] means that many or more.
    pub downloads: u32,
    /// Whether nobody counted the generations on its credits before it was imported.
    pub uncounted: bool,
}

impl Payment {
    /// The credits that have come after so many further lots.
    pub fn granted_by(&self, further: u32) -> Result<Credits, AmountError> {
        let Some(monthly) = self.further else { return Ok(self.credits) };
        let missing = u64::from(monthly.grants.saturating_sub(further));
        let missing = missing.checked_mul(monthly.each.get()).ok_or(AmountError::Overflow)?;
        self.credits.minus(Credits::new(missing)?)
    }

    /// What can still be refunded: what was paid, less what was refunded and what the bank has taken, which
    /// never exceed it together (invariant 4).
    pub fn refundable(&self) -> Result<Money, AmountError> {
        let left = self.paid.minus(Money::new(self.refunded_minor, self.paid.currency()))?;
        Ok(Money::new(left.minor().saturating_sub(self.withdrawn_minor()), left.currency()))
    }

    /// What the cardholder's bank has of it at present by disputes that the company has not won, in minor
    /// units and at most what was not refunded: a refund that fails by the dispute is counted until Stripe
    /// reports it.
    pub fn withdrawn_minor(&self) -> u64 {
        let taken = self.disputes.iter().filter(|dispute| dispute.bars_refunds());
        let sum = taken.fold(0_u64, |sum, dispute| sum.saturating_add(dispute.withdrawn_minor));
        sum.min(self.paid.minor().saturating_sub(self.refunded_minor))
    }

    /// Whether a refund could pay the money twice, because one of its disputes is open or lost.
    pub fn bars_refunds(&self) -> bool {
        self.disputes.iter().any(Dispute::bars_refunds)
    }

    /// Whether a dispute of it is lost ([`Dispute::is_lost`]).
    pub fn is_lost(&self) -> bool {
        self.disputes.iter().any(Dispute::is_lost)
    }

    /// Whether it was disputed, and each of its disputes has ended without taking the money.
    pub fn is_freed(&self) -> bool {
        let ended =
            |dispute: &Dispute| !dispute.bars_refunds() && !dispute.is_inquiry() && !dispute.is_undecided();
        !self.disputes.is_empty() && self.disputes.iter().all(ended)
    }

    /// Whether the cardholder's bank asks about it at present ([`Dispute::is_inquiry`]).
    pub fn has_inquiry(&self) -> bool {
        self.disputes.iter().any(Dispute::is_inquiry)
    }
}

/// A dispute of a payment, as Stripe's events report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub id: DisputeId,
    pub opened_at: Timestamp,
    /// Stripe's status, as it was.
    pub status: String,
    /// Whether Stripe would still refund the charge (`is_charge_refundable`), as it was. Where Stripe did not
    /// say so: `false` of a dispute that was open, `true` of every other.
    pub refundable: bool,
    /// What is disputed; `None` if no event said so. It may be less than the payment, or more.
    pub amount: Option<Money>,
    /// The network's reason, as Stripe names it.
    pub reason: Option<String>,
    /// Until when Stripe takes evidence; `None` where no answer is possible.
    pub due_by: Option<Timestamp>,
    /// The instant of the newest event that is in this record; an older one changes nothing.
    pub as_of: Timestamp,
    /// Whether a request about the payment had been filed before; `None` where that is not known.
    pub contacted_before: Option<bool>,
    /// What the bank took of the payment, in minor units of its currency, less what it gave back; 0 as long
    /// as no movement of the money was reported.
    pub withdrawn_minor: u64,
    /// How many movements of the money were reported.
    pub movements: u8,
}

impl Dispute {
    /// Whether a refund could pay the money twice: it is away, or Stripe refunds the charge no more. While
    /// the bank has yet to decide, `is_charge_refundable` is the authority
    /// (<https://docs.stripe.com/api/disputes/object>), and nothing of the money may have been withdrawn.
    pub fn bars_refunds(&self) -> bool {
        match self.status.as_str() {
            "won" | "warning_closed" => false,
            _ if self.is_undecided() => !self.refundable || self.withdrawn_minor > 0,
            _ => self.counts() || !self.refundable,
        }
    }

    /// Whether it is a formal dispute that the bank has yet to decide for the first time.
    pub fn is_undecided(&self) -> bool {
        matches!(self.status.as_str(), "needs_response" | "under_review")
    }

    /// Whether Stripe waits for the company's evidence.
    pub fn needs_response(&self) -> bool {
        matches!(self.status.as_str(), "warning_needs_response" | "needs_response" | "appeal_needs_response")
    }

    /// Whether it is an appeal against a dispute that was lost.
    pub fn is_appeal(&self) -> bool {
        self.status.starts_with("appeal_")
    }

    /// Whether nothing more is decided. A lost one may be appealed.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "won" | "lost" | "warning_closed" | "prevented")
    }

    /// Whether the customer has the money from the bank: the dispute is lost, an appeal against that is open,
    /// or a rule refunded the charge before there was a dispute.
    pub fn is_lost(&self) -> bool {
        let lost = matches!(self.status.as_str(), "lost" | "appeal_needs_response" | "appeal_under_review");
        lost || self.is_resolved_by_refund()
    }

    /// Whether a rule of the company's at Stripe refunded the charge in order to prevent a dispute. What was
    /// blocked in time is `prevented` as well, and its charge stays refundable
    /// (<https://docs.stripe.com/disputes/prevention>).
    fn is_resolved_by_refund(&self) -> bool {
        self.status == "prevented" && !self.refundable
    }

    /// Its place among the reports of one dispute. Stripe's events carry whole seconds: of two reports of one
    /// second, the one that is further along counts, in whichever order they come (B3, E15).
    ///
    /// Of two reports of one stage in one second, the one that knows of more movements of the money counts.
    pub fn order(&self) -> Timestamp {
        let stage: i64 = match self.status.as_str() {
            "warning_needs_response" => 0,
            "warning_under_review" => 1,
            "needs_response" => 2,
            "under_review" => 3,
            "warning_closed" | "prevented" | "lost" => 5,
            "appeal_needs_response" => 6,
            "appeal_under_review" => 7,
            "won" => 8,
            // Of Stripe's making in years to come: before the ends that are known.
            _ => 4,
        };
        // Stripe counts in seconds. The milliseconds hold the stage and the number of movements, at most two.
        let place = stage.saturating_mul(10).saturating_add(i64::from(self.movements.min(9)));
        let second = self.as_of.as_ms().saturating_sub(self.as_of.as_ms().rem_euclid(1000));
        Timestamp::from_ms(second.saturating_add(place)).unwrap_or(self.as_of)
    }

    /// Whether the money was taken back, or may be. An inquiry, one that ended, and a dispute that was
    /// blocked took nothing.
    pub fn counts(&self) -> bool {
        match self.status.as_str() {
            "warning_closed" => false,
            "prevented" => self.is_resolved_by_refund(),
            _ => !self.is_inquiry(),
        }
    }

    /// Whether the bank only asks about the payment: no money is taken, and a full refund ends it without a
    /// dispute and its fee (<https://docs.stripe.com/disputes/how-disputes-work#inquiries>).
    pub fn is_inquiry(&self) -> bool {
        matches!(self.status.as_str(), "warning_needs_response" | "warning_under_review")
    }
}

/// Most purchases in one payment: an order of twenty different prices is far above any checkout's, and their
/// items fit into one transaction of DynamoDB's hundred.
pub const PURCHASES_MAX: usize = 20;

/// How the money of one payment at Stripe is divided; only of a payment that is not one purchase alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Stripe's payment, which is also the id of the first purchase.
    pub payment: PaymentId,
    pub purchases: usize,
    /// Money for what brought no credits, like a setup fee, in minor units.
    pub beside_minor: u64,
    /// Refunds of that money, in minor units.
    pub beside_refunded_minor: u64,
}

/// Divides `total` by `weights`, each part rounded so that all together are exactly `total`. Without any
/// weight all of it is the first part.
pub fn shares(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let mut reached = 0_u128;
    let mut given = 0_u64;
    weights
        .iter()
        .enumerate()
        .map(|(place, weight)| {
            reached = reached.saturating_add(u128::from(*weight));
            let up_to = match u128::from(total).saturating_mul(reached).checked_div(sum) {
                // Also where the product is above 128 bits.
                Some(_) if reached == sum => total,
                // Never above `total`, because what is reached is never above the sum.
                Some(up_to) => u64::try_from(up_to).unwrap_or(total),
                None if place == 0 => total,
                None => given,
            };
            let share = up_to.saturating_sub(given);
            given = given.max(up_to);
            share
        })
        .collect()
}

/// Divides a refund that somebody else made of a payment among what is left of its parts, in minor units:
/// wholly to a part of exactly that much, or else in order. `None` if it is more than all of them.
pub fn refund_shares(refund: u64, left: &[u64]) -> Option<Vec<u64>> {
    let exact = left.iter().position(|part| *part == refund);
    let mut rest = refund;
    let shares = left
        .iter()
        .enumerate()
        .map(|(place, part)| {
            let share = if exact.is_none_or(|exact| exact == place) { rest.min(*part) } else { 0 };
            rest = rest.saturating_sub(share);
            share
        })
        .collect();
    (rest == 0).then_some(shares)
}

/// An item that is written in the same transaction as an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A payment that must not exist: it guards the grant against a repeat.
    NewPayment(Box<Payment>),
    /// An invoice brings its credits once, whether or not its event names the payment: it must not exist.
    Invoice(InvoiceId, PaymentId),
    /// An account moves in once for ever: it must not exist.
    ImportedOnce {
        import: ImportId,
        /// SHA-256 of what the import says of the account.
        digest: [u8; 32],
    },
    /// A refund request gives credits without a payment once for ever: it must not exist.
    CompensatedOnce(RefundRequestId),
    /// An adjustment takes effect once for ever: it must not exist.
    AdjustedOnce(AdjustmentId),
    /// Captured credits of a generation are given back once for ever: it must not exist.
    GivenBackOnce(GenerationId),
    /// A released generation is charged anew once for ever: it must not exist.
    ChargedLateOnce(GenerationId),
    /// How a payment is divided; it must not exist.
    Division(Division),
    /// The payment of a change that brought its whole difference (`on_upgrade = "full_difference"`), once for
    /// ever for an account and a product: it must not exist.
    WholeDifferenceOnce(ProductId, PaymentId),
    /// The account of one of Stripe's customers; it must not be another account's.
    Customer(CustomerId, AccountId),
    /// A provider's event and the digest of what it says; it must not exist with another digest: of two
    /// bodies under one id the first counts.
    Event {
        /// Stripe's id of the event, or `creem:` and Creem's.
        id: String,
        /// SHA-256.
        digest: [u8; 32],
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn purchases_of_one_payment_have_ids_of_their_own() {
        let payment = PaymentId::new("pi_1").unwrap();
        let ids: Vec<_> = (1..=3).filter_map(|place| payment.purchase(place)).collect();
        let shown: Vec<_> = ids.iter().map(PaymentId::as_str).collect();
        assert_eq!(shown, ["pi_1", "pi_1~2", "pi_1~3"]);
        assert!(ids.iter().all(|id| id.at_stripe() == payment));
        assert_eq!(ids[2].purchase(2), Some(ids[1].clone()));
    }

    #[test]
    fn money_is_divided_by_weight_and_nothing_is_lost() {
        for (total, weights, expected) in [
            (1_900, &[1_000, 900][..], &[1_000, 900][..]),
            (100, &[1, 1, 1], &[33, 33, 34]),
            (950, &[1_000, 900], &[500, 450]),
            (5, &[0, 0], &[5, 0]),
            (0, &[1, 2], &[0, 0]),
            (7, &[], &[]),
        ] {
            assert_eq!(shares(total, weights), expected, "{total} {weights:?}");
        }
    }

    #[test]
    fn a_refund_of_exactly_one_part_is_that_parts() {
        for (refund, left, expected) in [
            (900, &[0, 1_000, 900][..], Some(vec![0, 0, 900])),
            (500, &[400, 1_000], Some(vec![400, 100])),
            (1_400, &[400, 1_000], Some(vec![400, 1_000])),
            (1_401, &[400, 1_000], None),
            (0, &[1], Some(vec![0])),
        ] {
            assert_eq!(refund_shares(refund, left), expected, "{refund} {left:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_add_up(total in any::<u64>(), weights in prop::collection::vec(any::<u64>(), 1..20)) {
            let parts = shares(total, &weights);
            let sum: u128 = parts.iter().map(|part| u128::from(*part)).sum();
            prop_assert_eq!(sum, u128::from(total));
        }

        #[test]
        fn a_refund_takes_no_more_than_is_left(
            refund in 0..5_000_u64,
            left in prop::collection::vec(0..1_000_u64, 1..8),
        ) {
            match refund_shares(refund, &left) {
                Some(parts) => {
                    prop_assert_eq!(parts.iter().sum::<u64>(), refund);
                    prop_assert!(parts.iter().zip(&left).all(|(part, left)| part <= left));
                }
                None => prop_assert!(left.iter().sum::<u64>() < refund),
            }
        }
    }
}
