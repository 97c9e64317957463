//! What an import leaves in the tables.

use ledger::LedgerStore as _;
use ledger::contract::at;
use ledger::{
    AccountId, Actor, Cause, CustomerId, CustomerStore as _, InvoiceId, LotKind, PaymentName,
    PaymentNameStore as _, PurchaseStore as _, RefundId, SubscriptionId, SubscriptionStore as _,
    check_journal,
};
use serde_json::json;

use crate::world::{NOW_S, World, line};

#[tokio::test]
async fn an_account_moves_in_with_one_entry_and_all_that_is_known_of_it() {
    let world = World::new().await;
    assert_eq!(world.outcomes("weekend", &[line("a")]).await, ["written"]);
    let head = world.head("a").await.unwrap();
    assert_eq!(head.number(), 1);
    assert_eq!(head.actor(), &Actor::Operator);
    assert!(matches!(head.cause(), Cause::Import(id) if id.as_str() == "weekend"));
    let account = AccountId::new("a").unwrap();
    let journal = world.tables.entries_after(&account, 0, 10).await.unwrap();
    assert_eq!(check_journal(&journal), []);
    let after = head.after();
    // The renewal of October is used up and over a month old: it is in the entry, and not in the account.
    let shown: Vec<_> = after
        .lots
        .iter()
        .map(|lot| {
            let payment = lot.payment.as_ref().map_or("-", |payment| payment.as_str());
            (payment, lot.available.get(), lot.spent.get(), lot.revoked.get(), lot.captures)
        })
        .collect();
    assert_eq!(shown, [("pi_a_pack", 300, 150, 50, 12), ("pi_a_plan", 1200, 800, 0, 0), ("-", 40, 0, 0, 0)]);
    assert!(matches!(&after.lots[2].kind, LotKind::Imported(id) if id.as_str() == "weekend"));
    assert_eq!(after.balance(at(NOW_S)).unwrap().available.get(), 1540);
    let pack = world.payment("pi_a_pack").await.unwrap();
    assert_eq!((pack.refunded_minor, pack.lot.0, pack.uncounted), (90, 1, false));
    let plan = world.payment("pi_a_plan").await.unwrap();
    assert_eq!((plan.lot, plan.landed_at, plan.uncounted), (after.lots[1].id, plan.charged_at, true));
    // By the version that was in force when it was charged.
    assert_eq!(plan.policy.map(|policy| policy.document).as_deref(), Some("music-studio"));
    assert_eq!(after.use_of(&world.payment("pi_a_old").await.unwrap()).unwrap().spent.get(), 2000);
    let customer = CustomerId::new("cus_a").unwrap();
    assert_eq!(world.tables.account_of(&customer).await.unwrap(), Some(account.clone()));
    let id = SubscriptionId::new("sub_a").unwrap();
    let subscription = world.tables.subscription(&account, &id).await.unwrap().unwrap();
    assert_eq!(subscription.report.status.as_deref(), Some("active"));
    let invoice = InvoiceId::new("in_a").unwrap();
    assert_eq!(world.tables.credited_invoice(&invoice).await.unwrap(), Some(plan.id));
    let refund = world.tables.external_refund(&RefundId::new("re_a").unwrap()).await.unwrap();
    assert_eq!(refund, Some((90, false)));
    let records = world.tables.records_of(&account).await.unwrap();
    assert_eq!((records.purchases.len(), records.refunded.len()), (3, 1));
    let name = PaymentName::new("ch_a").unwrap();
    assert_eq!(world.tables.payment_named(&account, &name).await.unwrap(), Some(pack.id));
}

#[tokio::test]
async fn the_same_import_again_is_repeated_and_changes_nothing() {
    let world = World::new().await;
    assert_eq!(world.outcomes("weekend", &[line("a"), line("b")]).await, ["written", "written"]);
    let before = world.memory.read();
    world.meter.read();
    assert_eq!(world.outcomes("weekend", &[line("b"), line("a")]).await, ["repeated", "repeated"]);
    assert!(world.memory.read() == before);
    let operations: Vec<_> = world.meter.read().iter().map(|call| call.operation).collect();
    assert_eq!(operations.len(), 4, "{operations:?}");
    assert!(operations.iter().all(|operation| ["GetItem", "Query"].contains(operation)), "{operations:?}");
}

/// Two reads at once and one transaction.
#[tokio::test]
async fn an_account_takes_two_round_trips() {
    let world = World::new().await;
    world.meter.read();
    world.run("weekend", &[line("a")]).await.unwrap();
    let calls = world.meter.read();
    let operations: Vec<_> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["Query", "GetItem", "TransactWriteItems"]);
    // Three payments, a refund, a customer, a subscription and three lots; docs/PERFORMANCE.md has the cost.
    let units: Vec<String> = calls.iter().map(|call| format!("{:.1}", call.units)).collect();
    assert_eq!(units, ["1.0", "1.0", "35.0"]);
}

#[tokio::test]
async fn a_years_months_that_are_still_to_come_come_by_the_sweep() {
    let world = World::new().await;
    let year = json!({
        "account": "y", "as_of": "2026-11-28T22:00:00Z",
        "payments": [{
            "id": "pi_y", "price": "price_assistant_yearly", "amount_minor": 9000, "currency": "usd",
            "charged_at": "2026-09-15T10:00:00Z", "credits": 12_000, "subscription": "sub_y",
            "billing_reason": "subscription_create",
            "period": {"starts_at": "2026-09-15T10:00:00Z", "ends_at": "2027-09-15T10:00:00Z"}
        }],
        "lots": [{
            "kind": "subscription", "product": "assistant", "payment": "pi_y", "granted": 1000, "left": 700,
            "granted_at": "2026-11-15T10:00:00Z"
        }]
    });
    assert_eq!(world.outcomes("weekend", std::slice::from_ref(&year)).await, ["written"]);
    let head = world.head("y").await.unwrap();
    let [monthly] = head.after().monthly.as_slice() else { panic!("one payment brings months") };
    assert_eq!((monthly.made, monthly.left()), (2, 9));
    assert_eq!(monthly.due_at().unwrap().to_string(), "2026-12-15T10:00:00Z");
    assert_eq!(head.after().marked, monthly.due_at());
    let used = head.after().use_of(&world.payment("pi_y").await.unwrap()).unwrap();
    assert_eq!((used.granted.get(), used.spent.get(), used.captures), (3000, 2300, None));
}

#[tokio::test]
async fn an_ended_subscriptions_credits_have_the_clock_of_the_policy() {
    let world = World::new().await;
    let mut ended = line("a");
    ended["subscriptions"][0]["status"] = json!("canceled");
    ended["subscriptions"][0]["ended_at"] = json!("2026-11-28T10:00:00Z");
    assert_eq!(world.outcomes("weekend", &[ended]).await, ["written"]);
    let head = world.head("a").await.unwrap();
    let [clock] = head.after().ended.as_slice() else { panic!("one subscription has ended") };
    let lot = head.after().lots.iter().find(|lot| lot.subscription().is_some()).unwrap();
    assert_eq!(lot.expires_at, Some(clock.ended_at.plus_s(clock.leftover_s).unwrap()));
}

/// A customer who has spent everything, and renews next month.
#[tokio::test]
async fn an_account_without_credits_moves_in_with_its_customer_and_its_subscription() {
    let world = World::new().await;
    let mut bare = line("a");
    for member in ["payments", "lots"] {
        bare.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(world.outcomes("i1", &[bare.clone()]).await, ["written"]);
    assert_eq!(world.outcomes("i1", &[bare.clone()]).await, ["repeated"]);
    assert!(world.head("a").await.is_none(), "the journal has nothing to say");
    let (account, subscription) = (AccountId::new("a").unwrap(), SubscriptionId::new("sub_a").unwrap());
    assert!(world.tables.subscription(&account, &subscription).await.unwrap().is_some());
    let mut other = bare.clone();
    other["customers"] = json!([]);
    assert_eq!(world.outcomes("i1", &[other]).await, ["import_conflict #"]);
    let mut others = line("b");
    others["customers"] = json!(["cus_a"]);
    assert_eq!(world.outcomes("i1", &[others]).await, ["customer_in_use #/customers/0"]);
}
