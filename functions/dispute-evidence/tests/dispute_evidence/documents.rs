//! What the document says, and what it leaves out.

use ledger::contract::{DAY_S, at, grant};
use ledger::{Actor, Ending, ReleaseReason};
use policy::Reason;
use serde_json::json;

use crate::world::{READ, World, account, field};

#[tokio::test]
async fn a_document_says_what_was_bought_used_asked_and_refunded_and_no_word_of_the_customer() {
    let world = World::pack("product_not_received").await;
    world.generate("g1", 2, Ending::Succeeded).await;
    world.generate("g2", 2, Ending::Succeeded).await;
    world.generate("g3", 3, Ending::Failed(ReleaseReason::Failed)).await;
    let note = "A castle at dawn, oil on canvas. My address is a@example.com.";
    let request = world.file(Actor::Customer, Reason::ResultNotLiked, note, 4).await;
    let evidence = world.read().await;
    let document = &evidence["document"];
    assert_eq!(document["reason"], "product_not_received");
    let purchase = &document["purchases"][0];
    assert_eq!((&purchase["kind"], &purchase["credits"]), (&json!("pack"), &json!(100)));
    assert_eq!(purchase["landed_at"], at(DAY_S).to_string());
    assert_eq!(purchase["policy"]["document"], "music-studio");
    assert_eq!(purchase["policy"]["sha256"].as_str().unwrap().len(), 64);
    let total = &purchase["usage"]["total"];
    assert_eq!((&total["generations"], &total["credits_used"]), (&json!(2), &json!(10)));
    assert_eq!(total["failed"], 1);
    assert_eq!(purchase["usage"]["days"].as_array().unwrap().len(), 2);
    assert_eq!(purchase["refunds"]["refunded_minor"], 0);
    let contact = &document["contacts"][0];
    assert_eq!((&contact["what"], &contact["by"]), (&json!("asked"), &json!("customer")));
    assert_eq!(contact["request"], request.id.as_str());
    let text = evidence.to_string();
    for word in ["castle", "example.com", "agent-1"] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(field(&evidence, "access_activity_log").contains("2 generations used 10 credits"));
    assert!(field(&evidence, "uncategorized_text").contains("the customer asked for a solution"));
}

#[tokio::test]
async fn the_same_record_has_the_same_digest_and_another_one_another() {
    let world = World::pack("general").await;
    let first = world.read().await;
    assert_eq!(world.read().await["digest"], first["digest"]);
    world.generate("g1", 2, Ending::Succeeded).await;
    let second = world.read().await;
    assert_ne!(second["digest"], first["digest"]);
    let (status, staged) = world.stage("I spoke with the customer.").await;
    assert_eq!(status, 200, "{staged:#}");
    assert_ne!(staged["digest"], second["digest"]);
    assert_eq!(world.read().await["digest"], staged["digest"]);
}

#[tokio::test]
async fn a_case_that_opened_itself_is_no_contact() {
    let world = World::pack("general").await;
    world.file(Actor::Schedule, Reason::DuplicatePayment, "opened", 5).await;
    let evidence = world.read().await;
    assert_eq!(evidence["document"]["contacts"], json!([]));
    assert!(field(&evidence, "uncategorized_text").contains("did not ask for a refund of this payment"));
}

#[tokio::test]
async fn a_cancelled_plan_says_when_and_bears_the_customer_out_where_the_record_does() {
    for (cancelled, rebuttal, lacks) in [
        (None, "No cancellation of it is on record.", false),
        (Some((20, 31)), "Its cancellation was confirmed on", false),
        // Before the charge, and in effect by then.
        (Some((0, 1)), "", true),
    ] {
        let world = World::plan("subscription_canceled").await;
        if let Some((confirmed, effective)) = cancelled {
            world.cancelled(confirmed, effective).await;
        }
        let evidence = world.read().await;
        let text = field(&evidence, "cancellation_rebuttal");
        assert!(if lacks { text.is_empty() } else { text.contains(rebuttal) }, "{cancelled:?}: {text}");
        let missing = evidence["missing"].as_array().unwrap();
        let is_missing = missing.iter().any(|lack| lack["field"] == "cancellation_rebuttal");
        assert_eq!(is_missing, lacks, "{cancelled:?}");
        assert!(!field(&evidence, "cancellation_policy_disclosure").is_empty());
        assert!(field(&evidence, "service_date").contains(" to "));
    }
}

#[tokio::test]
async fn a_duplicate_names_the_other_purchases_of_the_same_price() {
    let world = World::pack("duplicate").await;
    let alone = world.read().await;
    assert!(field(&alone, "duplicate_charge_explanation").contains("no other purchase"));
    let mut other = grant(&account(), "pi_other", 100, None);
    other.payment.price = "price_pack_100".to_owned();
    world.grant(other).await;
    let text = world.read().await;
    let text = field(&text, "duplicate_charge_explanation");
    assert!(text.contains("Payment pi_other of 10.00 USD"), "{text}");
}

#[tokio::test]
async fn a_person_reads_one_text() {
    let world = World::pack("general").await;
    world.generate("g1", 2, Ending::Succeeded).await;
    let digest = world.read().await["digest"].as_str().unwrap().to_owned();
    for (accept, expected) in [
        ("text/markdown", "text/markdown; charset=utf-8"),
        ("text/html, text/plain;q=0.9", "text/plain; charset=utf-8"),
        ("*/*", "application/json"),
    ] {
        let event = world.event(READ).as_support("agent-1").header("accept", accept);
        let response = world.call(&event).await;
        assert_eq!(
            (response.status(), response.header_value("content-type")),
            (200, Some(expected)),
            "{accept}"
        );
        assert!(response.body().contains(&digest));
        if expected.starts_with("text/") {
            assert!(response.body().starts_with("# Evidence for dispute du_"), "{}", response.body());
            assert!(response.body().contains("## Use of the credits"));
        }
    }
}

#[tokio::test]
async fn only_support_reads_it_and_nobody_about_their_own_payment() {
    let world = World::pack("general").await;
    for (event, status) in [
        (world.event(READ).as_customer("customer-1"), 403),
        (world.event(READ).as_service("studio"), 403),
        (world.event(READ).as_support("customer-1"), 403),
        (world.event(READ), 401),
        (world.event(READ).path("dispute", "du_other").as_support("agent-1"), 404),
    ] {
        assert_eq!(world.send(event).await.0, status);
    }
}

#[tokio::test]
async fn a_dispute_of_a_provider_that_takes_no_evidence_is_refused_before_anybody_is_asked() {
    let world = World::pack("general").await;
    let calls = world.stripe.calls().len();
    let event = world.event(READ).path("dispute", "disp_1").as_support("agent-1");
    let (status, problem) = world.send(event).await;
    assert_eq!(
        (status, &problem["detail"]),
        (409, &"Creem argues its disputes itself and takes no evidence".into()),
        "{problem:#}"
    );
    assert_eq!(world.stripe.calls().len(), calls);
}

#[tokio::test]
async fn the_journal_is_read_in_pages() {
    let world = World::pack("general").await;
    world.meter.read();
    world.read().await;
    let reads = world.meter.read();
    // Division, payment, entries, requests, purchases and what was stored.
    assert!(reads.len() <= 7, "{reads:?}");
}
