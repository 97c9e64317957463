//! B3: the events of a life lead to one state, whatever their order (`walk` says how it is walked).
//!
//! Of each script all of this is covered, exactly:
//!
//! - every permutation of its events, where one that waits for another may come again at every moment;
//! - copies: each event comes again right after it was taken, at every place of the walk, and all of them
//!   come again at its end; no item changes;
//! - two at once: each pair of events, after those before the first of them in the script's own order;
//! - a loss: each event by itself never comes, the others come in the script's order after the hour in which
//!   one waits for another, and Stripe's list brings it after all.
//!
//! At the end the ledger, the payments and their names, refunds and disputes, the subscriptions, the leads
//! and everything else that is stored are the same, apart from what `state` leaves out, and nothing is
//! parked.
//! Restores are walked as well (I3): tables that know the events up to each moment, and Stripe's list of all.
//!
//! Events come at one instant: how a state depends on time is the subject of other tests.

mod disputes;
mod events;
mod money_back;
mod packs;
mod plans;
mod state;
mod walk;

use std::panic::AssertUnwindSafe;

use events::Script;
use futures_util::FutureExt as _;
use ledger_dynamodb::in_process::{Contents, Memory};
use walk::{Walked, restore, walk};

use crate::scene::Scene;

async fn check(scripts: Vec<Script>) {
    each(scripts, walk).await;
}

async fn each(scripts: Vec<Script>, walk: impl AsyncFn(&Script, &(Scene, Memory), &Contents) -> Walked) {
    let mut failed = Vec::new();
    let scene = Scene::in_memory().await;
    let empty = scene.1.read();
    for script in &scripts {
        let walked = Box::pin(AssertUnwindSafe(walk(script, &scene, &empty)).catch_unwind()).await;
        println!("{walked:?} {}", script.name);
        if walked.is_err() {
            failed.push(script.name);
        }
    }
    assert_eq!(failed, [""; 0], "why stands above");
}

#[test]
fn there_are_scripts_of_everything() {
    let scripts =
        [packs::scripts(), plans::lives(), plans::changes(), money_back::scripts(), disputes::scripts()];
    let scripts: Vec<Script> = scripts.into_iter().flatten().collect();
    assert!(scripts.len() >= 40 && scripts.iter().all(|script| (2..=7).contains(&script.events.len())));
    assert!(scripts.iter().filter(|script| script.events.len() == 7).count() >= 2);
}

#[tokio::test]
async fn b3_every_order_of_packs_leads_to_the_same_state() {
    check(packs::scripts()).await;
}

#[tokio::test]
async fn b3_b5_every_order_of_plans_leads_to_the_same_state() {
    check(plans::lives()).await;
}

#[tokio::test]
async fn b3_every_order_of_plan_changes_leads_to_the_same_state() {
    check(plans::changes()).await;
}

#[tokio::test]
async fn b3_b4_e10_e11_every_order_of_refunds_and_credit_notes_leads_to_the_same_state() {
    check(money_back::scripts()).await;
}

#[tokio::test]
async fn b3_b6_e14_e15_every_order_of_disputes_leads_to_the_same_state() {
    check(disputes::scripts()).await;
}

/// Packs, refunds and credit notes that nobody asked for, and disputes.
#[tokio::test]
async fn i3_what_was_bought_and_taken_back_is_the_same_after_a_restore_to_any_moment() {
    let scripts = [packs::scripts(), money_back::scripts(), disputes::scripts()];
    each(scripts.into_iter().flatten().collect(), restore).await;
}

#[tokio::test]
async fn i3_plans_and_their_changes_are_the_same_after_a_restore_to_any_moment() {
    let scripts = [plans::lives(), plans::changes()];
    each(scripts.into_iter().flatten().collect(), restore).await;
}
