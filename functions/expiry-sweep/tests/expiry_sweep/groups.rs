//! A tick that several runs share, each with shards of its own.

use std::collections::BTreeMap;

use expiry_sweep::{Status, handle};
use futures_util::future::join_all;
use ledger::contract::at;
use ledger::{DUE_SHARDS, shard_of};

use crate::cancellations::confirmed;
use crate::scene::{Scene, id, tick_of};

/// For each shard the name of an account that is in it.
fn names() -> BTreeMap<u8, String> {
    let mut names = BTreeMap::new();
    let mut candidates = (0..).map(|number| format!("member-{number}"));
    while names.len() < usize::from(DUE_SHARDS) {
        let name = candidates.next().unwrap();
        names.entry(shard_of(&id(&name), DUE_SHARDS)).or_insert(name);
    }
    names
}

/// An account in each shard, with a hold that is due at 50 minutes.
async fn one_in_each_shard(scene: &Scene) -> BTreeMap<u8, String> {
    let names = names();
    for name in names.values() {
        scene.grant(name, &format!("pi_{name}"), None, at(0)).await;
        scene.hold(name, "g1", at(0)).await;
    }
    names
}

async fn run(scene: &Scene, shards: &[u8]) -> Status {
    handle(&scene.sweep, &tick_of(at(3300), shards)).await.unwrap()
}

#[tokio::test]
async fn h7_runs_that_share_a_tick_do_every_account_once_and_at_once() {
    let scene = Scene::new().await;
    let names = one_in_each_shard(&scene).await;
    let all: Vec<u8> = (0..DUE_SHARDS).collect();
    let statuses = join_all(all.chunks(2).map(|shards| run(&scene, shards))).await;
    assert_eq!(statuses.len(), 8);
    assert!(statuses.iter().all(|status| (status.looked_at, status.done) == (2, 2)), "{statuses:?}");
    for name in names.values() {
        assert_eq!(scene.balance(name, at(3300)).await, (100, 0), "{name}");
        assert_eq!(scene.journal(name).await.len(), 3, "{name}");
    }
    assert_eq!(scene.markers().await, []);
    assert_eq!(scene.run(at(3300)).await, Status::default());
}

#[tokio::test]
async fn h7_a_run_leaves_the_shards_of_the_others_alone() {
    let scene = Scene::new().await;
    let names = one_in_each_shard(&scene).await;
    let status = run(&scene, &[5, 9]).await;
    assert_eq!((status.looked_at, status.done, status.left_over, status.failed), (2, 2, 0, 0));
    for (shard, name) in &names {
        let expected = if [5, 9].contains(shard) { (100, 0) } else { (90, 10) };
        assert_eq!(scene.balance(name, at(3300)).await, expected, "{shard}");
    }
    let left = scene.markers().await;
    assert_eq!(left.len(), 14);
    assert!(left.iter().all(|marker| ![5, 9].contains(&shard_of(&marker.account, DUE_SHARDS))));
    // The same of requests: this one cannot be read, and its shard's run says so.
    scene.spoil_request("rr_unreadable", &id(&names[&9]), at(3000)).await;
    assert_eq!((run(&scene, &[5]).await.failed, run(&scene, &[9]).await.failed), (0, 1));
    // A run that cannot read the whole of its group fails; what the others have is not its own.
    scene.spoil(&names[&3]).await;
    assert_eq!((run(&scene, &[3]).await.failed, run(&scene, &[4]).await.failed), (1, 0));
}

#[tokio::test]
async fn h7_what_is_in_no_shard_is_done_by_one_of_the_runs() {
    let scene = Scene::new().await;
    confirmed(&scene, "a", 0).await;
    let report = async |shards: &[u8]| {
        let invocation = tick_of(at(3300), shards);
        handle(&scene.sweep, &invocation).await.unwrap();
        invocation.metrics().take_lines(at(3300)).join("\n")
    };
    let others = report(&(1..DUE_SHARDS).collect::<Vec<_>>()).await;
    assert!(scene.take_announced().is_empty());
    assert!(others.contains("\"SweepShards\":15,"), "{others}");
    assert!(!others.contains("ParkedMoneyAge"), "{others}");
    let first = report(&[0]).await;
    assert_eq!(scene.take_announced(), ["a sub_a"]);
    assert!(first.contains("\"SweepShards\":1,") && first.contains("ParkedMoneyAge"), "{first}");
}
