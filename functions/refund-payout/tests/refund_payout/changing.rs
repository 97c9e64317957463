//! Carrying confirmed changes of plan out at Stripe, through every fault that it can answer with.

use ledger::contract::{DAY_S, at};
use ledger::{
    ChangeTiming, Channel, Currency, Money, PlanChange, PlanChangeStore, PlanOrder, Provider, Subscription,
    SubscriptionId, SubscriptionReport, SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{StoreError, Tables, in_process};
use refund_payout::{PlanChangeError, PlanChangeOutcome, SentPlanChange, send_plan_change};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::stand_in::{
    API_KEY, Cancel, Emission, Fault, NewPrice, Operation, Owe, Renew, Schedule, Settings, StripeStandIn,
    Subscribe,
};

use crate::world::{OnlyStripe, account};

const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";
const HALF_S: u64 = 15 * DAY_S;

struct Scene {
    stripe: StripeStandIn,
    store: Tables,
    client: StripeClient,
    id: SubscriptionId,
}

impl Scene {
    /// A subscription to `price` in the middle of its period.
    async fn of(price: &str) -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        for (price, amount) in [(PRO, 1000), (PREMIER, 3000)] {
            stripe.sell(&NewPrice::of(price, amount, "usd")).unwrap();
        }
        let amount = if price == PRO { 1000 } else { 3000 };
        let emission = Emission { created: Some(at(0).as_s()), ..Emission::default() };
        let made = stripe.subscribe(&Subscribe::of("customer-1", price, amount), &emission).unwrap();
        let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
        let (store, _) = in_process::tables().await;
        let config = StripeConfig {
            base_url: stripe.base_url(),
            secret_key: SecretKey::new(API_KEY).unwrap(),
            timeouts: Timeouts { answer: std::time::Duration::from_millis(400), ..Timeouts::default() },
        };
        let client = StripeClient::new(&config).unwrap();
        let scene = Self { stripe, store, client, id };
        scene.report(at(1), |_| {}).await;
        scene
    }

    async fn report(&self, as_of: Timestamp, change: impl FnOnce(&mut Subscription)) {
        let mut subscription = Subscription {
            provider: Provider::Stripe,
            id: self.id.clone(),
            account: account(),
            as_of,
            price: None,
            period_ends_at: Some(at(30 * DAY_S)),
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: SubscriptionReport::default(),
        };
        change(&mut subscription);
        assert!(self.store.save_subscription(&subscription).await.unwrap());
    }

    fn view(&self) -> testkit::stand_in::Subscription {
        self.stripe.subscriptions().into_iter().find(|each| each.id == self.id.as_str()).unwrap()
    }

    /// A change that was confirmed at `second` of the second half of the period.
    async fn confirm(&self, second: u64, price: &str, timing: ChangeTiming, charged: u64) {
        let change = PlanChange {
            account: account(),
            subscription: self.id.clone(),
            at: in_second_half(second),
            channel: Channel::Customer,
            order: PlanOrder {
                item: self.view().item,
                price: price.to_owned(),
                quantity: 1,
                months: 1,
                timing,
                prorated_at: at(HALF_S),
                charged: Money::new(charged, Currency::new("usd").unwrap()),
                period_ends_at: at(30 * DAY_S),
                confirmation: format!("shown at {second}"),
            },
            replaces: None,
            stripe_at: None,
            declined: None,
            announced: 0,
        };
        let seen = self.stored().await;
        assert!(self.store.confirm_plan_change(seen.as_ref(), &change).await.unwrap());
    }

    async fn stored(&self) -> Option<PlanChange> {
        self.store.plan_change(&account(), &self.id).await.unwrap()
    }

    async fn try_at(&self, second: u64) -> Result<SentPlanChange, PlanChangeError<StoreError>> {
        let now = in_second_half(second);
        Box::pin(send_plan_change(&self.store, &OnlyStripe(self.client.clone()), &account(), &self.id, now))
            .await
    }

    async fn send(&self, second: u64) -> PlanChangeOutcome {
        self.try_at(second).await.unwrap().outcome
    }

    /// Invoices of changes that were paid.
    fn charges(&self) -> Vec<u64> {
        let payments = self.stripe.payments().into_iter();
        let mut amounts: Vec<u64> = payments.map(|payment| payment.amount).collect();
        amounts.remove(0);
        amounts
    }

    fn writes(&self) -> usize {
        let calls = self.stripe.calls();
        calls
            .iter()
            .filter(|call| call.method == "POST" && call.path != "/v1/invoices/create_preview")
            .count()
    }
}

fn declined(code: &str) -> PlanChangeOutcome {
    PlanChangeOutcome::Declined(code.to_owned())
}

#[tokio::test]
async fn s4_14_an_upgrade_is_made_and_charged_once() {
    let scene = Scene::of(PRO).await;
    scene.confirm(0, PREMIER, ChangeTiming::AtOnce, 1000).await;
    assert_eq!(scene.send(1).await, PlanChangeOutcome::Made);
    assert_eq!((scene.view().price.as_str(), scene.charges()), (PREMIER, vec![1000]));
    assert_eq!(scene.stored().await.unwrap().stripe_at, Some(at(HALF_S + 1)));
    let calls = scene.stripe.calls().len();
    for _ in 0..3 {
        assert_eq!(scene.send(2).await, PlanChangeOutcome::Known);
    }
    assert_eq!((scene.stripe.calls().len(), scene.charges().len()), (calls, 1));
    assert_eq!(scene.store.unreported_plan_changes(at(40 * DAY_S), 10).await.unwrap(), []);
}

#[tokio::test]
async fn e1_e2_an_upgrade_whose_answer_was_lost_is_not_charged_again() {
    for (operation, fault) in [
        (Operation::RetrieveSubscription, Fault::Unavailable),
        (Operation::PreviewInvoice, Fault::TimeoutBeforeActing),
        (Operation::UpdateSubscription, Fault::TimeoutBeforeActing),
        (Operation::UpdateSubscription, Fault::TimeoutAfterActing),
        (Operation::UpdateSubscription, Fault::ResetAfterActing),
        (Operation::UpdateSubscription, Fault::InUse),
        (Operation::UpdateSubscription, Fault::RateLimited { retry_after_s: None }),
        (Operation::UpdateSubscription, Fault::ServerError { acts: true }),
    ] {
        let scene = Scene::of(PRO).await;
        scene.confirm(0, PREMIER, ChangeTiming::AtOnce, 1000).await;
        scene.stripe.plan(operation, 1, fault.clone());
        assert!(matches!(scene.try_at(1).await, Err(PlanChangeError::Provider(_))), "{fault:?}");
        assert!(scene.stored().await.unwrap().is_open());
        // Stripe forgets keys after a day, and the sweep announces it under another one.
        scene.stripe.prune_keys();
        scene.store.reschedule_plan_change(&scene.stored().await.unwrap(), at(HALF_S + 900)).await.unwrap();
        assert_eq!(scene.send(300).await, PlanChangeOutcome::Made, "{fault:?}");
        assert_eq!((scene.view().price.as_str(), scene.charges()), (PREMIER, vec![1000]), "{fault:?}");
    }
}

#[tokio::test]
async fn a_change_that_is_not_paid_does_not_take_effect() {
    let scene = Scene::of(PRO).await;
    scene.stripe.set(Settings { cards_decline: true, ..Settings::default() });
    scene.confirm(0, PREMIER, ChangeTiming::AtOnce, 1000).await;
    let sent = scene.try_at(1).await.unwrap();
    // The customer reads it; people need not look.
    assert_eq!(sent, SentPlanChange { outcome: declined("card_declined"), needs_people: false });
    assert_eq!((scene.view().price.as_str(), scene.charges()), (PRO, vec![]));
    assert_eq!(scene.send(2).await, PlanChangeOutcome::Known);
    // Another confirmation is another change.
    scene.stripe.set(Settings::default());
    scene.confirm(60, PREMIER, ChangeTiming::AtOnce, 1000).await;
    assert_eq!(scene.send(61).await, PlanChangeOutcome::Made);
    assert_eq!(scene.charges(), [1000]);
}

#[tokio::test]
async fn more_or_less_than_was_confirmed_is_not_charged() {
    for charged in [999, 1001] {
        let scene = Scene::of(PRO).await;
        scene.confirm(0, PREMIER, ChangeTiming::AtOnce, charged).await;
        assert_eq!(scene.send(1).await, declined("amount_changed"));
        assert_eq!((scene.view().price.as_str(), scene.writes()), (PRO, 0));
    }
}

#[tokio::test]
async fn what_is_over_is_not_made_any_more_and_what_was_made_stays() {
    for (word, expected) in [
        ("cancelled here", "subscription_cancelled"),
        ("cancelled at Stripe", "subscription_cancelled"),
        ("past due", "subscription_not_paid"),
        ("scheduled", "other_schedule"),
        ("a day later", "lapsed"),
    ] {
        for was_made in [false, true] {
            let scene = Scene::of(PRO).await;
            let (subscription, now) = (scene.id.as_str().to_owned(), Emission::default());
            scene.confirm(0, PREMIER, ChangeTiming::AtOnce, 1000).await;
            if was_made {
                scene.stripe.plan(Operation::UpdateSubscription, 1, Fault::TimeoutAfterActing);
                assert!(scene.try_at(1).await.is_err());
            }
            let mut second = 2;
            match word {
                "cancelled here" => {
                    scene
                        .report(at(HALF_S), |known| known.cancellation_confirmed_at = Some(at(HALF_S)))
                        .await;
                }
                "cancelled at Stripe" => {
                    let cancel = Cancel { subscription, at_period_end: true, at: None };
                    scene.stripe.cancel(&cancel, &now).unwrap();
                }
                "past due" => {
                    scene.stripe.owe(&Owe { subscription }, &now).unwrap();
                }
                "scheduled" => {
                    scene.stripe.schedule(&Schedule { subscription }, &now).unwrap();
                }
                _ => second = DAY_S,
            }
            let writes = scene.writes();
            let expected = if was_made { PlanChangeOutcome::Made } else { declined(expected) };
            assert_eq!(scene.send(second).await, expected, "{word}");
            assert_eq!((scene.writes(), scene.charges().len()), (writes, usize::from(was_made)), "{word}");
        }
    }
}

#[tokio::test]
async fn s4_15_a_downgrade_is_scheduled_and_comes_with_the_period() {
    let scene = Scene::of(PREMIER).await;
    scene.confirm(0, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    assert_eq!(scene.send(1).await, PlanChangeOutcome::Made);
    assert_eq!((scene.view().price.as_str(), scene.charges()), (PREMIER, vec![]));
    assert!(scene.view().schedule.is_some());
    assert_eq!(scene.send(2).await, PlanChangeOutcome::Known);
    let renew = Renew { subscription: scene.id.as_str().to_owned(), charged_at: Some(at(30 * DAY_S).as_s()) };
    scene.stripe.renew(&renew, &Emission::default()).unwrap();
    assert_eq!((scene.view().price.as_str(), scene.charges()), (PRO, vec![1000]));
    // A period later, the schedule has nothing more to do.
    let renew = Renew { charged_at: Some(at(60 * DAY_S).as_s()), ..renew };
    scene.stripe.renew(&renew, &Emission::default()).unwrap();
    assert_eq!((scene.view().schedule, scene.charges()), (None, vec![1000, 1000]));
}

#[tokio::test]
async fn a_downgrade_is_scheduled_once_through_every_lost_answer() {
    for (operation, fault) in [
        (Operation::CreateSchedule, Fault::TimeoutBeforeActing),
        (Operation::CreateSchedule, Fault::TimeoutAfterActing),
        (Operation::CreateSchedule, Fault::ServerError { acts: true }),
        (Operation::UpdateSchedule, Fault::TimeoutBeforeActing),
        (Operation::UpdateSchedule, Fault::TimeoutAfterActing),
        (Operation::UpdateSchedule, Fault::Unavailable),
    ] {
        let scene = Scene::of(PREMIER).await;
        scene.confirm(0, PRO, ChangeTiming::AtPeriodEnd, 0).await;
        scene.stripe.plan(operation, 1, fault.clone());
        assert!(matches!(scene.try_at(1).await, Err(PlanChangeError::Provider(_))), "{fault:?}");
        scene.stripe.prune_keys();
        assert_eq!(scene.send(2).await, PlanChangeOutcome::Made, "{operation:?} {fault:?}");
        let schedule = scene.view().schedule;
        let renew =
            Renew { subscription: scene.id.as_str().to_owned(), charged_at: Some(at(30 * DAY_S).as_s()) };
        scene.stripe.renew(&renew, &Emission::default()).unwrap();
        assert_eq!((scene.view().price.as_str(), scene.view().schedule), (PRO, schedule), "{fault:?}");
    }
}

#[tokio::test]
async fn a_second_change_replaces_the_first_and_taking_back_releases_it() {
    let scene = Scene::of(PREMIER).await;
    scene.confirm(0, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    scene.send(1).await;
    let first = scene.view().schedule;
    scene.confirm(10, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    assert_eq!(scene.send(11).await, PlanChangeOutcome::Made);
    assert_eq!(scene.view().schedule, first, "the same schedule has other phases");
    scene.confirm(20, PREMIER, ChangeTiming::Kept, 0).await;
    scene.stripe.plan(Operation::ReleaseSchedule, 1, Fault::TimeoutAfterActing);
    assert!(scene.try_at(21).await.is_err());
    assert_eq!(scene.send(22).await, PlanChangeOutcome::Made);
    assert_eq!(scene.view().schedule, None);
    let renew = Renew { subscription: scene.id.as_str().to_owned(), charged_at: Some(at(30 * DAY_S).as_s()) };
    scene.stripe.renew(&renew, &Emission::default()).unwrap();
    assert_eq!((scene.view().price.as_str(), scene.charges()), (PREMIER, vec![3000]));
}

#[tokio::test]
async fn an_upgrade_takes_the_place_of_a_downgrade_that_is_ahead() {
    let scene = Scene::of(PRO).await;
    scene.stripe.sell(&NewPrice::of("price_small", 500, "usd")).unwrap();
    scene.confirm(0, "price_small", ChangeTiming::AtPeriodEnd, 0).await;
    scene.send(1).await;
    scene.confirm(10, PREMIER, ChangeTiming::AtOnce, 1000).await;
    assert_eq!(scene.send(11).await, PlanChangeOutcome::Made);
    assert_eq!((scene.view().price.as_str(), scene.view().schedule), (PREMIER, None));
    assert_eq!(scene.charges(), [1000]);
}

#[tokio::test]
async fn s4_15_a_downgrade_that_is_ahead_stays_if_the_upgrade_after_it_is_not_made() {
    for (word, charged) in [("card_declined", 1000), ("amount_changed", 999), ("lapsed", 1000)] {
        let scene = Scene::of(PRO).await;
        scene.stripe.sell(&NewPrice::of("price_small", 500, "usd")).unwrap();
        scene.confirm(0, "price_small", ChangeTiming::AtPeriodEnd, 0).await;
        scene.send(1).await;
        let schedule = scene.view().schedule;
        assert!(schedule.is_some());
        scene.stripe.set(Settings { cards_decline: word == "card_declined", ..Settings::default() });
        scene.confirm(10, PREMIER, ChangeTiming::AtOnce, charged).await;
        let second = if word == "lapsed" { DAY_S + 10 } else { 11 };
        let sent = scene.try_at(second).await.unwrap();
        assert_eq!(sent, SentPlanChange { outcome: declined(word), needs_people: false });
        assert_eq!((scene.view().schedule, scene.charges()), (schedule, vec![]), "{word}");
        let renew =
            Renew { subscription: scene.id.as_str().to_owned(), charged_at: Some(at(30 * DAY_S).as_s()) };
        scene.stripe.set(Settings::default());
        scene.stripe.renew(&renew, &Emission::default()).unwrap();
        assert_eq!((scene.view().price.as_str(), scene.charges()), ("price_small", vec![500]), "{word}");
    }
}

#[tokio::test]
async fn e1_e2_a_downgrade_gives_way_to_an_upgrade_whose_answers_were_lost() {
    for (operation, fault) in [
        (Operation::UpdateSubscription, Fault::TimeoutAfterActing),
        (Operation::UpdateSubscription, Fault::TimeoutBeforeActing),
        (Operation::ReleaseSchedule, Fault::TimeoutBeforeActing),
        (Operation::ReleaseSchedule, Fault::TimeoutAfterActing),
    ] {
        let scene = Scene::of(PRO).await;
        scene.stripe.sell(&NewPrice::of("price_small", 500, "usd")).unwrap();
        scene.confirm(0, "price_small", ChangeTiming::AtPeriodEnd, 0).await;
        scene.send(1).await;
        scene.confirm(10, PREMIER, ChangeTiming::AtOnce, 1000).await;
        scene.stripe.plan(operation, 1, fault.clone());
        assert!(scene.try_at(11).await.is_err(), "{operation:?} {fault:?}");
        assert!(scene.stored().await.unwrap().is_open());
        scene.stripe.prune_keys();
        assert_eq!(scene.send(300).await, PlanChangeOutcome::Made, "{operation:?} {fault:?}");
        assert_eq!((scene.view().price.as_str(), scene.view().schedule), (PREMIER, None), "{fault:?}");
        assert_eq!(scene.charges(), [1000], "{operation:?} {fault:?}");
    }
}

#[tokio::test]
async fn people_are_called_where_a_downgrade_is_not_made() {
    let scene = Scene::of(PREMIER).await;
    scene.confirm(0, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    scene.stripe.plan(Operation::CreateSchedule, 1, Fault::Decline { code: "unheard_of".to_owned() });
    let sent = scene.try_at(1).await.unwrap();
    assert_eq!(sent, SentPlanChange { outcome: declined("unheard_of"), needs_people: true });
    // One that nobody carried out until the period was over.
    scene.confirm(60, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    let sent = scene.try_at(15 * DAY_S).await.unwrap();
    assert_eq!(sent, SentPlanChange { outcome: declined("lapsed"), needs_people: true });
    // A cancellation after it is the customer's own.
    scene.confirm(120, PRO, ChangeTiming::AtPeriodEnd, 0).await;
    scene.report(at(HALF_S), |known| known.cancellation_confirmed_at = Some(at(HALF_S))).await;
    let sent = scene.try_at(121).await.unwrap();
    assert_eq!(sent, SentPlanChange { outcome: declined("subscription_cancelled"), needs_people: false });
}

#[tokio::test]
async fn a_message_without_a_change_stays_in_the_queue() {
    let scene = Scene::of(PRO).await;
    assert!(matches!(scene.try_at(1).await, Err(PlanChangeError::NoChange)));
}

/// `second` of the second half of the period.
fn in_second_half(second: u64) -> Timestamp {
    at(HALF_S.saturating_add(second))
}
