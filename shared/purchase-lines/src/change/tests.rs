//! What changes of plans bring, by the lines of their invoices: by the policy's terms, and over whole walks.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of a walk are small")]

use ledger::{Buyer, Money, Timestamp};
use policy::OnUpgrade;
use proptest::prelude::*;
use stripe_events::{BillingPeriod, BillingReason, InvoiceLine, Metadata, PaidInvoice, Quantity};

use crate::change::{bought_by_lines, credits_of_change};
use crate::purchase::{Bought, Extent};

/// 2026-11-15T00:00:00Z: its months begin and end on a 15th.
const START_S: i64 = 1_794_700_800;
const DAY_S: i64 = 86_400;
const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";
/// Both plans cost as much for each credit, so that money and credits compare.
const MINOR_PER_CREDIT: i64 = 6;

fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S + second).unwrap()
}

fn line(
    price: &str,
    quantity: u64,
    amount: i64,
    proration: bool,
    (from_s, until_s): (i64, i64),
) -> InvoiceLine {
    InvoiceLine {
        id: "il_1".parse().unwrap(),
        price: Some(price.parse().unwrap()),
        quantity: Some(Quantity::whole(quantity)),
        proration,
        amount_minor: amount,
        discount_minor: 0,
        period: Some(BillingPeriod { start: at(from_s), end: at(until_s) }),
    }
}

fn invoice(reason: BillingReason, paid: u64, total: i64, lines: Vec<InvoiceLine>) -> PaidInvoice {
    PaidInvoice {
        id: "in_1".parse().unwrap(),
        number: None,
        receipt_number: None,
        customer: None,
        subscription: Some("sub_1".parse().unwrap()),
        subscription_metadata: Metadata::default(),
        buyer: Buyer::default(),
        billing_reason: Some(reason),
        amount_paid: Money::new(paid, ledger::Currency::new("usd").unwrap()),
        total_minor: Some(total),
        lines: Some(lines),
        payments: None,
        paid_at: at(0),
    }
}

fn bought(term: OnUpgrade, invoice: &PaidInvoice) -> Bought {
    bought_by_lines(invoice.into(), &|_| term).unwrap()
}

/// Credits and money of each purchase, and the money beside them.
fn shape(bought: &Bought) -> (Vec<(u64, u64)>, u64) {
    let purchases = bought.purchases.iter().map(|each| (each.credits.get(), each.minor));
    (purchases.collect(), bought.beside_minor)
}

#[test]
fn a_term_says_what_a_paid_change_brings() {
    // Half of November's period is left.
    let rest = (15 * DAY_S, 30 * DAY_S);
    let changed = vec![line(PRO, 1, -500, true, rest), line(PREMIER, 1, 1_500, true, rest)];
    let paid = invoice(BillingReason::SubscriptionUpdate, 1_000, 1_000, changed);
    for (term, full) in [
        (OnUpgrade::ProratedDifference, None),
        (OnUpgrade::FullDifference, Some(1_500)),
        (OnUpgrade::Reset, None),
    ] {
        let bought = bought(term, &paid);
        assert_eq!(shape(&bought), (vec![(750, 1_000)], 0), "{term:?}");
        let Extent::Difference { full: found } = bought.purchases[0].extent else { panic!("{bought:?}") };
        assert_eq!(found.map(ledger::Credits::get), full);
    }
    // A period that begins with the change and is paid in full.
    let month = (15 * DAY_S, 45 * DAY_S);
    let anew = vec![line(PREMIER, 1, 12_000, false, month)];
    let anew = invoice(BillingReason::SubscriptionUpdate, 12_000, 12_000, anew);
    for (term, extent) in [(OnUpgrade::ProratedDifference, Extent::Whole), (OnUpgrade::Reset, Extent::Anew)] {
        let bought = bought(term, &anew);
        assert_eq!((shape(&bought), bought.purchases[0].extent), ((vec![(2_000, 12_000)], 0), extent));
    }
}

#[test]
fn the_whole_difference_is_brought_once_in_a_period() {
    let rest = (15 * DAY_S, 30 * DAY_S);
    let changed = vec![line(PRO, 1, -500, true, rest), line(PREMIER, 1, 1_500, true, rest)];
    let paid = invoice(BillingReason::SubscriptionUpdate, 1_000, 1_000, changed);
    for (term, charges, expected) in [
        (OnUpgrade::FullDifference, vec![at(0)], 1_500),
        // Two lots of one invoice; and what was charged in the period before.
        (OnUpgrade::FullDifference, vec![at(0), at(0)], 1_500),
        (OnUpgrade::FullDifference, vec![at(-31 * DAY_S), at(-1), at(0)], 1_500),
        (OnUpgrade::FullDifference, vec![at(0), at(5 * DAY_S)], 750),
        (OnUpgrade::ProratedDifference, vec![at(0)], 750),
    ] {
        let bought = bought(term, &paid);
        let found = credits_of_change(&bought.purchases[0], &charges);
        assert_eq!(found.get(), expected, "{term:?} {charges:?}");
    }
}

#[test]
fn what_a_change_gives_back_is_off_the_period_it_pays_for() {
    use BillingReason::{SubscriptionCycle, SubscriptionUpdate};
    let (rest, next) = ((15 * DAY_S, 30 * DAY_S), (30 * DAY_S, 61 * DAY_S));
    let anew = (15 * DAY_S, 45 * DAY_S);
    for (name, reason, paid, total, lines, expected) in [
        (
            "the anchor is reset by an upgrade",
            SubscriptionUpdate,
            10_500,
            10_500,
            vec![line(PRO, 1, -1_500, true, rest), line(PREMIER, 1, 12_000, false, anew)],
            (vec![(1_750, 10_500)], 0),
        ),
        (
            "and by a downgrade, which costs nothing",
            SubscriptionUpdate,
            0,
            -3_000,
            vec![line(PREMIER, 1, -6_000, true, rest), line(PRO, 1, 3_000, false, anew)],
            (vec![], 0),
        ),
        (
            "the renewal pays for an upgrade before it",
            SubscriptionCycle,
            16_500,
            16_500,
            vec![
                line(PRO, 1, -1_500, true, rest),
                line(PREMIER, 1, 6_000, true, rest),
                line(PREMIER, 1, 12_000, false, next),
            ],
            (vec![(2_000, 12_000), (750, 4_500)], 0),
        ),
        (
            "the renewal gives back for a downgrade before it",
            SubscriptionCycle,
            1_500,
            1_500,
            vec![
                line(PRO, 2, -3_000, true, rest),
                line(PRO, 1, 1_500, true, rest),
                line(PRO, 1, 3_000, false, next),
            ],
            (vec![(250, 1_500)], 0),
        ),
        (
            "a downgrade gives back more than the renewal costs",
            SubscriptionCycle,
            0,
            -1_500,
            vec![
                line(PREMIER, 1, -6_000, true, rest),
                line(PRO, 1, 1_500, true, rest),
                line(PRO, 1, 3_000, false, next),
            ],
            (vec![], 0),
        ),
        (
            "the customer's balance pays for half of an upgrade",
            SubscriptionUpdate,
            500,
            1_000,
            vec![line(PRO, 1, -500, true, rest), line(PREMIER, 1, 1_500, true, rest)],
            (vec![(375, 1_000)], 0),
        ),
        (
            "it pays for all of a trial that is ended by hand",
            SubscriptionUpdate,
            0,
            3_000,
            vec![line(PRO, 1, 3_000, false, anew)],
            (vec![], 3_000),
        ),
        (
            "it pays for a renewal",
            SubscriptionCycle,
            0,
            3_000,
            vec![line(PRO, 1, 3_000, false, next)],
            (vec![(500, 3_000)], 0),
        ),
        (
            "more is paid for fewer credits",
            SubscriptionUpdate,
            100,
            100,
            vec![line(PREMIER, 1, -500, true, rest), line(PRO, 1, 600, true, rest)],
            (vec![], 100),
        ),
        (
            "a proration without a period",
            SubscriptionUpdate,
            100,
            100,
            vec![InvoiceLine { period: None, ..line(PRO, 1, 100, true, rest) }],
            (vec![], 100),
        ),
    ] {
        let bought = bought(OnUpgrade::ProratedDifference, &invoice(reason, paid, total, lines));
        assert_eq!(shape(&bought), expected, "{name}");
    }
}

#[test]
fn a_period_that_ends_with_a_short_month_is_measured_in_favour_of_neither_side() {
    // From the 31st of January until the 28th of February, and the whole of it.
    let period = (77 * DAY_S, 105 * DAY_S);
    assert_eq!(at(period.1).to_string(), "2027-02-28T00:00:00Z");
    let share = |gives_back| {
        let line = line(PRO, 1, if gives_back { -3_000 } else { 3_000 }, true, period);
        crate::change::part_of_period(&line, 1, gives_back)
    };
    let days = |(part, whole): (u64, u64)| (part / 86_400_000, whole / 86_400_000);
    assert_eq!((days(share(false)), days(share(true))), ((28, 31), (28, 28)));
}

#[test]
fn a_year_is_measured_by_a_year() {
    // A hundred days before the yearly period's end, a second seat: 4800 credits for 100 of 365 days.
    let rest = (265 * DAY_S, 365 * DAY_S);
    let changed = vec![
        line("price_image_yearly", 1, -2_000, true, rest),
        line("price_image_yearly", 2, 4_000, true, rest),
    ];
    let paid = invoice(BillingReason::SubscriptionUpdate, 2_000, 2_000, changed);
    assert_eq!(shape(&bought(OnUpgrade::ProratedDifference, &paid)), (vec![(4_800 * 100 / 365, 2_000)], 0));
}

/// One subscription at Stripe, as far as its invoices go.
#[derive(Debug)]
struct Walk {
    plan: &'static str,
    quantity: u64,
    now_s: i64,
    period: (i64, i64),
    in_trial: bool,
    pending: Vec<InvoiceLine>,
    /// What Stripe holds for the customer.
    balance: i64,
    /// Money that was charged, and balance that went into whole periods.
    paid: i64,
    credits: i64,
    lines: i64,
}

#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Change { plan: &'static str, quantity: u64, at_once: bool, resets: bool },
    Trial,
    EndTrial,
    Renew,
}

fn whole_price(plan: &str, quantity: u64) -> i64 {
    let credits = if plan == PRO { 500 } else { 2_000 };
    i64::try_from(quantity).unwrap() * credits * MINOR_PER_CREDIT
}

fn month_after(second: i64) -> i64 {
    let days = (28..=31).rev().find(|days| at(second + days * DAY_S).months_before(1).unwrap() <= at(second));
    second + days.unwrap() * DAY_S
}

impl Walk {
    fn new() -> Self {
        let mut walk = Self {
            plan: PRO,
            quantity: 1,
            now_s: 0,
            period: (0, month_after(0)),
            in_trial: false,
            pending: Vec::new(),
            balance: 0,
            paid: 0,
            credits: 0,
            lines: 0,
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
        let is_whole = reason != BillingReason::SubscriptionUpdate;
        self.paid += charged + if is_whole { from_balance } else { 0 };
        let invoice = invoice(reason, u64::try_from(charged).unwrap(), total, lines);
        let bought = bought(OnUpgrade::ProratedDifference, &invoice);
        self.credits +=
            bought.purchases.iter().map(|each| i64::try_from(each.credits.get()).unwrap()).sum::<i64>();
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Wait(hours) => self.now_s = (self.now_s + hours * 3_600).min(self.period.1 - 1),
            Step::Change { plan, quantity, at_once, resets } => {
                let mut lines = Vec::new();
                if !self.in_trial {
                    lines.push(self.rest_line(-1));
                }
                (self.plan, self.quantity) = (plan, quantity);
                if resets {
                    self.in_trial = false;
                    self.period = (self.now_s, month_after(self.now_s));
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
                self.period = (self.now_s, month_after(self.now_s));
                let whole = self.whole_line();
                self.charge(BillingReason::SubscriptionUpdate, vec![whole]);
            }
            Step::Renew => {
                self.now_s = self.period.1;
                self.in_trial = false;
                self.period = (self.now_s, month_after(self.now_s));
                let whole = self.whole_line();
                self.charge(BillingReason::SubscriptionCycle, vec![whole]);
            }
            Step::Trial | Step::EndTrial => {}
        }
    }
}

fn change_of((plan, quantity, at_once, resets): (&'static str, u64, bool, bool)) -> Step {
    Step::Change { plan, quantity, at_once, resets }
}

fn step() -> impl Strategy<Value = Step> {
    let change = (prop::sample::select(vec![PRO, PREMIER]), 1_u64..=3, any::<bool>(), any::<bool>());
    prop_oneof![
        2 => (1_i64..400).prop_map(Step::Wait),
        4 => change.prop_map(change_of),
        1 => Just(Step::Trial),
        1 => Just(Step::EndTrial),
        2 => Just(Step::Renew),
    ]
}

proptest! {
    /// Up, down and up again, seats to and fro, a trial again, the anchor reset, paid at once, with the next
    /// invoice or from the balance that a change before has left.
    #[test]
    fn s4_14_no_loop_of_changes_brings_credits_that_were_not_paid_for(
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut walk = Walk::new();
        for step in &steps {
            walk.take(step);
        }
        // Each line is rounded by itself to half a unit, which is a part of a credit.
        prop_assert!(walk.credits * MINOR_PER_CREDIT <= walk.paid + walk.lines, "{:?}", walk);
    }

    /// A walk that only goes up, and pays at once, gets what it pays for.
    #[test]
    fn s4_14_what_is_paid_for_upgrades_brings_its_credits(hours in prop::collection::vec(1_i64..200, 1..4)) {
        let mut walk = Walk::new();
        for (place, hours) in hours.iter().enumerate() {
            walk.take(&Step::Wait(*hours));
            let quantity = u64::try_from(place).unwrap() + 1;
            walk.take(&Step::Change { plan: PREMIER, quantity, at_once: true, resets: false });
        }
        let slack = walk.lines * MINOR_PER_CREDIT;
        prop_assert!(walk.credits * MINOR_PER_CREDIT >= walk.paid - slack, "{:?}", walk);
    }
}
