//! The stories that either provider can tell, told by Stripe.

use serde_json::json;
use testkit::stand_in::{BuyPack, Cancel, End, Renew, Subscribe};

use crate::disputes::dispute;
use crate::scene::{ACCOUNT, Scene, at, created};
use crate::stories::{Step, check, left_by, stories};

/// What happens at Stripe, in the bodies of its events.
#[derive(Default)]
struct Told {
    packs: Vec<String>,
    subscription: Option<String>,
}

impl Told {
    fn bodies(&mut self, scene: &Scene, step: Step) -> Vec<String> {
        let subscription = || self.subscription.clone().unwrap();
        let made = match step {
            Step::Pack { second } => {
                let pack = BuyPack::of(ACCOUNT, "price_3d_pack_100", 900);
                let made = scene.stripe.buy_pack(&pack, &created(second)).unwrap();
                self.packs.push(made.payment.clone().unwrap());
                made
            }
            Step::Subscribe { second } => {
                let plan = Subscribe {
                    account: ACCOUNT.to_owned(),
                    customer: None,
                    price: "price_3d_starter".to_owned(),
                    amount: 900,
                    currency: "usd".to_owned(),
                    metadata: std::collections::BTreeMap::new(),
                    days: Some(30),
                };
                let made = scene.stripe.subscribe(&plan, &created(second)).unwrap();
                self.subscription.clone_from(&made.subscription);
                made
            }
            Step::Renew { second, .. } => {
                let renew = Renew { subscription: subscription(), charged_at: None };
                scene.stripe.renew(&renew, &created(second)).unwrap()
            }
            Step::CancelAtEnd { second, .. } => {
                let cancel = Cancel { subscription: subscription(), at_period_end: true, at: None };
                scene.stripe.cancel(&cancel, &created(second)).unwrap()
            }
            Step::End { second, .. } => {
                let end = End { subscription: subscription(), ended_at: None };
                scene.stripe.end(&end, &created(second)).unwrap()
            }
            Step::Dispute { pack, second } => {
                let body = dispute("created", "needs_response", &self.packs[pack], second);
                return vec![body.replace("du_1", &format!("du_{pack}"))];
            }
            Step::Refund { pack, minor, second } => {
                let refund = json!({
                    "id": format!("evt_re_{pack}"), "object": "event", "api_version": "2026-10-28.endive",
                    "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
                    "request": null, "type": "refund.created",
                    "data": { "object": {
                        "id": format!("re_{pack}"), "object": "refund", "amount": minor, "currency": "usd",
                        "charge": null, "created": at(second).as_s(), "metadata": {},
                        "payment_intent": self.packs[pack], "status": "succeeded",
                    }},
                });
                return vec![refund.to_string()];
            }
        };
        scene.bodies(&made)
    }
}

#[tokio::test]
async fn the_same_story_leaves_the_same_ledger_through_either_provider() {
    let (scene, memory) = Scene::in_memory().await;
    let empty = memory.read();
    let mut lines = Vec::new();
    for story in stories() {
        memory.restore(&empty);
        let mut told = Told::default();
        for step in story {
            for body in told.bodies(&scene, step) {
                assert_eq!(scene.send(&body, at(60)).await.says, "applied", "{step:?} {body}");
            }
        }
        let account = scene.account(ACCOUNT).await;
        lines.push(left_by(&scene.tables, &account, told.subscription.as_deref()).await);
    }
    check(&lines);
}
