//! When the table is asked, what is installed then, and how long what is known is good enough.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "what a test gives is known to be right"
)]

use aws_sdk_dynamodb::types::AttributeValue;
use lambda::BeforeEach as _;
use lambda::aws::SdkSettings;
use lambda::config::Env;
use lambda::http::ProblemKind;
use ledger_dynamodb::in_process::{self, Meter};
use ledger_dynamodb::{Policies, Publication, PublishOutcome};
use policy::{Catalogue, Document};
use policy_documents::{catalogue, documents};
use primitives::Timestamp;
use published_policies::PublishedPolicies;

const MINUTE_S: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp::from_s(1_793_491_200 + second).unwrap()
}

fn publication<T>(number: u64, content: T) -> Publication<T> {
    Publication { number, content, hash: "h".repeat(64), author: "ann".to_owned(), at: at(0) }
}

/// A policy of this name whose product has the same.
fn version(number: u64, name: &str) -> Publication<Document> {
    let example = examples::documents().iter().next().unwrap().clone();
    let products = vec![name.to_owned()];
    publication(number, Document { id: name.to_owned(), products, ..example })
}

/// A catalogue whose ignored price has this name.
fn prices(number: u64, name: &str) -> Publication<Catalogue> {
    publication(number, Catalogue { ignored: vec![name.to_owned()], ..Catalogue::default() })
}

/// A table in memory, what it is asked, and another client of it.
async fn table() -> (Policies, Meter, aws_sdk_dynamodb::Client) {
    let (tables, meter, endpoint) = in_process::tables_with_endpoint().await;
    let env = Env::of([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", &endpoint),
    ]);
    let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(&env).unwrap().sdk_config());
    (in_process::policies_beside(&tables), meter, client)
}

async fn publish(policies: &Policies, version: Publication<Document>) {
    assert_eq!(policies.publish_documents(&[version]).await.unwrap(), PublishOutcome::Written);
}

fn is_installed(name: &str) -> bool {
    documents().iter().any(|document| document.id == name)
}

/// What is installed is the whole process's: no other test here looks at it.
#[tokio::test]
async fn what_is_published_is_read_once_and_asked_for_again_every_five_minutes() {
    let (policies, meter, _) = table().await;
    let published = PublishedPolicies::of(policies.clone());
    let asked = async |second: i64| {
        meter.read();
        let prepared = published.prepare(at(second)).await;
        (prepared.map_err(|problem| problem.kind()), meter.read().len())
    };

    // An empty table is no policy at all, and is looked at again by the next invocation.
    for second in [0, 1] {
        assert_eq!(asked(second).await, (Err(ProblemKind::NoPolicy), 2));
    }
    let problem = published.prepare(at(2)).await.unwrap_err();
    assert!(problem.public_text().contains("`makegood policy publish`"), "{}", problem.public_text());

    publish(&policies, version(1, "first")).await;
    assert_eq!(asked(3).await, (Ok(()), 2));
    assert!(is_installed("first") && catalogue().ignored.is_empty());
    publish(&policies, version(2, "second")).await;
    assert_eq!(asked(3 + 5 * MINUTE_S - 1).await, (Ok(()), 0));
    assert!(!is_installed("second"));
    assert_eq!(asked(3 + 5 * MINUTE_S).await, (Ok(()), 2));
    assert!(is_installed("first") && is_installed("second"));

    // A price that is not known is looked for at once.
    assert!(!published.look_again(at(400)).await);
    policies.publish_catalogue(&prices(1, "price_new")).await.unwrap();
    assert!(published.look_again(at(401)).await);
    assert!(catalogue().is_ignored("price_new") && is_installed("second"));
    policies.publish_catalogue(&prices(2, "price_newer")).await.unwrap();
    assert_eq!(asked(401 + 5 * MINUTE_S).await, (Ok(()), 2));
    assert!(catalogue().is_ignored("price_newer") && !catalogue().is_ignored("price_new"));
}

#[tokio::test]
async fn what_is_known_goes_on_until_a_version_could_be_in_force_that_is_not() {
    let (policies, meter, client) = table().await;
    let published = PublishedPolicies::of(policies.clone());
    publish(&policies, version(1, "known")).await;
    assert!(published.prepare(at(0)).await.is_ok());
    // A version of a later form, which cannot be read here.
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let key = [("pk", "DOCUMENTS"), ("sk", "000000000002")];
    let put = client.put_item().table_name("policies").item("form", AttributeValue::N("9".to_owned()));
    key.iter().fold(put, |put, (name, value)| put.item(*name, text(value))).send().await.unwrap();

    let asked = async |second: i64| {
        meter.read();
        (published.prepare(at(second)).await.is_ok(), meter.read().len())
    };
    assert_eq!(asked(5 * MINUTE_S).await, (true, 2));
    // A failed look is not repeated by each invocation.
    assert_eq!(asked(5 * MINUTE_S + 29).await, (true, 0));
    assert_eq!(asked(5 * MINUTE_S + 30).await, (true, 2));
    assert_eq!(asked(15 * MINUTE_S - 1).await, (true, 2));
    for second in [15 * MINUTE_S, 15 * MINUTE_S + 1] {
        assert_eq!(asked(second).await, (false, 2));
    }
    let delete = client.delete_item().table_name("policies");
    key.iter().fold(delete, |delete, (name, value)| delete.key(*name, text(value))).send().await.unwrap();
    assert_eq!(asked(15 * MINUTE_S + 2).await, (true, 2));
    assert_eq!(asked(20 * MINUTE_S).await, (true, 0));
}

#[tokio::test]
async fn what_is_installed_for_good_asks_no_table() {
    let published = PublishedPolicies::as_installed();
    assert!(published.prepare(at(0)).await.is_ok() && !published.look_again(at(1)).await);
}
