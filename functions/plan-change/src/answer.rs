//! What the two calls answer, and the confirmation that the second one carries.
//!
//! The confirmation is the instant of the preview and a hash of everything that was shown. It proves that
//! exactly this was looked at; a caller who may confirm may ask for the preview as well, so no secret is in
//! it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda::http::JsonDisplay;
use ledger::{ChangeTiming, Money, PlanAhead, PlanChange, Timestamp};
use refunds::fingerprint;
use serde::Serialize;

use crate::standing::{Plan, Standing};
use crate::terms::Terms;

/// How long what was shown can be confirmed, in seconds: long enough to read it, short enough that what it
/// shows is still true.
pub(crate) const VALID_S: u64 = 1800;
/// 144 bits of the hash: far beyond what somebody would send by chance.
const HASH_BYTES: usize = 18;

#[derive(Debug, Serialize)]
pub(crate) struct MoneyAnswer {
    amount_minor: u64,
    currency: String,
}

impl From<Money> for MoneyAnswer {
    fn from(money: Money) -> Self {
        Self { amount_minor: money.minor(), currency: money.currency().as_str().to_owned() }
    }
}

#[derive(Debug, Serialize)]
struct NextCharge {
    amount: MoneyAnswer,
    at: JsonDisplay<Timestamp>,
}

/// Which credits come and go.
#[derive(Debug, Serialize)]
struct CreditsAnswer {
    /// When the charge is paid.
    added: u64,
    /// What happens then to what is left of the period's credits, and what a renewal does to it.
    left_now: &'static str,
    left_at_renewal: &'static str,
    each_period: u64,
}

#[derive(Debug, Serialize)]
struct ClauseAnswer {
    document: &'static str,
    version: &'static str,
    clause: &'static str,
    text: &'static str,
}

/// What a change would do.
#[derive(Debug, Serialize)]
pub(crate) struct PreviewAnswer {
    subscription: String,
    product: &'static str,
    plan: &'static str,
    new_plan: &'static str,
    price: &'static str,
    quantity: u64,
    takes_effect: &'static str,
    takes_effect_at: JsonDisplay<Timestamp>,
    charged_now: MoneyAnswer,
    next_charge: Option<NextCharge>,
    credits: CreditsAnswer,
    message: String,
    clauses: Vec<ClauseAnswer>,
    confirmation: String,
    confirmation_expires_at: JsonDisplay<Timestamp>,
}

/// A change that was confirmed.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeAnswer<'a> {
    subscription: &'a str,
    new_plan: Option<&'static str>,
    price: &'a str,
    quantity: u64,
    takes_effect: &'static str,
    /// `None` of a change at once that Stripe has not carried out.
    takes_effect_at: Option<JsonDisplay<Timestamp>>,
    charged_now: MoneyAnswer,
    state: &'static str,
    /// Stripe's code, or a word of ours.
    declined: Option<&'a str>,
    confirmed_at: JsonDisplay<Timestamp>,
    /// `customer` or `support`.
    channel: &'static str,
    message: String,
}

impl PreviewAnswer {
    pub(crate) fn of(standing: &Standing, terms: &Terms) -> Self {
        let expires_at = terms.prorated_at.plus_s(VALID_S).unwrap_or(terms.prorated_at);
        let kept = |replaces| if replaces { "replaced" } else { "kept" };
        Self {
            subscription: standing.recorded.subscription.id.as_str().to_owned(),
            product: &standing.plan.price.product,
            plan: standing.plan.name,
            new_plan: terms.plan.name,
            price: &terms.plan.price.id,
            quantity: terms.quantity,
            takes_effect: terms.timing.as_str(),
            takes_effect_at: JsonDisplay(terms.takes_effect_at),
            charged_now: terms.charged.into(),
            next_charge: terms
                .next_charge
                .map(|(amount, at)| NextCharge { amount: amount.into(), at: JsonDisplay(at) }),
            credits: CreditsAnswer {
                added: terms.credits,
                left_now: kept(terms.replaces),
                left_at_renewal: kept(terms.renewal_replaces()),
                each_period: terms.credits_each_period,
            },
            message: message_of_preview(standing, terms),
            clauses: clauses(terms),
            confirmation: confirmation_of(standing, terms),
            confirmation_expires_at: JsonDisplay(expires_at),
        }
    }
}

impl<'a> ChangeAnswer<'a> {
    /// Answers with `change`; if it was declined, `ahead` is what the plan still changes to.
    pub(crate) fn of(change: &'a PlanChange, ahead: Option<&PlanAhead>) -> Self {
        let order = &change.order;
        let state = match (change.stripe_at, &change.declined, order.timing) {
            (_, Some(_), _) => "declined",
            (None, None, _) => "confirmed",
            (Some(_), None, ChangeTiming::AtPeriodEnd) => "scheduled",
            (Some(_), None, ChangeTiming::AtOnce | ChangeTiming::Kept) => "made",
        };
        let takes_effect_at = match order.timing {
            ChangeTiming::AtOnce => change.stripe_at,
            ChangeTiming::AtPeriodEnd | ChangeTiming::Kept => Some(order.period_ends_at),
        };
        Self {
            subscription: change.subscription.as_str(),
            new_plan: Plan::of(&order.price).map(|plan| plan.name),
            price: &order.price,
            quantity: order.quantity,
            takes_effect: order.timing.as_str(),
            takes_effect_at: takes_effect_at.filter(|_| change.declined.is_none()).map(JsonDisplay),
            charged_now: order.charged.into(),
            state,
            declined: change.declined.as_deref(),
            confirmed_at: JsonDisplay(change.at),
            channel: change.channel.as_str(),
            message: message_of_change(change, ahead),
        }
    }
}

/// A plan as people say it: `pro`, or `3 × pro`.
fn named(plan: &str, quantity: u64) -> String {
    if quantity == 1 { plan.to_owned() } else { format!("{quantity} × {plan}") }
}

/// The sentences that are shown; the fields say the amounts, and the clauses the rest.
fn message_of_preview(standing: &Standing, terms: &Terms) -> String {
    let old = named(standing.plan.name, standing.item.quantity);
    let (new, until) = (named(terms.plan.name, terms.quantity), minute(standing.period_ends_at));
    match terms.timing {
        ChangeTiming::AtOnce if terms.charged.is_zero() => format!(
            "Your plan would change from {old} to {new} at once, and nothing is charged now. It is not \
             changed yet: please confirm."
        ),
        ChangeTiming::AtOnce => format!(
            "Your plan would change from {old} to {new} at once. You would be charged now for what is left \
             of the period, less what you have paid for {old}; if the payment fails, nothing changes. It is \
             not changed yet: please confirm."
        ),
        ChangeTiming::AtPeriodEnd => format!(
            "Your plan would change from {old} to {new} at {until}. Until then you keep what you have paid \
             for, and nothing is charged now. It is not changed yet: please confirm."
        ),
        ChangeTiming::Kept => format!(
            "Your plan would stay {old}: the change that is ahead at {until} would not be made. It is not \
             taken back yet: please confirm."
        ),
    }
}

fn message_of_change(change: &PlanChange, ahead: Option<&PlanAhead>) -> String {
    let order = &change.order;
    let plan_of =
        |price: &str, quantity| named(Plan::of(price).map_or("your new plan", |plan| plan.name), quantity);
    let plan = plan_of(&order.price, order.quantity);
    let at = minute(order.period_ends_at);
    let still = ahead.map_or_else(String::new, |ahead| {
        let (plan, at) = (plan_of(&ahead.price, ahead.quantity), minute(ahead.period_ends_at));
        format!(", and it still changes to {plan} at {at}")
    });
    match (change.stripe_at, &change.declined, order.timing) {
        (_, Some(_), ChangeTiming::AtOnce) => {
            format!(
                "The change was not made, and you were not charged for it: your plan is as it was{still}. \
                 Check how you pay, and try again."
            )
        }
        (_, Some(_), _) => {
            format!(
                "The change was not made: your plan is as it was{still}. Please ask support, who will help."
            )
        }
        (None, None, ChangeTiming::AtOnce) => {
            format!("Your plan is being changed to {plan}. It takes a moment until the payment is through.")
        }
        (Some(_), None, ChangeTiming::AtOnce) => {
            format!("Your plan is {plan} now. The credits of the change come with its payment.")
        }
        (_, None, ChangeTiming::AtPeriodEnd) => {
            format!(
                "Your plan changes to {plan} at {at}. Until then nothing changes, and you can take this back."
            )
        }
        (_, None, ChangeTiming::Kept) => format!("Your plan stays {plan}, also after {at}."),
    }
}

fn clauses(terms: &Terms) -> Vec<ClauseAnswer> {
    let at_once = terms.timing == ChangeTiming::AtOnce;
    let view = |document: &'static policy::Document| {
        document.plan_change_clauses(at_once).map(|clause| ClauseAnswer {
            document: &document.id,
            version: &document.version,
            clause: &clause.id,
            text: &clause.text,
        })
    };
    terms.document.into_iter().flat_map(view).collect()
}

/// What proves that these terms were shown.
pub(crate) fn confirmation_of(standing: &Standing, terms: &Terms) -> String {
    let recorded = &standing.recorded;
    let instant = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_ms).to_string();
    let (next_minor, next_at) =
        terms.next_charge.map_or((0, None), |(amount, at)| (amount.minor(), Some(at)));
    let digest = fingerprint(&[
        recorded.subscription.account.as_str(),
        recorded.subscription.id.as_str(),
        &standing.item.id,
        &standing.item.price,
        &standing.item.quantity.to_string(),
        &terms.plan.price.id,
        &terms.quantity.to_string(),
        terms.timing.as_str(),
        &instant(Some(terms.prorated_at)),
        &terms.charged.minor().to_string(),
        terms.charged.currency().as_str(),
        &next_minor.to_string(),
        &instant(next_at),
        &terms.credits.to_string(),
        &instant(Some(standing.period_ends_at)),
        &instant(recorded.change.as_ref().map(|change| change.at)),
    ]);
    let hash = URL_SAFE_NO_PAD.encode(digest.get(..HASH_BYTES).unwrap_or_default());
    format!("{}.{hash}", terms.prorated_at.as_s())
}

/// The instant of the preview that a confirmation is of, while it can be confirmed at `now`.
pub(crate) fn previewed_at(confirmation: &str, now: Timestamp) -> Option<Timestamp> {
    let (seconds, _) = confirmation.split_once('.')?;
    let at = Timestamp::from_s(seconds.parse().ok()?).ok()?;
    let expires_at = at.plus_s(VALID_S).ok()?;
    (at <= now && now < expires_at).then_some(at)
}

/// An instant as people write it: `2026-11-02 10:00 UTC`.
fn minute(at: Timestamp) -> String {
    // RFC 3339 in ASCII: its first sixteen characters are the date and the minute.
    format!("{} UTC", at.to_string().replace('T', " ").chars().take(16).collect::<String>())
}
