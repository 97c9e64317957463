//! Every kind of id, what it leads to, and what that takes.

use ledger::Record;
use serde_json::{Value, json};

use crate::world::{World, bought, id, of};

/// Kind, payments, subscription, refund request and dispute of a match.
fn told(found: &Value) -> Value {
    json!([
        found["kind"],
        found["payments"],
        found["subscription"],
        found["refund_request"],
        found["dispute"],
    ])
}

#[tokio::test]
async fn every_id_leads_to_what_it_is_of_and_to_its_account() {
    let world = World::new().await;
    let (pack, plan, creem) = (["pi_pack"], ["in_plan"], ["tran_1"]);
    let none: [&str; 0] = [];
    for (given, expected) in [
        ("pi_pack", json!(["payment", pack, null, null, null])),
        ("pi_plan", json!(["payment", plan, "sub_1", null, null])),
        ("tran_1", json!(["payment", creem, null, null, null])),
        ("py_pack", json!(["charge", pack, null, null, null])),
        ("ch_plan", json!(["charge", plan, "sub_1", null, null])),
        ("1234-5678", json!(["receipt_number", plan, "sub_1", null, null])),
        ("#1234-5678", json!(["receipt_number", plan, "sub_1", null, null])),
        ("2222-3333", json!(["receipt_number", plan, "sub_1", null, null])),
        ("in_plan", json!(["invoice", plan, "sub_1", null, null])),
        ("in_pack", json!(["invoice", pack, null, null, null])),
        ("A1B2C3D4-0001", json!(["invoice_number", plan, "sub_1", null, null])),
        ("a1b2c3d4-0001", json!(["invoice_number", plan, "sub_1", null, null])),
        ("cs_1", json!(["checkout", pack, null, null, null])),
        ("cs_plan", json!(["checkout", none, "sub_1", null, null])),
        ("ch_creem", json!(["checkout", creem, null, null, null])),
        ("ord_1", json!(["order", creem, null, null, null])),
        ("sub_1", json!(["subscription", none, "sub_1", null, null])),
        ("cus_1", json!(["customer", none, null, null, null])),
        ("ann", json!(["account", none, null, null, null])),
        ("rr_1", json!(["refund_request", pack, null, "rr_1", null])),
        ("re_outside", json!(["refund", pack, null, null, null])),
        ("du_1", json!(["dispute", pack, null, null, "du_1"])),
    ] {
        let matches = world.matches(of(given)).await;
        let [found] = matches.as_slice() else { panic!("{given}: {matches:#?}") };
        assert_eq!(told(found), expected, "{given}");
        assert_eq!(found["account"], "ann", "{given}");
        let links: Vec<&str> =
            found["links"].as_array().unwrap().iter().map(|link| link["href"].as_str().unwrap()).collect();
        assert!(links.contains(&"/v1/accounts/ann/payments"), "{links:?}");
        let request = found["refund_request"].as_str().map(|id| format!("/v1/refund-requests/{id}"));
        assert!(request.is_none_or(|href| links.contains(&&*href)), "{links:?}");
    }
}

#[tokio::test]
async fn a_lookup_is_two_rounds_of_reads_and_three_for_an_invoices_charge() {
    let world = World::new().await;
    for (given, batches) in [
        ("sub_1", 1),
        ("rr_1", 1),
        ("pi_pack", 1),
        ("cs_1", 2),
        ("py_pack", 2),
        ("A1B2C3D4-0001", 2),
        ("pi_plan", 2),
        ("unknown", 1),
        ("ch_plan", 3),
    ] {
        world.meter.read();
        world.look_up(of(given)).await;
        let calls: Vec<_> = world.meter.read().iter().map(|call| call.operation).collect();
        let count = |operation| calls.iter().filter(|call| **call == operation).count();
        assert_eq!((count("BatchGetItem"), count("Query")), (batches, 1), "{given}: {calls:?}");
        assert_eq!(calls.len(), batches + 1, "{given}: {calls:?}");
    }
}

#[tokio::test]
async fn a_generation_is_found_in_its_account_and_other_ids_are_narrowed_down_to_it() {
    let world = World::new().await;
    world.buy(bought("bob", "pi_bob", None, &["A1B2C3D4-0001"]), Vec::new()).await;
    for account in ["ann", "bob"] {
        world.hold(account, "song-2").await;
    }
    for account in ["ann", "bob"] {
        let [found] = &world.matches(of("song-2").query("account", account)).await[..] else { panic!() };
        let told = json!([found["kind"], found["account"], found["generation_id"]]);
        assert_eq!(told, json!(["generation", account, "song-2"]));
    }
    assert_eq!(world.look_up(of("song-2")).await.0, 404, "of which account is not said");
    assert_eq!(world.look_up(of("song-1").query("account", "bob")).await.0, 404);
    assert_eq!(world.look_up(of("pi_pack").query("account", "bob")).await.0, 404);
    let all = world.matches(of("A1B2C3D4-0001")).await;
    let accounts: Vec<_> = all.iter().map(|found| found["account"].as_str().unwrap()).collect();
    assert_eq!(accounts.len(), 2, "{all:#?}");
    assert!(accounts.contains(&"ann") && accounts.contains(&"bob"));
    let [found] = &world.matches(of("A1B2C3D4-0001").query("account", "bob")).await[..] else { panic!() };
    assert_eq!(found["payments"], json!(["pi_bob"]));
}

#[tokio::test]
async fn a_payment_that_bought_several_things_is_answered_with_all_of_them() {
    let world = World::empty().await;
    let division =
        ledger::Division { payment: id("pi_1"), purchases: 2, beside_minor: 0, beside_refunded_minor: 0 };
    world.buy(bought("ann", "pi_1", None, &["cs_1"]), vec![Record::Division(division)]).await;
    world.buy(bought("ann", "pi_1~2", None, &[]), Vec::new()).await;
    for given in ["pi_1", "cs_1"] {
        let [found] = &world.matches(of(given)).await[..] else { panic!("{given}") };
        assert_eq!(found["payments"], json!(["pi_1", "pi_1~2"]), "{given}");
    }
}
