//! What a change would do, and what is refused.

use ledger::contract::{DAY_S, at};
use ledger::{Provider, Subscription, Timestamp};
use policy::OnUpgrade;
use serde_json::{Value, json};
use testkit::stand_in::{Cancel, Emission, End, Fault, NewPrice, Operation, Owe, Schedule};

use crate::world::{NOW_S, World, refusal};

/// The parts of a preview that say when and for how much.
fn terms(shown: &Value) -> (&str, u64, u64, u64) {
    (
        shown["takes_effect"].as_str().unwrap(),
        shown["charged_now"]["amount_minor"].as_u64().unwrap(),
        shown["next_charge"]["amount"]["amount_minor"].as_u64().unwrap(),
        shown["credits"]["added"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn s4_14_an_upgrade_is_shown_with_its_prorated_charge_and_its_credits() {
    let world = World::of("price_pro_monthly").await;
    let (status, shown) = world.preview("price_premier_monthly").await;
    assert_eq!(status, 200, "{shown:#}");
    // Half of 3000 less half of 1000; 1500 credits more, for half of a period of 30 days.
    assert_eq!(terms(&shown), ("at_once", 1000, 3000, 750));
    assert_eq!((&shown["plan"], &shown["new_plan"]), (&json!("pro"), &json!("premier")));
    assert_eq!(shown["takes_effect_at"], at(NOW_S).to_string());
    assert_eq!(shown["next_charge"]["at"], at(30 * DAY_S).to_string());
    assert_eq!(shown["credits"]["each_period"], 2000);
    assert_eq!(shown["confirmation_expires_at"], at(NOW_S + 1800).to_string());
    // Looking changes nothing.
    assert_eq!((world.writes(), world.recorded().await), (0, None));
    assert!(world.app.payouts.announced().is_empty());
}

#[tokio::test]
async fn the_whole_difference_is_shown_until_a_change_has_had_it() {
    let mut world = World::of("price_pro_monthly").await;
    world.app.on_upgrade = |_, _| OnUpgrade::FullDifference;
    let (_, shown) = world.preview("price_premier_monthly").await;
    assert_eq!(terms(&shown), ("at_once", 1000, 3000, 1500));
    world.had_whole_difference().await;
    let (_, shown) = world.preview("price_premier_monthly").await;
    assert_eq!(terms(&shown), ("at_once", 1000, 3000, 750));
}

#[tokio::test]
async fn s4_15_a_downgrade_is_shown_with_the_periods_end_and_no_charge() {
    let world = World::of("price_premier_monthly").await;
    let (status, shown) = world.preview("price_pro_monthly").await;
    assert_eq!(status, 200, "{shown:#}");
    assert_eq!(terms(&shown), ("at_period_end", 0, 1000, 0));
    assert_eq!(shown["takes_effect_at"], at(30 * DAY_S).to_string());
    assert_eq!(shown["credits"]["each_period"], 500);
}

#[tokio::test]
async fn s4_13_the_clauses_about_the_change_are_shown() {
    let clauses = |shown: &Value| {
        let clauses = shown["clauses"].as_array().unwrap().iter();
        clauses.map(|clause| clause["clause"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let world = World::of("price_image_monthly").await;
    let (_, shown) = world.preview("price_image_yearly").await;
    assert_eq!(clauses(&shown), ["change-at-any-time", "upgrade-at-once"]);
    // A period that begins with the change: 4800 credits less half of 400, which the old one gives back.
    assert_eq!(terms(&shown).0, "at_once");
    assert_eq!(terms(&shown).1, 10_000 - 500);
    let more = json!({ "price": "price_image_monthly", "quantity": 2 });
    let (_, shown) = world.preview_at(NOW_S, &more).await;
    assert_eq!(terms(&shown), ("at_once", 500, 2000, 200));
    world.stripe.sell(&NewPrice::of("price_image_yearly", 100, "usd")).unwrap();
    let world = World::of("price_image_yearly").await;
    let (_, shown) = world.preview_at(NOW_S, &json!({ "price": "price_image_monthly" })).await;
    assert_eq!(clauses(&shown), ["change-at-any-time", "downgrade-at-the-end"]);
    assert_eq!((terms(&shown).0, terms(&shown).2), ("at_period_end", 1000));
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_and_the_answer_says_why() {
    let world = World::of("price_pro_monthly").await;
    for (body, status, expected) in [
        (json!({ "price": "price_unheard_of" }), 422, "expected the price of a plan"),
        (json!({ "price": "price_pack_100" }), 422, "expected the price of a plan"),
        (
            json!({ "price": "price_image_yearly" }),
            422,
            "expected one of `price_pro_monthly`, `price_premier_monthly`",
        ),
        (
            json!({ "price": "price_pro_monthly" }),
            422,
            "expected another plan or quantity than the present one",
        ),
        (json!({ "price": "price_pro_monthly", "quantity": 0 }), 422, "expected 1 to 10000"),
        (json!({ "price": "price_pro_monthly", "quantity": 10_001 }), 422, "expected 1 to 10000"),
        (json!({ "price": "price_premier_monthly", "amount": 1 }), 400, "unknown field"),
        (json!({}), 400, "missing"),
    ] {
        let (found, problem) = world.preview_at(NOW_S, &body).await;
        assert_eq!(found, status, "{body} {problem:#}");
        assert!(refusal(&problem).1.contains(expected) || status == 400, "{body} {problem:#}");
    }
    // Stripe sells it in another currency.
    world.stripe.sell(&NewPrice::of("price_premier_monthly", 3000, "eur")).unwrap();
    let (status, problem) = world.preview("price_premier_monthly").await;
    let expected = "expected a plan that Stripe sells to this subscription, in its currency".to_owned();
    assert_eq!((status, refusal(&problem)), (422, ("unprocessable".to_owned(), expected)));
}

#[tokio::test]
async fn a_subscription_that_does_not_run_is_not_changed() {
    let conflict = |detail: &str| ("state-conflict".to_owned(), detail.to_owned());
    for (word, expected) in [
        ("cancelled here", conflict("the subscription is cancelled; a cancelled plan does not change")),
        ("cancelled at Stripe", conflict("the subscription is cancelled; a cancelled plan does not change")),
        (
            "paid through Creem",
            conflict("a plan that is paid through Creem is not changed here; ask support"),
        ),
        ("ended here", conflict("the subscription has ended")),
        ("ended at Stripe", conflict("the subscription has ended")),
        ("past due", conflict("the last invoice is not paid; the plan can change once it is")),
        (
            "scheduled",
            (
                "plan-change-open".to_owned(),
                "a change that was arranged elsewhere is ahead; support can take it back".to_owned(),
            ),
        ),
    ] {
        let world = World::of("price_pro_monthly").await;
        let (subscription, now) = (world.id.as_str().to_owned(), Emission::default());
        let reported = Subscription { as_of: at(2), ..world.reported("price_pro_monthly") };
        match word {
            "cancelled here" => {
                let cancellation_confirmed_at: Option<Timestamp> = Some(at(2));
                world.report(Subscription { cancellation_confirmed_at, ..reported }).await;
            }
            "paid through Creem" => {
                world.report(Subscription { provider: Provider::Creem, ..reported }).await;
            }
            "ended here" => world.report(Subscription { ended_at: Some(at(2)), ..reported }).await,
            "cancelled at Stripe" => {
                let cancel = Cancel { subscription, at_period_end: true, at: None };
                world.stripe.cancel(&cancel, &now).unwrap();
            }
            "ended at Stripe" => {
                world.stripe.end(&End { subscription, ended_at: None }, &now).unwrap();
            }
            "past due" => {
                world.stripe.owe(&Owe { subscription }, &now).unwrap();
            }
            _ => {
                world.stripe.schedule(&Schedule { subscription }, &now).unwrap();
            }
        }
        let (status, problem) = world.preview("price_premier_monthly").await;
        assert_eq!((status, refusal(&problem)), (409, expected), "{word}");
    }
    let world = World::of("price_pro_monthly").await;
    let (status, problem) = world.preview_at(30 * DAY_S, &json!({ "price": "price_premier_monthly" })).await;
    assert_eq!(status, 409, "{problem:#}");
}

#[tokio::test]
async fn stripe_that_does_not_answer_is_unavailable() {
    for (operation, fault, expected) in [
        (Operation::RetrieveSubscription, Fault::Unavailable, 503),
        (Operation::PreviewInvoice, Fault::RateLimited { retry_after_s: None }, 503),
        (Operation::PreviewInvoice, Fault::ResetBeforeActing, 503),
        (Operation::PreviewInvoice, Fault::Garbage, 500),
    ] {
        let world = World::of("price_pro_monthly").await;
        world.stripe.plan(operation, 1, fault.clone());
        let (status, problem) = world.preview("price_premier_monthly").await;
        assert_eq!(status, expected, "{fault:?} {problem:#}");
        assert_eq!(world.preview("price_premier_monthly").await.0, 200);
    }
}
