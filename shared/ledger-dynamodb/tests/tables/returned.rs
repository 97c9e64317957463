//! Money that changes of plans return to the customer's balance at Stripe.

use futures_util::future::join_all;
use ledger::contract::{NoPause, at, grant, run};
use ledger::{
    AccountId, Actor, Cause, ChangeReturn, Command, Credits, Currency, InvoiceId, LedgerStore, Money, Order,
    PaymentId, PaymentStore, ProductId, Provider, Record, execute,
};
use ledger_dynamodb::{AdoptionOutcome, ExternalRefund, ReturnOutcome, ReturnedMoney, Tables, in_process};

const COUNTED: ReturnOutcome = ReturnOutcome::Counted { beyond_minor: 0 };

fn account() -> AccountId {
    AccountId::new("account-1").unwrap()
}

/// A charge of `sub_1` at a second: what cash paid, what the balance did, and a hundred credits.
async fn charged(tables: &Tables, id: &str, second: u64, paid: u64, from_balance_minor: u64) {
    let mut charge = grant(&account(), id, 100, Some("sub_1"));
    charge.payment.charged_at = at(second);
    charge.payment.paid = Money::new(paid, Currency::new("usd").unwrap());
    charge.payment.from_balance_minor = from_balance_minor;
    run(tables, &account(), &Command::Grant(charge), at(second)).await;
}

fn returned(invoice: &str, second: u64, minor: u64, credits: u64) -> ReturnedMoney {
    let product = Some(ProductId::new("music-studio").unwrap());
    ReturnedMoney {
        invoice: InvoiceId::new(invoice).unwrap(),
        account: account(),
        subscription: "sub_1".parse().unwrap(),
        at: at(second),
        credited: Vec::new(),
        returns: vec![ChangeReturn { product, minor, credits: Credits::new(credits).unwrap() }],
    }
}

async fn count(tables: &Tables, seen: &ReturnedMoney) -> ReturnOutcome {
    let cause = Cause::ProviderEvent(Provider::Stripe, format!("evt_{}", seen.invoice));
    tables.count_returns(&NoPause, seen, (&cause, at(100))).await.unwrap()
}

/// What was refunded or returned of cash, and what of the balance's part.
async fn back(tables: &Tables, payment: &str) -> (u64, u64) {
    let payment = tables.payment(&PaymentId::new(payment).unwrap()).await.unwrap().unwrap();
    (payment.refunded_minor, payment.to_balance_minor)
}

async fn available(tables: &Tables) -> u64 {
    let head = tables.head(&account()).await.unwrap().unwrap();
    head.after().balance(at(100)).unwrap().available.get()
}

#[tokio::test]
async fn money_goes_back_of_the_newest_payment_first_and_what_the_balance_paid_before_cash() {
    let (tables, _) = in_process::tables().await;
    charged(&tables, "pi_1", 0, 1_000, 0).await;
    charged(&tables, "pi_2", 10, 300, 200).await;
    // Charged after the change: it keeps its money.
    charged(&tables, "pi_9", 90, 1_000, 0).await;
    for (invoice, minor, credits, expected, left) in [
        ("in_3", 150, 30, [(0, 0), (0, 150)], 270),
        ("in_3", 150, 30, [(0, 0), (0, 150)], 270),
        ("in_4", 100, 20, [(0, 0), (50, 200)], 250),
        ("in_5", 400, 80, [(150, 0), (300, 200)], 170),
    ] {
        let outcome = count(&tables, &returned(invoice, 20, minor, credits)).await;
        assert!(outcome == COUNTED || outcome == ReturnOutcome::Known, "{invoice}: {outcome:?}");
        assert_eq!([back(&tables, "pi_1").await, back(&tables, "pi_2").await], expected, "{invoice}");
        assert_eq!((back(&tables, "pi_9").await, available(&tables).await), ((0, 0), left), "{invoice}");
    }
    // Stripe returned more than came: all that there is counts.
    let more = count(&tables, &returned("in_6", 20, 1_000, 0)).await;
    assert_eq!(more, ReturnOutcome::Counted { beyond_minor: 150 });
    assert_eq!(back(&tables, "pi_1").await, (1_000, 0));
}

#[tokio::test]
async fn e18_what_the_balance_has_is_not_refunded_as_well() {
    let (tables, _) = in_process::tables().await;
    charged(&tables, "pi_1", 0, 1_000, 0).await;
    assert_eq!(count(&tables, &returned("in_2", 20, 700, 70)).await, COUNTED);
    for (id, minor, expected) in
        [("re_1", 301, AdoptionOutcome::Exceeds), ("re_2", 300, AdoptionOutcome::Counted)]
    {
        let refund = ExternalRefund {
            id: id.parse().unwrap(),
            payment: PaymentId::new("pi_1").unwrap(),
            amount: Money::new(minor, Currency::new("usd").unwrap()),
            made_at: at(30),
            failed: false,
        };
        assert_eq!(tables.adopt_refund(&NoPause, &refund).await.unwrap(), expected, "{id}");
    }
}

#[tokio::test]
async fn it_waits_for_the_invoices_of_which_it_gives_back() {
    let (tables, _) = in_process::tables().await;
    let credits = |credited: &[&str]| ReturnedMoney {
        credited: credited.iter().map(|id| InvoiceId::new(*id).unwrap()).collect(),
        ..returned("in_3", 20, 100, 10)
    };
    assert_eq!(count(&tables, &credits(&[])).await, ReturnOutcome::UnknownPayment);
    charged(&tables, "pi_1", 0, 1_000, 0).await;
    assert_eq!(count(&tables, &credits(&["in_1", "in_3"])).await, ReturnOutcome::UnknownPayment);
    let invoice = Record::Invoice(InvoiceId::new("in_1").unwrap(), PaymentId::new("pi_1").unwrap());
    let order = Order {
        account: &account(),
        command: &Command::Grant(grant(&account(), "pi_0", 100, None)),
        cause: Cause::Operator("test".to_owned()),
        actor: Actor::Provider(Provider::Stripe),
        policy: None,
        records: vec![invoice],
    };
    execute(&tables, &NoPause, &order, at(1)).await.unwrap();
    assert_eq!(count(&tables, &credits(&["in_1", "in_3"])).await, COUNTED);
    // A change that returned nothing is on record too.
    let even = ReturnedMoney { returns: Vec::new(), ..returned("in_4", 30, 0, 0) };
    assert_eq!(count(&tables, &even).await, COUNTED);
    let later =
        ReturnedMoney { credited: vec![InvoiceId::new("in_4").unwrap()], ..returned("in_5", 40, 100, 10) };
    assert_eq!(count(&tables, &later).await, COUNTED);
}

#[tokio::test]
async fn two_deliveries_at_once_count_once() {
    let (tables, _) = in_process::tables().await;
    charged(&tables, "pi_1", 0, 1_000, 0).await;
    let reports: Vec<ReturnedMoney> =
        (0..8).map(|index| returned(&format!("in_{}", index / 2), 20, 200, 10)).collect();
    let outcomes = join_all(reports.iter().map(|seen| count(&tables, seen))).await;
    let counted = outcomes.iter().filter(|outcome| **outcome == COUNTED).count();
    assert!((1..=4).contains(&counted), "{outcomes:?}");
    let expected = u64::try_from(counted).unwrap();
    assert_eq!(back(&tables, "pi_1").await, (expected.strict_mul(200), 0));
    assert_eq!(available(&tables).await, 100_u64.strict_sub(expected.strict_mul(10)));
}
