//! Pages, deadlines and runs that are cut off.

use std::time::Duration;

use expiry_sweep::{SweepError, handle};
use lambda::aws::SdkSettings;
use lambda::config::Env;
use ledger::contract::at;
use ledger::{AccountId, DUE_SHARDS, Timestamp, shard_of};

use crate::scene::{Scene, id, tick, tick_of};

/// Accounts of one shard.
fn names_of_the_shard() -> impl Iterator<Item = String> {
    let names = (0..).map(|number| format!("crowd-{number}"));
    names.filter(|name| shard_of(&id(name), DUE_SHARDS) == 3)
}

/// `count` accounts of one shard, each with a hold that is due at 50 minutes.
async fn crowd(scene: &Scene, count: usize) -> Vec<String> {
    let names: Vec<_> = names_of_the_shard().take(count).collect();
    for name in &names {
        scene.grant(name, &format!("pi_{name}"), None, at(0)).await;
        scene.hold(name, "g1", at(0)).await;
    }
    names
}

#[tokio::test]
async fn h6_a_run_that_is_cut_off_anywhere_is_finished_by_the_next() {
    let scene = Scene::new().await;
    let names = crowd(&scene, 120).await;
    let mut cut_off = 0;
    for milliseconds in [5, 20, 60, 150, 300] {
        let tick = tick(at(3300), at(3300));
        let run =
            tokio::time::timeout(Duration::from_millis(milliseconds), handle(&scene.sweep, &tick)).await;
        cut_off += u32::from(run.is_err());
    }
    assert!(cut_off > 0);
    scene.run(at(3300)).await;
    for name in names {
        assert_eq!(scene.balance(&name, at(3300)).await, (100, 0), "{name}");
        assert_eq!(scene.journal(&name).await.len(), 3, "{name}");
    }
    assert_eq!(scene.markers().await, []);
}

#[tokio::test]
async fn h7_a_run_goes_on_by_itself_until_nothing_is_due() {
    let scene = Scene::new().await;
    let count = expiry_sweep::ACCOUNTS_PER_ROUND_MAX + 60;
    crowd(&scene, count).await;
    // One that nobody can read stays due, and keeps no round going.
    scene.spoil(&names_of_the_shard().next().unwrap()).await;
    let status = scene.run(at(3300)).await;
    let count = u64::try_from(count).unwrap();
    assert_eq!((status.done, status.left_over), (count - 1, 0));
    assert!((1..=2).contains(&status.failed), "{status:?}");
    assert_eq!(scene.markers().await.len(), 1);
}

#[tokio::test]
async fn a_run_ends_before_its_deadline_and_says_what_it_left() {
    let scene = Scene::new().await;
    crowd(&scene, 5).await;
    let late = tick(at(3300), at(3300));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(51)).await;
    tokio::time::resume();
    let status = handle(&scene.sweep, &late).await.unwrap();
    assert_eq!((status.looked_at, status.done, status.left_over, status.lag_ms), (0, 0, 5, 300_000));
    let status = scene.run(at(3600)).await;
    assert_eq!((status.looked_at, status.done, status.left_over, status.lag_ms), (5, 5, 0, 600_000));
}

#[tokio::test]
async fn a_run_without_dynamodb_fails_so_that_it_is_tried_again() {
    let scene = Scene::new().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sweep = expiry_sweep::Sweep {
        store: ledger_dynamodb::Tables::new(client(&endpoint), "ledger", "requests"),
        payouts: scene.queue,
        backoff: lambda::backoff::Backoff::default(),
        swept_time: expiry_sweep::SweptTime::Real,
    };
    for tick in [tick(at(0), at(0)), tick_of(at(0), &[4, 5])] {
        let failed = handle(&sweep, &tick).await;
        assert!(matches!(failed, Err(SweepError::Store(_))), "{failed:?}");
    }
}

fn client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let env = Env::of([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]);
    aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(&env).unwrap().sdk_config())
}

impl Scene {
    /// Makes an account's newest entry unreadable.
    pub(crate) async fn spoil(&self, name: &str) {
        use aws_sdk_dynamodb::types::AttributeValue;
        let text = |value: &str| AttributeValue::S(value.to_owned());
        client(&self.endpoint)
            .put_item()
            .table_name("ledger")
            .item("pk", text(&format!("ACCOUNT#{name}")))
            .item("sk", text("ENTRY#000000000009"))
            .item("body", text("{}"))
            .send()
            .await
            .unwrap();
    }

    /// Makes a request of `account` unreadable and due.
    pub(crate) async fn spoil_request(&self, request: &str, account: &AccountId, due_at: Timestamp) {
        use aws_sdk_dynamodb::types::AttributeValue;
        let text = |value: &str| AttributeValue::S(value.to_owned());
        client(&self.endpoint)
            .put_item()
            .table_name("requests")
            .item("pk", text(&format!("REQUEST#{request}")))
            .item("sk", text("-"))
            .item("body", text("{}"))
            .item("due_shard", text(&shard_of(account, DUE_SHARDS).to_string()))
            .item("due_at", AttributeValue::N(due_at.as_ms().to_string()))
            .send()
            .await
            .unwrap();
    }
}
