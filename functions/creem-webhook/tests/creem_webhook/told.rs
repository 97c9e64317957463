//! The stories that either provider can tell, told by Creem.

use crate::events::{dispute, pack, plan_checkout, refund, subscription};
use crate::scene::{ACCOUNT, Scene, at};
use crate::stories::{Step, check, left_by, stories};

/// What happens at Creem, in the bodies of its events.
#[derive(Default)]
struct Told {
    packs: usize,
    begun: Option<i64>,
}

impl Told {
    fn bodies(&mut self, step: Step) -> Vec<String> {
        let of_plan = |what: &str, status: &str, second: i64, period: i64| {
            subscription("s", what, status, (self.begun.unwrap_or(second), second, period))
        };
        let bodies = match step {
            Step::Pack { second } => {
                self.packs += 1;
                vec![pack(&format!("p{}", self.packs - 1), second)]
            }
            Step::Subscribe { second } => {
                let first = |what| of_plan(what, "active", second, 0);
                let bodies = vec![plan_checkout("s", second), first("active"), first("paid")];
                self.begun = Some(second);
                bodies
            }
            Step::Renew { period, second } => vec![of_plan("paid", "active", second, period)],
            Step::CancelAtEnd { period, second } => {
                vec![of_plan("scheduled_cancel", "scheduled_cancel", second, period)]
            }
            Step::End { period, second } => vec![of_plan("canceled", "canceled", second, period)],
            Step::Refund { pack, minor, second } => {
                vec![refund(&format!("r{pack}"), &format!("tran_p{pack}"), (minor, minor), second)]
            }
            Step::Dispute { pack, second } => {
                vec![dispute(&format!("d{pack}"), &format!("tran_p{pack}"), second)]
            }
        };
        let in_dollars = |body: String| body.replace("EUR", "USD").replace("1071", "900");
        bodies.into_iter().map(in_dollars).collect()
    }
}

#[tokio::test]
async fn the_same_story_leaves_the_same_ledger_through_either_provider() {
    let scene = Scene::new().await;
    let empty = scene.memory.read();
    let mut lines = Vec::new();
    for story in stories() {
        scene.memory.restore(&empty);
        let mut told = Told::default();
        for step in story {
            for body in told.bodies(step) {
                assert_eq!(scene.send(&body, at(60)).await.says, "applied", "{step:?} {body}");
            }
        }
        let account = scene.account(ACCOUNT).await;
        let subscription = told.begun.map(|_| "sub_s");
        lines.push(left_by(&scene.tables, &account, subscription).await);
    }
    check(&lines);
}
