//! A payment is found by every name of it, of the account that asks, and by no other.

use ledger::contract::{NoPause, at, grant, run};
use ledger::{
    AccountId, Actor, Cause, Command, InvoiceId, Order, PaymentId, PaymentName, PaymentNameStore,
    PaymentStore, Provider, Record, execute,
};
use ledger_dynamodb::{Tables, in_process};

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn name(name: &str) -> PaymentName {
    PaymentName::new(name).unwrap()
}

fn payment(id: &str) -> PaymentId {
    PaymentId::new(id).unwrap()
}

async fn found(tables: &Tables, by: &str, named: &str) -> Option<String> {
    let found = tables.payment_named(&account(by), &name(named)).await.unwrap();
    found.map(|id| id.as_str().to_owned())
}

#[tokio::test]
async fn s2_30_every_name_of_a_payment_leads_to_it() {
    let (tables, meter) = in_process::tables().await;
    let ann = account("ann");
    let mut pack = grant(&ann, "pi_pack", 100, None);
    pack.payment.names = vec![name("cs_1"), name("cs_1"), name("in_pack")];
    run(&tables, &ann, &Command::Grant(pack), at(0)).await;
    let mut plan = grant(&ann, "in_plan", 500, Some("sub_1"));
    plan.payment.names = vec![name("in_plan"), name("A1B2C3D4-0001")];
    let plan_names = plan.payment.names.clone();
    meter.read();
    run(&tables, &ann, &Command::Grant(plan), at(0)).await;
    let writes: Vec<_> = meter.read().into_iter().map(|call| call.operation).collect();
    assert_eq!(writes, ["Query", "TransactWriteItems"], "names cost no write of their own");
    let read = tables.payment(&payment("in_plan")).await.unwrap().unwrap();
    assert_eq!(read.names, plan_names);

    tables
        .link_payment(
            &payment("pi_plan"),
            &InvoiceId::new("in_plan").unwrap(),
            ledger::Money::new(900, ledger::Currency::new("usd").unwrap()),
        )
        .await
        .unwrap();
    tables.name_payment(&payment("pi_plan"), &[name("ch_plan"), name("1234-5678")]).await.unwrap();
    tables.name_payment(&payment("pi_pack"), &[name("py_pack")]).await.unwrap();
    for (named, expected) in [
        ("cs_1", Some("pi_pack")),
        ("in_pack", Some("pi_pack")),
        ("py_pack", Some("pi_pack")),
        ("A1B2C3D4-0001", Some("in_plan")),
        ("pi_plan", Some("in_plan")),
        ("ch_plan", Some("in_plan")),
        ("1234-5678", Some("in_plan")),
        ("A1B2C3D4-0002", None),
        ("A1B2C3D4", None),
        ("ch_other", None),
    ] {
        assert_eq!(found(&tables, "ann", named).await.as_deref(), expected, "{named}");
    }
    // Names of a purchase are its account's; the payment says whose every other one is.
    for named in ["cs_1", "in_pack", "A1B2C3D4-0001"] {
        assert_eq!(found(&tables, "bob", named).await, None, "{named}");
    }
}

#[tokio::test]
async fn s2_30_an_invoice_whose_event_named_its_payment_leads_to_it() {
    let (tables, _) = in_process::tables().await;
    let ann = account("ann");
    let guard = Record::Invoice(InvoiceId::new("in_1").unwrap(), payment("pi_1"));
    let order = Order {
        account: &ann,
        command: &Command::Grant(grant(&ann, "pi_1", 500, Some("sub_1"))),
        cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
        actor: Actor::Provider(Provider::Stripe),
        policy: None,
        records: vec![guard],
    };
    execute(&tables, &NoPause, &order, at(0)).await.unwrap();
    assert_eq!(found(&tables, "ann", "in_1").await.as_deref(), Some("pi_1"));
}
