//! Leads, and whose a case is, as the tables keep them.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use ledger::contract::at;
use ledger::{
    AccountId, Actor, Buyer, CountryCode, Credits, Currency, DUE_SHARDS, GenerationId, Money, PaymentId,
    ProductId, RefundRequestId, shard_of,
};
use ledger_dynamodb::{Tables, in_process};
use policy::{FailureKind, Reason};
use refunds::{DueRequestStore, DueThing, Lead, LeadStore, LeadSubject, Pack, UncreditedPurchase};

fn account() -> AccountId {
    AccountId::new("account-1").unwrap()
}

fn uncredited(known: bool) -> LeadSubject {
    LeadSubject::Uncredited(UncreditedPurchase {
        payment: PaymentId::new("pi_1").unwrap(),
        product: known.then(|| ProductId::new("music-studio").unwrap()),
        pack: known.then(|| Pack { price: "price_1".to_owned(), credits: Credits::new(100).unwrap() }),
        charge: None,
        paid: Money::new(900, Currency::new("usd").unwrap()),
        charged_at: at(0),
        buyer: Buyer {
            card_country: known.then(|| CountryCode::new("DE").unwrap()),
            business: known.then_some(false),
            ..Buyer::default()
        },
    })
}

fn ending(code: Option<&str>) -> LeadSubject {
    let generation = GenerationId::new("gen-1").unwrap();
    LeadSubject::Ending { generation, kind: FailureKind::PartialResult, code: code.map(str::to_owned) }
}

fn lead(subject: LeadSubject) -> Lead {
    Lead { account: account(), subject, since: at(5), due_at: Some(at(10)) }
}

async fn due(tables: &Tables, second: u64) -> Vec<RefundRequestId> {
    let shard = shard_of(&account(), DUE_SHARDS);
    let due = tables.due_requests(shard, at(second), 100).await.unwrap();
    let leads = due.into_iter().map(|due| match due.thing {
        DueThing::Lead(id) => id,
        DueThing::Request(id) => panic!("{id}"),
    });
    leads.collect()
}

#[tokio::test]
async fn a_lead_of_every_kind_is_kept_as_it_was_noted_first() {
    let payment = PaymentId::new("pi_1").unwrap();
    for about in [
        uncredited(true),
        uncredited(false),
        LeadSubject::Payment { payment, reason: Reason::DuplicatePayment },
        ending(Some("E-17")),
        ending(None),
    ] {
        let (tables, _) = in_process::tables().await;
        let noted = lead(about);
        let id = noted.id();
        assert!(tables.note(&noted).await.unwrap());
        assert!(!tables.note(&Lead { since: at(7), ..noted.clone() }).await.unwrap());
        assert_eq!(tables.lead(&id).await.unwrap(), Some(noted.clone()));
        assert_eq!(due(&tables, 10).await, std::slice::from_ref(&id));
        // Kept as a record, it is due when that says, and the event that comes again does not change it.
        let [later, never] = [Some(at(20)), None].map(|due_at| Lead { due_at, ..noted.clone() });
        for (kept, due_by_then) in [(&later, vec![id.clone()]), (&never, vec![])] {
            tables.keep(kept).await.unwrap();
            assert_eq!(tables.lead(&id).await.unwrap().as_ref(), Some(kept));
            assert!(!tables.note(&noted).await.unwrap());
            assert_eq!(due(&tables, 10).await, []);
            assert_eq!(due(&tables, 20).await, due_by_then);
        }
        tables.forget(&id).await.unwrap();
        tables.forget(&id).await.unwrap();
        assert_eq!(tables.lead(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_unknown_key_in_the_due_index_does_not_keep_its_shard_from_the_sweep() {
    let (tables, _, endpoint) = in_process::tables_with_endpoint().await;
    let client = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    );
    let shard = shard_of(&account(), DUE_SHARDS);
    for key in ["OTHER#1", "REQUEST#", "x"] {
        let put = client.put_item().table_name("requests");
        let put = put.item("pk", AttributeValue::S(key.to_owned()));
        let put = put.item("sk", AttributeValue::S("-".to_owned()));
        let put = put.item("due_shard", AttributeValue::S(shard.to_string()));
        put.item("due_at", AttributeValue::N(at(1).as_ms().to_string())).send().await.unwrap();
    }
    let noted = lead(ending(None));
    assert!(tables.note(&noted).await.unwrap());
    assert_eq!(due(&tables, 10).await, [noted.id()]);
    // A page that they fill leaves room for what is behind them.
    assert_eq!(tables.due_requests(shard, at(10), 1).await.unwrap().len(), 1);
}

#[test]
fn leads_of_one_payment_are_told_apart_by_their_reason() {
    let payment = PaymentId::new("pi_1").unwrap();
    let of = |reason| lead(LeadSubject::Payment { payment: payment.clone(), reason }).id();
    let ids = [
        of(Reason::DuplicatePayment),
        of(Reason::ChargedAfterCancellation),
        of(Reason::WrongPlanCharged),
        lead(uncredited(true)).id(),
        lead(ending(None)).id(),
    ];
    let different: std::collections::BTreeSet<_> = ids.iter().map(RefundRequestId::as_str).collect();
    assert_eq!(different.len(), ids.len());
    assert_eq!(Lead::id_of_uncredited(&account(), &payment), lead(uncredited(false)).id());
    assert_eq!(lead(ending(None)).actor(), Actor::Policy);
}
