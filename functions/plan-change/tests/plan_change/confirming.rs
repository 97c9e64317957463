//! Confirming exactly what was shown, once.

use ledger::contract::{DAY_S, at};
use ledger::{ChangeTiming, Channel, PlanChange};
use serde_json::{Value, json};
use testkit::stand_in::NewPrice;

use crate::world::{CHANGE, CUSTOMER, NOW_S, World, refusal};

const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";

#[tokio::test]
async fn a_confirmed_change_is_recorded_and_announced_before_stripe_is_asked() {
    let world = World::of(PRO).await;
    let (_, shown) = world.preview(PREMIER).await;
    let (status, done) = world.confirm(PREMIER, &shown).await;
    assert_eq!((status, &done["state"]), (200, &json!("confirmed")), "{done:#}");
    let recorded = world.recorded().await.unwrap();
    assert_eq!((recorded.at, recorded.channel), (at(NOW_S + 60), Channel::Customer));
    let order = &recorded.order;
    assert_eq!((order.timing, order.charged.minor()), (ChangeTiming::AtOnce, 1000));
    assert_eq!((order.prorated_at, order.months), (at(NOW_S), 1));
    assert_eq!(world.app.payouts.announced(), [format!("change customer-1 {}", world.id)]);
    assert_eq!(world.writes(), 0, "the payout queue's function asks Stripe");
    // The same call again is the same answer, long after the confirmation expired, and without a call to
    // Stripe.
    let calls = world.stripe.calls().len();
    assert_eq!(world.confirm_at(NOW_S + 9000, PREMIER, &shown).await, (200, done));
    assert_eq!(world.stripe.calls().len(), calls);
    assert_eq!((world.recorded().await, world.app.payouts.announced().len()), (Some(recorded), 1));
}

#[tokio::test]
async fn the_answer_says_what_stripe_made_of_it() {
    let world = World::of(PRO).await;
    let (_, shown) = world.preview(PREMIER).await;
    world.confirm(PREMIER, &shown).await;
    world.settle(None).await;
    let (_, made) = world.confirm(PREMIER, &shown).await;
    assert_eq!(
        (&made["state"], &made["takes_effect_at"]),
        (&json!("made"), &json!(at(NOW_S + 90).to_string()))
    );
    let world = World::of(PRO).await;
    let (_, shown) = world.preview(PREMIER).await;
    world.confirm(PREMIER, &shown).await;
    world.settle(Some("card_declined")).await;
    let (_, declined) = world.confirm(PREMIER, &shown).await;
    assert_eq!((&declined["state"], &declined["declined"]), (&json!("declined"), &json!("card_declined")));
    assert_eq!(declined["takes_effect_at"], Value::Null);
    assert!(declined["message"].as_str().unwrap().contains("you were not charged"));
    // What was declined keeps nobody from trying again.
    let (status, again) = world.preview_at(NOW_S + 120, &json!({ "price": PREMIER })).await;
    assert_eq!(status, 200, "{again:#}");
    assert_ne!(again["confirmation"], shown["confirmation"]);
    assert_eq!(world.confirm_at(NOW_S + 130, PREMIER, &again).await.1["state"], "confirmed");
}

#[tokio::test]
async fn what_is_not_true_any_more_is_answered_with_a_new_preview() {
    for word in ["forged", "expired", "other quantity", "other amount", "of the future"] {
        let world = World::of(PRO).await;
        let (_, mut shown) = world.preview(PREMIER).await;
        let mut body = json!({ "price": PREMIER, "confirmation": shown["confirmation"] });
        let mut seconds = NOW_S + 60;
        match word {
            "forged" => body["confirmation"] = json!(format!("{}.AAAAAAAA", at(NOW_S).as_s())),
            "expired" => seconds = NOW_S + 1800,
            "other quantity" => body["quantity"] = json!(2),
            "of the future" => {
                shown = world.preview_at(NOW_S + 100, &json!({ "price": PREMIER })).await.1;
                body["confirmation"] = shown["confirmation"].clone();
            }
            _ => {
                world.stripe.sell(&NewPrice::of(PREMIER, 3100, "usd")).unwrap();
            }
        }
        let (status, problem) = world.send(world.event(CHANGE, seconds, &body), at(seconds)).await;
        assert_eq!((status, refusal(&problem).0.as_str()), (409, "preview-changed"), "{word} {problem:#}");
        assert_eq!(world.recorded().await, None, "{word}");
        // The new preview can be confirmed as it is.
        let mut next = body.clone();
        next["confirmation"] = problem["preview"]["confirmation"].clone();
        let (status, done) = world.send(world.event(CHANGE, seconds + 1, &next), at(seconds + 1)).await;
        assert_eq!(status, 200, "{word} {done:#}");
        let charged = &problem["preview"]["charged_now"];
        assert_eq!(&done["charged_now"], charged, "{word}");
    }
}

#[tokio::test]
async fn of_two_different_changes_at_once_one_is_recorded() {
    let world = World::of(PRO).await;
    let (_, one) = world.preview(PREMIER).await;
    let (_, other) = world.preview_at(NOW_S, &json!({ "price": PRO, "quantity": 2 })).await;
    let other_body = json!({ "price": PRO, "quantity": 2, "confirmation": other["confirmation"] });
    let first = world.confirm(PREMIER, &one);
    let second = world.send(world.event(CHANGE, NOW_S + 60, &other_body), at(NOW_S + 60));
    let (first, second) = tokio::join!(first, second);
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let refused = if first.0 == 409 { first.1 } else { second.1 };
    assert_eq!(refusal(&refused).0, "plan-change-open");
    assert_eq!(world.app.payouts.announced().len(), 1);
    // While it is open, nothing else is shown either.
    let (status, problem) = world.preview_at(NOW_S + 70, &json!({ "price": PRO, "quantity": 3 })).await;
    assert_eq!((status, refusal(&problem).0.as_str()), (409, "plan-change-open"));
}

#[tokio::test]
async fn a_downgrade_can_be_taken_back_and_replaced_until_it_takes_effect() {
    let world = World::of(PREMIER).await;
    let (_, shown) = world.preview(PRO).await;
    let (_, done) = world.confirm(PRO, &shown).await;
    assert_eq!(
        (&done["takes_effect"], &done["takes_effect_at"]),
        (&json!("at_period_end"), &json!(at(30 * DAY_S).to_string()))
    );
    world.settle(None).await;
    assert_eq!(world.confirm(PRO, &shown).await.1["state"], "scheduled");
    // The same once more is nothing new.
    let (status, problem) = world.preview_at(NOW_S + 100, &json!({ "price": PRO })).await;
    assert_eq!(status, 422);
    assert_eq!(refusal(&problem).1, "expected another plan than the one that is ahead already");
    // Another change takes its place.
    let (status, other) = world.preview_at(NOW_S + 100, &json!({ "price": PRO, "quantity": 3 })).await;
    assert_eq!((status, &other["takes_effect"]), (200, &json!("at_period_end")), "{other:#}");
    let (status, kept) = world.preview_at(NOW_S + 100, &json!({ "price": PREMIER })).await;
    assert_eq!((status, &kept["takes_effect"]), (200, &json!("kept")), "{kept:#}");
    assert_eq!(kept["charged_now"]["amount_minor"], 0);
    let (_, done) = world.confirm_at(NOW_S + 110, PREMIER, &kept).await;
    assert_eq!((&done["state"], &done["takes_effect"]), (&json!("confirmed"), &json!("kept")));
    let settled = world.settle(None).await;
    assert_eq!(settled.order.timing, ChangeTiming::Kept);
    // From here on there is nothing to take back.
    let (status, _) = world.preview_at(NOW_S + 200, &json!({ "price": PREMIER })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn s4_15_a_downgrade_stays_ahead_if_a_later_upgrade_is_declined() {
    let world = World::of(PREMIER).await;
    let (_, shown) = world.preview(PRO).await;
    world.confirm(PRO, &shown).await;
    world.settle(None).await;
    let seats = json!({ "price": PREMIER, "quantity": 2 });
    for attempt in 1..=2 {
        let seconds = NOW_S + 100 * attempt;
        let (_, shown) = world.preview_at(seconds, &seats).await;
        assert_eq!(shown["takes_effect"], "at_once", "{shown:#}");
        let body = json!({ "price": PREMIER, "quantity": 2, "confirmation": shown["confirmation"] });
        let confirm = || world.send(world.event(CHANGE, seconds + 10, &body), at(seconds + 10));
        assert_eq!(confirm().await.1["state"], "confirmed");
        world.settle(Some("card_declined")).await;
        let (_, declined) = confirm().await;
        assert_eq!((&declined["state"], &declined["new_plan"]), (&json!("declined"), &json!("premier")));
        let message = declined["message"].as_str().unwrap();
        let still = "your plan is as it was, and it still changes to pro at 2026-12-01 00:00 UTC. Check";
        assert!(message.contains(still), "{message}");
        // It cannot be asked for once more, and can be taken back.
        let (status, _) = world.preview_at(seconds + 20, &json!({ "price": PRO })).await;
        assert_eq!(status, 422);
        let (_, kept) = world.preview_at(seconds + 20, &json!({ "price": PREMIER })).await;
        assert_eq!(kept["takes_effect"], "kept", "{kept:#}");
    }
    let (_, shown) = world.preview_at(NOW_S + 300, &seats).await;
    let body = json!({ "price": PREMIER, "quantity": 2, "confirmation": shown["confirmation"] });
    world.send(world.event(CHANGE, NOW_S + 310, &body), at(NOW_S + 310)).await;
    world.settle(None).await;
    // What is made has taken its place.
    let (status, again) = world.preview_at(NOW_S + 320, &json!({ "price": PRO, "quantity": 2 })).await;
    assert_eq!((status, &again["takes_effect"]), (200, &json!("at_period_end")), "{again:#}");
    let (status, _) = world.preview_at(NOW_S + 320, &json!({ "price": PREMIER, "quantity": 1 })).await;
    assert_eq!(status, 422, "there is nothing to take back");
}

#[tokio::test]
async fn a_queue_that_is_down_leaves_the_change_to_the_sweep() {
    use ledger::PlanChangeStore as _;
    let world = World::of(PRO).await;
    let (_, shown) = world.preview(PREMIER).await;
    world.app.payouts.refuse(true);
    assert_eq!(world.confirm(PREMIER, &shown).await.0, 200);
    let due = |seconds| world.app.store.unreported_plan_changes(at(seconds), 10);
    assert_eq!(due(NOW_S + 60 + 299).await.unwrap(), []);
    assert_eq!(due(NOW_S + 60 + 300).await.unwrap().len(), 1);
    world.settle(None).await;
    assert_eq!(due(NOW_S + 9000).await.unwrap(), []);
}

#[tokio::test]
async fn support_changes_a_plan_for_a_customer_and_nobody_else_can() {
    let world = World::of(PRO).await;
    let body = json!({ "price": PREMIER });
    let event = world.event(crate::world::PREVIEW, NOW_S, &body);
    let (status, _) = world.send(event.clone().as_customer("customer-2"), at(NOW_S)).await;
    assert_eq!(status, 404);
    let (status, shown) = world.send(event.as_support("agent-1"), at(NOW_S)).await;
    assert_eq!(status, 200);
    let body = json!({ "price": PREMIER, "confirmation": shown["confirmation"] });
    let event = world.event(CHANGE, NOW_S, &body).as_support("agent-1");
    let (_, done) = world.send(event, at(NOW_S)).await;
    assert_eq!(done["channel"], "support");
    let recorded = world.recorded().await.map(|change: PlanChange| change.account);
    assert_eq!(recorded.unwrap().as_str(), CUSTOMER);
}
