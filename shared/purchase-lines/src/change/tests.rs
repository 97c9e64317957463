//! What changes of plans bring, by the lines of their invoices and the policy's terms.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of an invoice are small")]

use ledger::{Buyer, Money, Timestamp};
use policy::OnUpgrade;
use stripe_events::{BillingPeriod, BillingReason, InvoiceLine, Metadata, PaidInvoice, Quantity};

use crate::change::{bought_by_lines, credits_of_change};
use crate::purchase::{Bought, Extent};

/// 2026-11-15T00:00:00Z: its months begin and end on a 15th.
const START_S: i64 = 1_794_700_800;
pub(super) const DAY_S: i64 = 86_400;
pub(super) const PRO: &str = "price_pro_monthly";
pub(super) const PREMIER: &str = "price_premier_monthly";
pub(super) const PLUS: &str = "price_assistant_plus";
pub(super) const AUDIO: &str = "price_audio_basic";
pub(super) const YEAR: &str = "price_assistant_yearly";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S + second).unwrap()
}

pub(super) fn line(
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
        tax_minor: 0,
        credits_invoice: None,
        period: Some(BillingPeriod { start: at(from_s), end: at(until_s) }),
    }
}

pub(super) fn invoice(reason: BillingReason, paid: u64, total: i64, lines: Vec<InvoiceLine>) -> PaidInvoice {
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

pub(super) fn bought(term: OnUpgrade, invoice: &PaidInvoice) -> Bought {
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
        let found = credits_of_change(&bought.purchases[0], &charges, false);
        assert_eq!(found.get(), expected, "{term:?} {charges:?}");
        // After an earlier whole difference, a change brings the prorated one.
        assert_eq!(credits_of_change(&bought.purchases[0], &charges, true).get(), 750, "{term:?}");
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
            (vec![(750, 1_000)], 0),
        ),
        (
            "it pays for all of a trial that is ended by hand",
            SubscriptionUpdate,
            0,
            3_000,
            vec![line(PRO, 1, 3_000, false, anew)],
            (vec![(500, 3_000)], 0),
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

#[test]
fn a_year_that_grants_monthly_divides_what_is_paid_by_its_months() {
    let year = (0, 365 * DAY_S);
    let rest = (100 * DAY_S, 365 * DAY_S);
    for (name, lines, total, expected) in [
        ("two seats", vec![line(YEAR, 2, 24_000, false, year)], 24_000, (24_000, 2_000, Some((11, 2_000)))),
        (
            "two years, one after the other",
            vec![
                line(YEAR, 1, 12_000, false, year),
                line(YEAR, 1, 12_000, false, (365 * DAY_S, 731 * DAY_S)),
            ],
            24_000,
            (24_000, 1_000, Some((23, 1_000))),
        ),
        (
            "two seats, line by line",
            vec![line(YEAR, 1, 12_000, false, year), line(YEAR, 1, 12_000, false, year)],
            24_000,
            (24_000, 2_000, Some((11, 2_000))),
        ),
        (
            // A hundred days in, on the 23rd of February: 20 of its month's 28 days, and eight months.
            "a second seat",
            vec![line(YEAR, 1, -8_712, true, rest), line(YEAR, 2, 17_424, true, rest)],
            8_712,
            (8_712, 712, Some((8, 1_000))),
        ),
        (
            // A month of the monthly plan gave 500 of its credits back.
            "from a monthly plan",
            vec![line(PLUS, 1, -500, true, (15 * DAY_S, 30 * DAY_S)), line(YEAR, 1, 12_000, false, year)],
            11_500,
            (11_500, 962, Some((11, 958))),
        ),
        (
            "half an hour before a month begins",
            vec![line(YEAR, 1, 8_055, true, (120 * DAY_S - 1_800, 365 * DAY_S))],
            8_055,
            (8_055, 55, Some((8, 1_000))),
        ),
        ("the last days", vec![line(YEAR, 1, 400, true, (355 * DAY_S, 365 * DAY_S))], 400, (328, 328, None)),
    ] {
        let paid = invoice(BillingReason::SubscriptionUpdate, u64::try_from(total).unwrap(), total, lines);
        let bought = bought(OnUpgrade::ProratedDifference, &paid);
        let [purchase] = &bought.purchases[..] else { panic!("{name}: {bought:?}") };
        let further = purchase.further(true).map(|further| (further.grants, further.each.get()));
        let later = further.map_or(0, |(grants, each)| u64::from(grants) * each);
        assert_eq!((purchase.credits.get(), purchase.credits.get() - later, further), expected, "{name}");
    }
}

#[test]
fn the_whole_difference_of_a_year_that_grants_monthly_is_that_of_the_months_that_are_left() {
    let rest = (100 * DAY_S, 365 * DAY_S);
    let lines = vec![line(YEAR, 1, -8_712, true, rest), line(YEAR, 2, 17_424, true, rest)];
    let paid = invoice(BillingReason::SubscriptionUpdate, 8_712, 8_712, lines);
    let bought = bought(OnUpgrade::FullDifference, &paid);
    let Extent::Difference { full: Some(full) } = bought.purchases[0].extent else { panic!("{bought:?}") };
    // The month that runs, and eight more.
    assert_eq!(full.get(), 9_000);
}

#[test]
fn a_change_of_a_year_that_the_next_one_pays_comes_with_it() {
    let (rest, next) = ((300 * DAY_S, 365 * DAY_S), (365 * DAY_S, 731 * DAY_S));
    let lines = vec![
        line(YEAR, 1, -2_136, true, rest),
        line(YEAR, 2, 4_272, true, rest),
        line(YEAR, 2, 24_000, false, next),
    ];
    let paid = invoice(BillingReason::SubscriptionCycle, 26_136, 26_136, lines);
    let bought = bought(OnUpgrade::ProratedDifference, &paid);
    let further = |at: usize| bought.purchases[at].further(true).map(|further| further.each.get());
    assert_eq!((further(0), further(1)), (Some(2_000), None));
    assert_eq!(shape(&bought), (vec![(24_000, 24_000), (2_136, 2_136)], 0));
}
