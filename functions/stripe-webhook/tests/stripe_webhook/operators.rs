//! What operators decide about parked events: whose they are, or that they need nothing. A parked event is
//! never so for good: its item says what would unpark it, and whether a case is open for its money.

use lambda::Invocation;
use ledger::{CustomerId, CustomerStore};
use serde_json::{Value, json};
use stripe_webhook::{AWAITED_S, DirectAnswer, handle_direct};

use crate::bought::{event, invoice, line, linked};
use crate::purchases::lines;
use crate::replays::{listed, replayed};
use crate::scene::{ACCOUNT, Scene, at};

pub(crate) const APPLIED: DirectAnswer = DirectAnswer { outcome: "applied", reason: None };
const DROPPED: DirectAnswer = DirectAnswer { outcome: "dropped", reason: None };

fn refused(reason: &'static str) -> DirectAnswer {
    DirectAnswer { outcome: "refused", reason: Some(reason) }
}

async fn asked(scene: &Scene, request: Value, second: i64) -> DirectAnswer {
    let request = serde_json::from_value(request).unwrap();
    let invocation = Invocation::of("{}", at(second)).unwrap();
    Box::pin(handle_direct(&scene.webhook, request, &invocation)).await.unwrap()
}

pub(crate) async fn link(scene: &Scene, event: &str, account: &str, second: i64) -> DirectAnswer {
    let link = json!({"event": event, "account": account, "operator": "ann"});
    asked(scene, json!({"link": link}), second).await
}

async fn drop_event(scene: &Scene, event: &str, second: i64) -> DirectAnswer {
    let drop = json!({"event": event, "reason": "bought again", "operator": "ann"});
    asked(scene, json!({"drop": drop}), second).await
}

pub(crate) fn event_id(body: &str) -> String {
    serde_json::from_str::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned()
}

/// The invoice of a subscription whose checkout never came, parked; its event's id.
async fn parked_invoice(scene: &Scene) -> String {
    let (_, [_, _, invoice]) = scene.subscribe(0);
    assert_eq!(scene.send(&invoice, at(AWAITED_S)).await.says, "parked: account_unknown");
    event_id(&invoice)
}

#[tokio::test]
async fn an_operator_links_a_customer_and_the_event_is_applied_as_of_its_charge() {
    let scene = Scene::new().await;
    let id = parked_invoice(&scene).await;
    let parked = scene.tables.parked_event(&id).await.unwrap().unwrap();
    // Nobody is known who could have a case: the money is on the clock.
    assert_eq!((parked.about.account.clone(), parked.is_unanswered_money()), (None, true));
    let oldest = scene.tables.oldest_unanswered_money(at(AWAITED_S)).await.unwrap();
    assert_eq!(oldest, Some(at(AWAITED_S)));

    assert_eq!(link(&scene, &id, ACCOUNT, 2 * AWAITED_S).await, APPLIED);
    assert_eq!(scene.available(at(2 * AWAITED_S)).await, 500);
    assert_eq!(scene.parked().await, []);
    assert_eq!(scene.tables.oldest_unanswered_money(at(3 * AWAITED_S)).await.unwrap(), None);
    assert_eq!(scene.account(ACCOUNT).await.lots[0].granted_at, at(0));
    assert_eq!(link(&scene, &id, ACCOUNT, 2 * AWAITED_S).await.outcome, "not_parked");
}

#[tokio::test]
async fn a_link_takes_no_customer_from_another_account() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let forgotten = invoice(&customer, Some("sub_1"), 5_000, &[line("price_elsewhere", 5_000, false)]);
    let body = event("evt_forgotten", "invoice.paid", &forgotten);
    assert_eq!(scene.send(&body, at(AWAITED_S)).await.says, "parked: price_unknown");
    let before = scene.parked().await;
    assert_eq!(link(&scene, "evt_forgotten", "account-else", 60).await, refused("account_mismatch"));
    assert_eq!(link(&scene, "evt_forgotten", "no account", 60).await, refused("account_unknown"));
    assert_eq!(scene.parked().await, before);
    let known = scene.tables.account_of(&CustomerId::new(customer).unwrap()).await.unwrap();
    assert_eq!(known.unwrap().as_str(), ACCOUNT);
    // A link to its own account changes nothing, and the price is as unknown as before.
    let parked = DirectAnswer { outcome: "parked", reason: Some("price_unknown") };
    assert_eq!(link(&scene, "evt_forgotten", ACCOUNT, 60).await, parked);
    // Only a checkout takes its account from elsewhere than its customer.
    let nobody = json!({"id": "in_2", "object": "invoice", "customer": null});
    let nobody = invoice("cus_none", None, 900, &[])
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .chain(nobody.as_object().unwrap().clone());
    let body = event("evt_nobody", "invoice.paid", &Value::Object(nobody.collect()));
    scene
        .tables
        .park(&ledger_dynamodb::Parked::new("evt_nobody", "account_unknown", at(0), body))
        .await
        .unwrap();
    assert_eq!(link(&scene, "evt_nobody", ACCOUNT, 60).await, refused("no_customer"));
}

#[tokio::test]
async fn a_dropped_event_is_left_alone_and_says_who_dropped_it_and_why() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    assert_eq!(scene.send(&invoice, at(AWAITED_S)).await.says, "parked: account_unknown");
    let id = event_id(&invoice);
    for second in [AWAITED_S + 60, AWAITED_S + 120] {
        assert_eq!(drop_event(&scene, &id, second).await, DROPPED);
    }
    assert_eq!(drop_event(&scene, "evt_none", 0).await.outcome, "not_parked");
    let [kept] = &scene.parked().await[..] else { panic!("it can still be read") };
    let dropped = kept.dropped.as_ref().unwrap();
    assert_eq!((&*dropped.by, &*dropped.reason, dropped.at), ("ann", "bought again", at(AWAITED_S + 60)));
    assert_eq!(kept.payload, invoice.clone().into_bytes());
    assert_eq!(scene.tables.oldest_unanswered_money(at(2 * AWAITED_S)).await.unwrap(), None);

    // The customer is linked after all: neither a replay nor the reconciliation applies it.
    assert_eq!(scene.send(&checkout, at(AWAITED_S + 200)).await.says, "applied");
    let left_alone = DirectAnswer { outcome: "ignored", reason: Some("dropped") };
    assert_eq!(replayed(&scene, &id, AWAITED_S + 300).await, left_alone);
    assert_eq!(listed(&scene, &invoice, at(AWAITED_S + 300)).await, left_alone);
    assert_eq!(scene.available(at(AWAITED_S + 300)).await, 0);
    assert_eq!(scene.parked().await.len(), 1);
    // An operator takes it back by a link.
    assert_eq!(link(&scene, &id, ACCOUNT, AWAITED_S + 400).await, APPLIED);
    assert_eq!((scene.available(at(AWAITED_S + 400)).await, scene.parked().await.len()), (500, 0));
}

#[tokio::test]
async fn a_dropped_event_that_comes_again_and_cannot_be_applied_rings_no_alarm() {
    let scene = Scene::new().await;
    let id = parked_invoice(&scene).await;
    drop_event(&scene, &id, AWAITED_S + 60).await;
    let before = scene.parked().await;
    let body = String::from_utf8(before[0].payload.clone()).unwrap();
    let reply = scene.send(&body, at(2 * AWAITED_S)).await;
    assert_eq!((&*reply.says, reply.counted("EventsParked")), ("ignored: dropped", false));
    assert_eq!(scene.parked().await, before);
}

#[tokio::test]
async fn an_event_that_is_parked_anew_waits_since_it_was_parked_first() {
    let scene = Scene::new().await;
    parked_invoice(&scene).await;
    let [first] = &scene.parked().await[..] else { panic!("one is parked") };
    let body = String::from_utf8(first.payload.clone()).unwrap();
    assert_eq!(listed(&scene, &body, at(3 * AWAITED_S)).await.outcome, "parked");
    let [again] = &scene.parked().await[..] else { panic!("it is the same one") };
    assert_eq!((again.since, again.at), (first.at, at(3 * AWAITED_S)));
}

/// A case exists for everybody whose money is behind a parked event and who is known.
#[tokio::test]
async fn a_parked_event_of_a_known_customer_names_its_case() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let forgotten = invoice(&customer, Some("sub_1"), 5_000, &[line("price_elsewhere", 5_000, false)]);
    scene.send(&event("evt_1", "invoice.paid", &forgotten), at(60)).await;
    // A session that names no account, by a customer that has one.
    let (_, body) = scene.pack(30);
    let by_customer = |object: &mut Value| {
        object["client_reference_id"] = json!(null);
        object["customer"] = json!(customer);
        object["line_items"] = lines(&[("price_elsewhere", 1, 900)]);
    };
    assert_eq!(scene.send_changed(&body, at(60), by_customer).await.says, "parked: price_unknown");
    let parked = scene.parked().await;
    assert_eq!(parked.len(), 2);
    for parked in parked {
        let about = &parked.about;
        assert_eq!(about.account.as_ref().unwrap().as_str(), ACCOUNT);
        assert_eq!(about.price.as_deref(), Some("price_elsewhere"));
        let case = about.case.as_ref().expect("its case opens by itself");
        let lead = refunds::LeadStore::lead(&scene.tables, case).await.unwrap();
        assert_eq!(lead.unwrap().payment(), about.payment.as_ref());
        assert!(!parked.is_unanswered_money());
    }
    assert_eq!(scene.tables.oldest_unanswered_money(at(AWAITED_S)).await.unwrap(), None);
}

async fn customer_of(scene: &Scene, event: &str) -> String {
    let parked = scene.tables.parked_event(event).await.unwrap().unwrap();
    parked.about.customer.unwrap().as_str().to_owned()
}

async fn say(scene: &Scene, what: &str, customer: &str, account: &str) -> DirectAnswer {
    let says = json!({"customer": customer, "account": account, "operator": "ann"});
    asked(scene, json!({what: says}), 2 * AWAITED_S).await
}

/// A customer from before Makegood's first day: its renewals are parked until somebody says whose it is.
#[tokio::test]
async fn a_customer_is_linked_without_an_event_and_what_is_parked_applies() {
    let scene = Scene::new().await;
    let id = parked_invoice(&scene).await;
    let customer = customer_of(&scene, &id).await;
    let linked = DirectAnswer { outcome: "linked", reason: None };
    assert_eq!(say(&scene, "link_customer", &customer, ACCOUNT).await, linked);
    assert_eq!(say(&scene, "link_customer", &customer, ACCOUNT).await, linked);
    assert_eq!(say(&scene, "link_customer", &customer, "account-else").await, refused("account_mismatch"));
    assert_eq!(replayed(&scene, &id, 2 * AWAITED_S).await, APPLIED);
    assert_eq!(scene.available(at(2 * AWAITED_S)).await, 500);
}

/// Signed up again: the customer belongs to the deleted account until it is taken from it.
#[tokio::test]
async fn a_customer_is_taken_from_its_account_and_linked_to_another() {
    let scene = Scene::new().await;
    let id = parked_invoice(&scene).await;
    let customer = customer_of(&scene, &id).await;
    say(&scene, "link_customer", &customer, "account-before").await;
    assert_eq!(say(&scene, "unlink_customer", &customer, ACCOUNT).await, refused("account_mismatch"));
    let unlinked = DirectAnswer { outcome: "unlinked", reason: None };
    assert_eq!(say(&scene, "unlink_customer", &customer, "account-before").await, unlinked);
    let known = CustomerId::new(customer.as_str()).unwrap();
    assert_eq!(scene.tables.account_of(&known).await.unwrap(), None);
    // What comes meanwhile waits for somebody's word.
    let parked = DirectAnswer { outcome: "parked", reason: Some("account_unknown") };
    assert_eq!(replayed(&scene, &id, 2 * AWAITED_S).await, parked);
    assert_eq!(say(&scene, "link_customer", &customer, ACCOUNT).await.outcome, "linked");
    assert_eq!(replayed(&scene, &id, 2 * AWAITED_S).await, APPLIED);
    assert_eq!(scene.available(at(2 * AWAITED_S)).await, 500);
}
