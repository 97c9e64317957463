//! What is refused, and that nothing of it is written.

use ledger::contract::{at, grant, run};
use ledger::{AccountId, Command, Compensation, Credits, Period, ProductId, RefundRequestId};
use serde_json::{Value, json};

use crate::world::{NOW_S, World, large, line};

fn with(change: impl Fn(&mut Value)) -> Value {
    let mut changed = line("a");
    change(&mut changed);
    changed
}

#[tokio::test]
async fn what_does_not_fit_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let empty = world.memory.read();
    let cases: [(&str, Value); 22] = [
        ("#/account", with(|line| line["account"] = json!("a b"))),
        ("#/as_of", with(|line| line["as_of"] = json!("yesterday"))),
        ("#/as_of", with(|line| line["as_of"] = json!("2027-01-01T00:00:00Z"))),
        ("#/customers/1", with(|line| line["customers"] = json!(["cus_1", "cus_1"]))),
        ("#/subscriptions/0/price", with(|line| line["subscriptions"][0]["price"] = json!("price_x"))),
        ("#/subscriptions/0/status", with(|line| line["subscriptions"][0]["status"] = json!("Active!"))),
        ("#/subscriptions/0/provider", with(|line| line["subscriptions"][0]["provider"] = json!("paddle"))),
        ("#/payments/0/id", with(|line| line["payments"][0]["id"] = json!("pi_1~2"))),
        ("#/payments/0/price", with(|line| line["payments"][0]["price"] = json!("price_x"))),
        ("#/payments/0/currency", with(|line| line["payments"][0]["currency"] = json!("dollar"))),
        (
            "#/payments/0/charged_at",
            with(|line| line["payments"][0]["charged_at"] = json!("2026-11-29T00:00:00Z")),
        ),
        ("#/payments/0/refunds", with(|line| line["payments"][0]["refunds"][0]["amount_minor"] = json!(901))),
        (
            "#/payments/1/subscription",
            with(|line| {
                line["payments"][1].as_object_mut().unwrap().remove("subscription");
            }),
        ),
        (
            "#/payments/1/billing_reason",
            with(|line| line["payments"][1]["billing_reason"] = json!("monthly")),
        ),
        ("#/payments/1/credits", with(|line| line["payments"][1]["credits"] = json!(1999))),
        ("#/lots/0/kind", with(|line| line["lots"][0]["kind"] = json!("subscription"))),
        ("#/lots/0/payment", with(|line| line["lots"][0]["payment"] = json!("pi_x"))),
        ("#/lots/0/product", with(|line| line["lots"][0]["product"] = json!("assistant"))),
        ("#/lots/0/left", with(|line| line["lots"][0]["left"] = json!(451))),
        ("#/lots/0/expires_at", with(|line| line["lots"][0]["expires_at"] = json!("2027-01-01T00:00:00Z"))),
        ("#/lots/0/generations", with(|line| line["lots"][0]["generations"] = json!(151))),
        ("#/lots/2/payment", with(|line| line["lots"][2]["payment"] = json!("pi_a_pack"))),
    ];
    for (pointer, changed) in cases {
        let found = world.outcomes("weekend", &[changed]).await;
        assert_eq!(found, [format!("invalid {pointer}")], "{pointer}");
        assert!(world.memory.read() == empty, "{pointer}");
    }
}

#[tokio::test]
async fn what_others_have_is_refused_and_nothing_is_written() {
    let world = World::new().await;
    assert_eq!(world.outcomes("weekend", &[line("a")]).await, ["written"]);
    let before = world.memory.read();
    let other = |change: fn(&mut Value)| {
        let mut other = line("b");
        change(&mut other);
        other
    };
    let cases: [(&str, Value); 6] = [
        ("import_conflict #", with(|line| line["lots"][0]["left"] = json!(299))),
        ("customer_in_use #/customers/1", other(|line| line["customers"] = json!(["cus_b", "cus_a"]))),
        (
            "payment_in_use #/payments/0/id",
            other(|line| {
                line["payments"][0]["id"] = json!("pi_a_pack");
                line["lots"][0]["payment"] = json!("pi_a_pack");
            }),
        ),
        ("invoice_in_use #/payments/1/invoice", other(|line| line["payments"][1]["invoice"] = json!("in_a"))),
        (
            "refund_in_use #/payments/0/refunds",
            other(|line| {
                line["payments"][0]["refunds"][0]["id"] = json!("re_a");
            }),
        ),
        ("written", line("c")),
    ];
    for (expected, changed) in cases {
        assert_eq!(world.outcomes("weekend", &[changed]).await, [expected]);
        if expected != "written" {
            assert!(world.memory.read() == before, "{expected}");
        }
    }
    assert_eq!(world.outcomes("again", &[line("a")]).await, ["account_in_use #/account"]);
}

/// It is written in several transactions: what others have is looked for before the first.
#[tokio::test]
async fn nothing_is_written_of_a_large_account_whose_last_item_others_have() {
    let world = World::new().await;
    assert_eq!(world.outcomes("weekend", &[line("a")]).await, ["written"]);
    let before = world.memory.read();
    let mut refused = large("b");
    // A hundred items come before the refund.
    refused["customers"] = json!(["cus_b", "cus_b2"]);
    refused["payments"][0]["refunds"][0]["id"] = json!("re_a");
    assert_eq!(world.outcomes("weekend", &[refused]).await, ["refund_in_use #/payments/0/refunds"]);
    assert!(world.memory.read() == before);
}

/// Webhooks may come first: what was charged after the balance was read is no part of it.
#[tokio::test]
async fn credits_that_came_after_the_balance_was_read_stay_and_older_ones_refuse_the_import() {
    let as_of_s = 28 * 86_400 - 7200;
    let charged = |payment: &str, charged_s: u64, subscription: Option<&str>| {
        let account = AccountId::new("a").unwrap();
        let mut grant = grant(&account, payment, 2000, subscription);
        grant.payment.charged_at = at(charged_s);
        grant.period = subscription.map(|_| Period { starts_at: at(charged_s), replaces: true });
        Command::Grant(grant)
    };
    let compensation = Command::Compensate(Compensation {
        request: RefundRequestId::new("rr_1").unwrap(),
        product: ProductId::new("music-studio").unwrap(),
        credits: Credits::new(10).unwrap(),
        expires_at: None,
    });
    for (command, expected, left) in [
        (charged("pi_before", as_of_s - 1, None), "account_in_use #/account", 2000),
        (charged("pi_at", as_of_s, None), "account_in_use #/account", 2000),
        (compensation, "account_in_use #/account", 10),
        (charged("pi_after", as_of_s + 1, None), "written", 2000 + 1540),
        // The renewal takes the place of what the file has of the period before.
        (charged("pi_renewal", as_of_s + 1, Some("sub_a")), "written", 2000 + 340),
    ] {
        let world = World::new().await;
        let account = AccountId::new("a").unwrap();
        run(&world.tables, &account, &command, at(NOW_S - 60)).await;
        assert_eq!(world.outcomes("weekend", &[line("a")]).await, [expected], "{command:?}");
        let head = world.head("a").await.unwrap();
        assert_eq!(head.after().balance(at(NOW_S)).unwrap().available.get(), left, "{command:?}");
    }
}

#[tokio::test]
async fn a_batch_of_another_form_is_no_batch() {
    let world = World::new().await;
    let lines: Vec<Value> = (0..26).map(|index| line(&format!("a{index}"))).collect();
    for (id, lines) in [("weekend", &lines[..]), ("weekend", &lines[..0]), ("week end", &lines[..1])] {
        let failed = world.run(id, lines).await;
        assert!(failed.is_err_and(|error| error.starts_with("event is not an import")), "{}", lines.len());
    }
}
