//! Checkouts that are not a customer's own: payment links, guests, sessions that store a card, and customers
//! that were deleted at Stripe.

use ledger::{CustomerId, CustomerStore};
use serde_json::{Value, json};
use stripe_webhook::AWAITED_S;

use crate::bought::{event, invoice, line, linked};
use crate::operators::{APPLIED, event_id, link};
use crate::purchases::payment;
use crate::replays::replayed;
use crate::scene::{ACCOUNT, Scene, at};

/// The session of a payment link: nobody's account is named, and guests have no customer
/// (<https://docs.stripe.com/payment-links/url-parameters>).
fn by_link(account: Option<&str>, customer: Option<&str>) -> impl FnOnce(&mut Value) {
    move |object| {
        object["client_reference_id"] = json!(account);
        object["customer"] = json!(customer);
        object["payment_link"] = json!("plink_1");
    }
}

#[tokio::test]
async fn a_payment_link_with_the_account_in_its_address_brings_its_credits() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    assert_eq!(scene.send_changed(&body, at(0), by_link(Some(ACCOUNT), None)).await.says, "applied");
    assert_eq!(scene.available(at(0)).await, 100);
    // A buyer can change the address: a customer's account is not taken over by it.
    let customer = linked(&scene).await;
    let (_, body) = scene.pack(60);
    let taken = by_link(Some("account-else"), Some(&customer));
    assert_eq!(scene.send_changed(&body, at(60), taken).await.says, "parked: account_mismatch");
    assert!(scene.journal("account-else").await.is_empty());
}

#[tokio::test]
async fn a_payment_link_of_a_known_customer_needs_no_account_in_its_address() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let (_, body) = scene.pack(60);
    assert_eq!(scene.send_changed(&body, at(60), by_link(None, Some(&customer))).await.says, "applied");
    assert_eq!(scene.available(at(60)).await, 100);
}

#[tokio::test]
async fn a_guest_of_a_payment_link_without_an_account_is_on_the_clock_until_an_operator_links_the_purchase() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let reply = scene.send_changed(&body, at(AWAITED_S), by_link(None, None)).await;
    assert_eq!((&*reply.says, reply.counted("EventsParked")), ("parked: account_unknown", true));
    let [parked] = &scene.parked().await[..] else { panic!("it is parked") };
    assert!(parked.is_unanswered_money(), "{parked:?}");
    assert_eq!(parked.about.payment.as_ref().unwrap().as_str(), made.payment.as_ref().unwrap());

    assert_eq!(link(&scene, &event_id(&body), ACCOUNT, 2 * AWAITED_S).await, APPLIED);
    assert_eq!((scene.available(at(2 * AWAITED_S)).await, scene.parked().await.len()), (100, 0));
    let stored = payment(&scene, &made.payment.unwrap()).await;
    assert_eq!((stored.account.as_str(), stored.charged_at), (ACCOUNT, at(0)));
}

#[tokio::test]
async fn a_linked_guest_whose_price_is_unknown_has_a_case_and_keeps_the_link() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let elsewhere = |object: &mut Value| {
        by_link(None, None)(object);
        object["line_items"] = crate::purchases::lines(&[("price_elsewhere", 1, 900)]);
    };
    // Neither its customer nor its price is ours: nobody is called.
    assert_eq!(scene.send_changed(&body, at(0), elsewhere).await.says, "ignored: other_product");
    let mixed = |object: &mut Value| {
        by_link(None, None)(object);
        object["amount_subtotal"] = json!(1_800);
        object["line_items"] =
            crate::purchases::lines(&[("price_pack_100", 1, 900), ("price_pro_monthly", 1, 900)]);
    };
    assert_eq!(scene.send_changed(&body, at(AWAITED_S), mixed).await.says, "parked: price_kind");
    let id = event_id(&body);
    let answer = link(&scene, &id, ACCOUNT, 2 * AWAITED_S).await;
    assert_eq!((answer.outcome, answer.reason), ("parked", Some("price_kind")));
    let parked = scene.tables.parked_event(&id).await.unwrap().unwrap();
    let said = parked.link.as_ref().unwrap();
    assert_eq!((said.account.as_str(), &*said.by, said.at), (ACCOUNT, "ann", at(2 * AWAITED_S)));
    assert_eq!((parked.about.case.is_some(), parked.is_unanswered_money()), (true, false));
    assert_eq!(replayed(&scene, &id, 3 * AWAITED_S).await.outcome, "parked");
    assert_eq!(scene.tables.parked_event(&id).await.unwrap().unwrap().link, parked.link);
}

#[tokio::test]
async fn a_session_that_stores_a_card_brings_and_links_nothing() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let setup = |object: &mut Value| {
        object["mode"] = json!("setup");
        object["payment_status"] = json!("no_payment_required");
        object["customer"] = json!("cus_setup");
        object["setup_intent"] = json!("seti_1");
        for name in ["payment_intent", "amount_total", "amount_subtotal", "currency", "invoice"] {
            object[name] = json!(null);
        }
    };
    let reply = scene.send_changed(&body, at(0), setup).await;
    assert_eq!((reply.status, &*reply.says), (200, "ignored: no_purchase"));
    let customer = CustomerId::new("cus_setup").unwrap();
    assert_eq!(scene.tables.account_of(&customer).await.unwrap(), None);
    assert_eq!((scene.parked().await.len(), scene.journal(ACCOUNT).await.len()), (0, 0));
}

/// Stripe writes a deleted customer as an object of its id and `deleted`; what it paid stays its account's.
#[tokio::test]
async fn a_deleted_customer_stays_the_customer_of_its_account() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let deleted = json!({"id": customer, "object": "customer", "deleted": true});
    let mut paid = invoice(&customer, Some("sub_1"), 1_000, &[line("price_pro_monthly", 1_000, false)]);
    paid["customer"] = deleted.clone();
    assert_eq!(scene.send(&event("evt_1", "invoice.paid", &paid), at(60)).await.says, "applied");
    let told = event("evt_2", "customer.deleted", &deleted);
    assert_eq!(scene.send(&told, at(90)).await.says, "ignored: unknown_type");
    // Stripe ends the subscriptions of a customer that is deleted.
    let ended = json!({
        "id": "sub_1", "object": "subscription", "customer": deleted, "status": "canceled",
        "cancel_at_period_end": false, "ended_at": at(120).as_s(), "canceled_at": at(120).as_s(),
        "items": {"object": "list", "data": [{"price": "price_pro_monthly"}], "has_more": false},
    });
    let body = event("evt_3", "customer.subscription.deleted", &ended);
    assert_eq!(scene.send(&body, at(120)).await.says, "applied");
    assert!(scene.account(ACCOUNT).await.lots[0].expires_at.is_some());
    // One that nobody knows is linked by its id.
    let (_, body) = scene.pack(200);
    let stranger = json!({"id": "cus_gone", "object": "customer", "deleted": true});
    let change = |object: &mut Value| {
        object["client_reference_id"] = json!(null);
        object["customer"] = stranger;
    };
    assert_eq!(scene.send_changed(&body, at(200 + AWAITED_S), change).await.says, "parked: account_unknown");
}
