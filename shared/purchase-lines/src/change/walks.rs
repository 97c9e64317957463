//! Whole walks through changes of plans: what the invoices of one customer bring together, and what they take
//! back.
//!
//! Money counts once, where it comes in: as cash, or as goodwill that the company puts into the balance. What
//! a change gives back and the balance pays with is that same money.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of a walk are small")]

use policy::{OnUpgrade, PriceKind};
use policy_documents::catalogue;
use proptest::prelude::*;
use stripe_events::{BillingReason, InvoiceLine};

use ledger::Timestamp;

use crate::change::credits_of_change;
use crate::change::tests::{AUDIO, DAY_S, PLUS, PREMIER, PRO, YEAR, at, bought, invoice, line};

/// All plans cost as much for each credit, so that money and credits compare.
const MINOR_PER_CREDIT: i64 = 6;

/// A customer's subscriptions at Stripe, one after another, as far as their invoices go.
#[derive(Debug)]
struct Walk {
    plan: &'static str,
    quantity: u64,
    now_s: i64,
    period: (i64, i64),
    in_trial: bool,
    /// Whether the subscription was cancelled at once. The next one begins with [`Step::Resubscribe`].
    ended: bool,
    pending: Vec<InvoiceLine>,
    /// What Stripe holds for the customer.
    balance: i64,
    /// Cash that was charged, and goodwill.
    paid: i64,
    /// What has come, less what was taken back or is owed.
    credits: i64,
    lines: i64,
    term: OnUpgrade,
    /// When the subscription was charged.
    charges: Vec<Timestamp>,
    /// What whole differences brought above the prorated ones, each of them.
    advances: Vec<i64>,
}

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Change {
        plan: &'static str,
        quantity: u64,
        at_once: bool,
        resets: bool,
    },
    Trial,
    EndTrial,
    Renew,
    /// A schedule changes the plan with the period's end.
    RenewAs(&'static str, u64),
    /// At once, and what is left of the period is given back.
    Cancel,
    Resubscribe,
    Goodwill(i64),
}

fn whole_price(plan: &str, quantity: u64) -> i64 {
    let credits = i64::try_from(catalogue().price(plan).unwrap().credits_of_period().unwrap()).unwrap();
    i64::try_from(quantity).unwrap() * credits * MINOR_PER_CREDIT
}

fn months_of(plan: &str) -> u32 {
    match catalogue().price(plan).unwrap().kind {
        PriceKind::Subscription { months, .. } => months,
        PriceKind::Pack => panic!("{plan} is a pack"),
    }
}

/// When a period of the plan ends that begins at a second.
fn end_of(plan: &str, second: i64) -> i64 {
    let months = months_of(plan);
    let is_over = |days: &i64| at(second + days * DAY_S).months_before(months).unwrap() <= at(second);
    let days = if months == 1 { 28..=31 } else { 365..=366 };
    second + days.rev().find(is_over).unwrap() * DAY_S
}

impl Walk {
    fn new(plan: &'static str) -> Self {
        Self::under(OnUpgrade::ProratedDifference, plan)
    }

    fn under(term: OnUpgrade, plan: &'static str) -> Self {
        let mut walk = Self {
            plan,
            quantity: 1,
            now_s: 0,
            period: (0, end_of(plan, 0)),
            in_trial: false,
            ended: false,
            pending: Vec::new(),
            balance: 0,
            paid: 0,
            credits: 0,
            lines: 0,
            term,
            charges: Vec::new(),
            advances: Vec::new(),
        };
        let first = walk.whole_line();
        walk.charge(BillingReason::SubscriptionCreate, vec![first]);
        walk
    }

    fn whole_line(&self) -> InvoiceLine {
        let amount = whole_price(self.plan, self.quantity);
        line(self.plan, self.quantity, amount, false, self.period)
    }

    /// What is left of the running period, given back or charged.
    fn rest_line(&self, sign: i64) -> InvoiceLine {
        let (left, whole) = (self.period.1 - self.now_s, self.period.1 - self.period.0);
        let amount = (whole_price(self.plan, self.quantity) * left + whole / 2) / whole;
        line(self.plan, self.quantity, sign * amount, true, (self.now_s, self.period.1))
    }

    fn charge(&mut self, reason: BillingReason, mut lines: Vec<InvoiceLine>) {
        lines.append(&mut self.pending);
        let total: i64 = lines.iter().map(|line| line.amount_minor).sum();
        let from_balance = self.balance.min(total.max(0));
        let charged = total.max(0) - from_balance;
        self.balance += (-total).max(0) - from_balance;
        self.lines += i64::try_from(lines.len()).unwrap();
        self.paid += charged;
        let invoice = invoice(reason, u64::try_from(charged).unwrap(), total, lines);
        let bought = bought(self.term, &invoice);
        if !bought.purchases.is_empty() {
            self.charges.push(at(self.now_s));
        }
        let had_whole = !self.advances.is_empty();
        for purchase in &bought.purchases {
            let credits = credits_of_change(purchase, &self.charges_before(), had_whole);
            let advance = credits.get() - purchase.credits.get();
            if advance > 0 {
                self.advances.push(i64::try_from(advance).unwrap());
            }
            // What comes month by month is among the credits, and the first lot is not empty.
            if let Some(further) = purchase.further(false) {
                let later = further.each.get() * u64::from(further.grants);
                assert!(further.grants < 12 && later < purchase.credits.get(), "{purchase:?}");
            }
            self.credits += i64::try_from(credits.get()).unwrap();
        }
        for part in &bought.returns {
            self.credits -= i64::try_from(part.credits.get()).unwrap();
        }
        // All money is accounted for: what is below zero goes to the balance, and is returned.
        let purchases: u64 = bought.purchases.iter().map(|purchase| purchase.minor).sum();
        let returned: u64 = bought.returns.iter().map(|part| part.minor).sum();
        let sum = i64::try_from(purchases + bought.beside_minor).unwrap() - i64::try_from(returned).unwrap();
        assert_eq!(sum, total, "{invoice:?}");
    }

    /// The law: all that has come was paid for, and what the balance holds has brought nothing yet. Each line
    /// is rounded by itself to half a unit, which is a part of a credit.
    fn is_paid_for(&self) -> bool {
        let advance = self.advances.iter().max().copied().unwrap_or_default();
        (self.credits - advance) * MINOR_PER_CREDIT <= self.paid - self.balance + self.lines
    }

    /// Without the one that is being charged.
    fn charges_before(&self) -> Vec<Timestamp> {
        self.charges.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default()
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Goodwill(minor) => {
                self.balance += minor;
                self.paid += minor;
            }
            Step::Resubscribe if self.ended => {
                self.ended = false;
                self.in_trial = false;
                self.charges = Vec::new();
                self.period = (self.now_s, end_of(self.plan, self.now_s));
                let whole = self.whole_line();
                self.charge(BillingReason::SubscriptionCreate, vec![whole]);
            }
            _ if self.ended => {}
            Step::Cancel => {
                self.ended = true;
                let rest = if self.in_trial { Vec::new() } else { vec![self.rest_line(-1)] };
                self.charge(BillingReason::SubscriptionUpdate, rest);
            }
            Step::Wait(hours) => self.now_s = (self.now_s + hours * 3_600).min(self.period.1 - 1),
            Step::Change { plan, quantity, at_once, resets } => {
                // Another interval begins at once.
                let resets = resets || months_of(plan) != months_of(self.plan);
                let mut lines = Vec::new();
                if !self.in_trial {
                    lines.push(self.rest_line(-1));
                }
                (self.plan, self.quantity) = (plan, quantity);
                if resets {
                    self.in_trial = false;
                    self.period = (self.now_s, end_of(self.plan, self.now_s));
                    lines.push(self.whole_line());
                    self.charge(BillingReason::SubscriptionUpdate, lines);
                } else if !self.in_trial {
                    lines.push(self.rest_line(1));
                    if at_once {
                        self.charge(BillingReason::SubscriptionUpdate, lines);
                    } else {
                        self.pending.append(&mut lines);
                    }
                }
            }
            Step::Trial if !self.in_trial => {
                let rest = self.rest_line(-1);
                self.in_trial = true;
                self.charge(BillingReason::SubscriptionUpdate, vec![rest]);
            }
            Step::EndTrial if self.in_trial => {
                self.in_trial = false;
                self.period = (self.now_s, end_of(self.plan, self.now_s));
                let whole = self.whole_line();
                self.charge(BillingReason::SubscriptionUpdate, vec![whole]);
            }
            Step::RenewAs(plan, quantity) => {
                (self.plan, self.quantity) = (plan, quantity);
                self.take(&Step::Renew);
            }
            Step::Renew => {
                self.now_s = self.period.1;
                self.in_trial = false;
                self.period = (self.now_s, end_of(self.plan, self.now_s));
                let whole = self.whole_line();
                self.charge(BillingReason::SubscriptionCycle, vec![whole]);
            }
            Step::Trial | Step::EndTrial | Step::Resubscribe => {}
        }
    }
}

fn change_of((plan, quantity, at_once, resets): (&'static str, u64, bool, bool)) -> Step {
    Step::Change { plan, quantity, at_once, resets }
}

/// A step between two plans, with waits of so many hours at most.
fn step(plans: &[&'static str], hours: i64) -> impl Strategy<Value = Step> {
    let change = (prop::sample::select(plans.to_vec()), 1_u64..=3, any::<bool>(), any::<bool>());
    prop_oneof![
        2 => (1..hours).prop_map(Step::Wait),
        4 => change.prop_map(change_of),
        1 => Just(Step::Trial),
        1 => Just(Step::EndTrial),
        2 => Just(Step::Renew),
        1 => Just(Step::Cancel),
        2 => Just(Step::Resubscribe),
        1 => (1_i64..5_000).prop_map(Step::Goodwill),
    ]
}

proptest! {
    /// Up, down and up again, seats to and fro, a trial again, the anchor reset, paid at once, with the next
    /// invoice or from the balance that a change before has left.
    #[test]
    fn s4_14_no_loop_of_changes_brings_credits_that_were_not_paid_for(
        steps in prop::collection::vec(step(&[PRO, PREMIER], 400), 0..40),
    ) {
        let mut walk = Walk::new(PRO);
        for step in &steps {
            walk.take(step);
        }
        prop_assert!(walk.is_paid_for(), "{:?}", walk);
    }

    /// Where the policy gives the whole difference: one is above what was paid, and no second one, whether
    /// the customer goes up on each month's last day and down by a schedule, or begins anew in between.
    #[test]
    fn s4_14_no_loop_brings_the_whole_difference_twice(
        steps in prop::collection::vec(
            prop_oneof![
                2 => step(&[PRO, PREMIER], 800),
                1 => (1_u64..=3).prop_map(|quantity| Step::RenewAs(PRO, quantity)),
            ],
            0..40,
        ),
    ) {
        let mut walk = Walk::under(OnUpgrade::FullDifference, PRO);
        for step in &steps {
            walk.take(step);
        }
        prop_assert!(walk.is_paid_for(), "{:?}", walk);
    }

    /// The same between a monthly plan and a year that grants monthly, of which all months count.
    #[test]
    fn s4_14_no_loop_through_a_year_that_grants_monthly_brings_credits_that_were_not_paid_for(
        steps in prop::collection::vec(step(&[PLUS, YEAR], 3_000), 0..40),
        begins_yearly in any::<bool>(),
    ) {
        let mut walk = Walk::new(if begins_yearly { YEAR } else { PLUS });
        for step in &steps {
            walk.take(step);
        }
        prop_assert!(walk.is_paid_for(), "{:?}", walk);
    }

    /// The same between plans of two products, whose lines settle on one invoice.
    #[test]
    fn s4_14_no_loop_between_two_products_brings_credits_that_were_not_paid_for(
        steps in prop::collection::vec(step(&[PLUS, AUDIO], 400), 0..40),
    ) {
        let mut walk = Walk::new(PLUS);
        for step in &steps {
            walk.take(step);
        }
        prop_assert!(walk.is_paid_for(), "{:?}", walk);
    }

    /// A walk that only goes up, and pays at once, gets what it pays for.
    #[test]
    fn s4_14_what_is_paid_for_upgrades_brings_its_credits(hours in prop::collection::vec(1_i64..200, 1..4)) {
        let mut walk = Walk::new(PRO);
        for (place, hours) in hours.iter().enumerate() {
            walk.take(&Step::Wait(*hours));
            let quantity = u64::try_from(place).unwrap() + 1;
            walk.take(&Step::Change { plan: PREMIER, quantity, at_once: true, resets: false });
        }
        let slack = walk.lines * MINOR_PER_CREDIT;
        prop_assert!(walk.credits * MINOR_PER_CREDIT >= walk.paid - slack, "{:?}", walk);
    }
}

#[test]
fn s4_14_up_on_each_last_day_and_down_by_schedule_brings_one_whole_difference() {
    let mut walk = Walk::under(OnUpgrade::FullDifference, PRO);
    for month in 0..12 {
        walk.take(&Step::Wait(30 * 24 - 1));
        walk.take(&Step::Change { plan: PREMIER, quantity: 1, at_once: true, resets: false });
        if month == 5 {
            // Another subscription in the place of the first one.
            walk.take(&Step::Cancel);
            walk.take(&Step::Resubscribe);
        }
        walk.take(&Step::RenewAs(PRO, 1));
    }
    assert_eq!(walk.advances.len(), 1);
    assert!(walk.is_paid_for(), "{walk:?}");
}
