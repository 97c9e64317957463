//! The API: keys, idempotency, the cap, pages and faults.

use base64::Engine as _;

use super::super::{
    API_KEY, DashboardRefund, Emission, Fault, Operation, RefundMode, Settings, SettleRefund, SettledStatus,
};
use super::{get, pro, refund, send, with_payment};

#[tokio::test]
async fn the_same_key_and_parameters_give_the_stored_answer() {
    let (stripe, payment) = with_payment().await;
    let form = format!("payment_intent={payment}&amount=400&metadata[refund_request]=r-1");
    let first = refund(&stripe, "key-1", &form).await;
    assert_eq!((first.status, &first.body["status"]), (200, &"pending".into()));
    assert!(!first.head.contains("idempotent-replayed"));
    let reordered = format!("metadata[refund_request]=r-1&amount=400&payment_intent={payment}");
    let second = refund(&stripe, "key-1", &reordered).await;
    assert_eq!(second.body, first.body);
    assert!(second.head.contains("idempotent-replayed: true"));
    let other = refund(&stripe, "key-1", &format!("payment_intent={payment}&amount=401")).await;
    assert_eq!((other.status, &other.body["error"]["type"]), (400, &"idempotency_error".into()));
    assert_eq!(stripe.refunds().len(), 1);
}

#[tokio::test]
async fn a_pruned_key_is_a_key_never_seen() {
    let (stripe, payment) = with_payment().await;
    let form = format!("payment_intent={payment}&amount=400");
    let first = refund(&stripe, "key-1", &form).await;
    assert_eq!(stripe.prune_keys(), 1);
    let second = refund(&stripe, "key-1", &form).await;
    assert_ne!(first.body["id"], second.body["id"]);
    assert_eq!(stripe.refunds().len(), 2);
}

#[tokio::test]
async fn a_500_is_stored_and_a_failed_validation_is_not() {
    let (stripe, payment) = with_payment().await;
    let form = format!("payment_intent={payment}&amount=400");
    stripe.plan(Operation::CreateRefund, 1, Fault::ServerError { acts: false });
    for _ in 0..2 {
        assert_eq!(refund(&stripe, "key-1", &form).await.status, 500);
    }
    assert_eq!(stripe.refunds(), []);
    for (form, code) in [
        (format!("payment_intent={payment}&amount=0"), "parameter_invalid_integer"),
        (format!("payment_intent={payment}&amount=1.5"), "parameter_invalid_integer"),
        (format!("payment_intent={payment}&status=succeeded"), "parameter_unknown"),
        ("amount=400".to_owned(), "parameter_missing"),
    ] {
        let answer = refund(&stripe, "key-2", &form).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{form}");
    }
    assert_eq!(refund(&stripe, "key-2", &form).await.status, 200);
}

#[tokio::test]
async fn a_key_is_in_use_while_its_first_call_runs() {
    let (stripe, payment) = with_payment().await;
    let form = format!("payment_intent={payment}&amount=400");
    stripe.plan(Operation::CreateRefund, 1, Fault::Slow { delay_ms: 200 });
    let first = refund(&stripe, "key-1", &form);
    let second = async {
        while stripe.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        refund(&stripe, "key-1", &form).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((second.status, second.code()), (409, "idempotency_key_in_use"));
    assert_eq!(first.status, 200);
    assert_eq!(refund(&stripe, "key-1", &form).await.body, first.body);
    assert_eq!(stripe.refunds().len(), 1);
}

#[tokio::test]
async fn a_slow_call_is_carried_out_after_its_caller_has_left() {
    let (stripe, payment) = with_payment().await;
    let form = format!("payment_intent={payment}&amount=400");
    stripe.plan(Operation::CreateRefund, 1, Fault::Slow { delay_ms: 200 });
    let asked = async {
        while stripe.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = refund(&stripe, "key-1", &form) => panic!("the answer came before its time"),
        () = asked => {}
    }
    assert_eq!(refund(&stripe, "key-1", &form).await.code(), "idempotency_key_in_use");
    while stripe.refunds().is_empty() {
        tokio::task::yield_now().await;
    }
    let again = refund(&stripe, "key-1", &form).await;
    assert_eq!((again.status, &again.body["id"]), (200, &stripe.refunds()[0].id.as_str().into()));
    assert!(again.head.contains("idempotent-replayed: true"));
    assert_eq!(stripe.refunds().len(), 1);
}

#[tokio::test]
async fn refunds_that_stand_never_exceed_the_payment() {
    let (stripe, payment) = with_payment().await;
    for (key, amount) in [("key-1", 333), ("key-2", 333), ("key-3", 334)] {
        let answer = refund(&stripe, key, &format!("payment_intent={payment}&amount={amount}")).await;
        assert_eq!(answer.status, 200);
        let above = format!("payment_intent={payment}&amount=1000");
        assert_eq!(refund(&stripe, &format!("{key}-above"), &above).await.status, 400);
    }
    let answer = refund(&stripe, "key-4", &format!("payment_intent={payment}&amount=1")).await;
    assert_eq!((answer.status, answer.code()), (400, "charge_already_refunded"));
    assert_eq!(stripe.payments()[0].refunded, 1000);
    // A refund that fails gives its part of the payment free again.
    let failed = stripe.refunds()[2].id.clone();
    let settle = SettleRefund { refund: failed, status: SettledStatus::Failed, failure_reason: None };
    stripe.settle_refund(&settle, &Emission::default()).unwrap();
    assert_eq!(stripe.payments()[0].refunded, 666);
    assert_eq!(refund(&stripe, "key-5", &format!("payment_intent={payment}")).await.body["amount"], 334);
}

#[tokio::test]
async fn a_refund_moves_only_along_its_edges() {
    let (stripe, payment) = with_payment().await;
    stripe.set(Settings { refund_mode: RefundMode::Succeeded, ..Settings::default() });
    let id = refund(&stripe, "key-1", &format!("payment_intent={payment}")).await.body["id"].clone();
    let id = id.as_str().unwrap();
    for (status, ok) in [
        (SettledStatus::Succeeded, false),
        (SettledStatus::Failed, true),
        (SettledStatus::Failed, false),
        (SettledStatus::Succeeded, false),
    ] {
        let settle = SettleRefund { refund: id.to_owned(), status, failure_reason: None };
        assert_eq!(stripe.settle_refund(&settle, &Emission::default()).is_ok(), ok, "{status:?}");
    }
    let answer = get(&stripe, &format!("/v1/refunds/{id}")).await;
    assert_eq!(answer.body["status"], "failed");
    assert_eq!(answer.body["failure_reason"], "expired_or_canceled_card");
}

#[tokio::test]
async fn only_the_secret_key_is_let_in() {
    let (stripe, _) = with_payment().await;
    let basic = |pair: &str| base64::engine::general_purpose::STANDARD.encode(pair);
    for (authorization, status) in [
        (format!("Bearer {API_KEY}"), 200),
        (format!("Basic {}", basic(&format!("{API_KEY}:"))), 200),
        (format!("Basic {}", basic(API_KEY)), 401),
        ("Bearer sk_test_other".to_owned(), 401),
        (String::new(), 401),
    ] {
        let head = format!("GET /v1/refunds HTTP/1.1\r\nauthorization: {authorization}");
        assert_eq!(send(&stripe, &head, "").await.unwrap().status, status, "{authorization}");
    }
    assert_eq!(stripe.calls().len(), 2);
}

#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let (stripe, payment) = with_payment().await;
    let order = DashboardRefund { payment: payment.clone(), amount: Some(1) };
    for _ in 0..5 {
        stripe.dashboard_refund(&order, &Emission::default()).unwrap();
    }
    let newest_first: Vec<String> = stripe.refunds().iter().rev().map(|refund| refund.id.clone()).collect();
    let mut seen = Vec::new();
    let mut after = String::new();
    for more in [true, true, false] {
        let page = get(&stripe, &format!("/v1/refunds?payment_intent={payment}&limit=2{after}")).await;
        assert_eq!(page.body["has_more"], more);
        for refund in page.body["data"].as_array().unwrap() {
            seen.push(refund["id"].as_str().unwrap().to_owned());
        }
        after = format!("&starting_after={}", seen.last().unwrap());
    }
    assert_eq!(seen, newest_first);
    for target in ["/v1/refunds?limit=0", "/v1/refunds?limit=101", "/v1/refunds?limit=x"] {
        assert_eq!(get(&stripe, target).await.status, 400, "{target}");
    }
    for target in ["/v1/refunds/re_0", "/v1/refunds?payment_intent=pi_0", "/v1/invoice_payments?invoice=in_0"]
    {
        assert_eq!(get(&stripe, target).await.code(), "resource_missing", "{target}");
    }
    assert_eq!(get(&stripe, "/v1/charges").await.status, 404);
}

#[tokio::test]
async fn an_invoice_lists_its_payment() {
    let (stripe, _) = with_payment().await;
    let made = stripe.subscribe(&pro(), &Emission::default()).unwrap();
    let list = get(&stripe, &format!("/v1/invoice_payments?invoice={}", made.invoice.unwrap())).await;
    assert_eq!(list.body["data"][0]["payment"]["payment_intent"], made.payment.unwrap());
}

#[tokio::test]
async fn a_broken_connection_leaves_no_whole_answer() {
    for (fault, made) in [(Fault::ResetBeforeActing, 0), (Fault::ResetAfterActing, 1)] {
        let (stripe, payment) = with_payment().await;
        stripe.plan(Operation::CreateRefund, 1, fault.clone());
        let head = format!("POST /v1/refunds HTTP/1.1\r\nauthorization: Bearer {API_KEY}");
        let answer = send(&stripe, &head, &format!("payment_intent={payment}")).await;
        // Where the head came through, the body is cut off and is no JSON.
        assert!(answer.is_none_or(|answer| answer.body.is_null()), "{fault:?}");
        assert_eq!(stripe.refunds().len(), made, "{fault:?}");
    }
}
