//! Requests and capacity units of each operation, indexes included: the table of docs/PERFORMANCE.md. The
//! account is one in steady use, and its ids are as long as they are in life.

use ledger::contract::{NoPause, at, expire, grant, place_by, settle_by};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, Ending, Entry, Order, RECENT_MAX, ReleaseReason, Timestamp,
    execute,
};
use ledger_dynamodb::Tables;
use ledger_dynamodb::in_process::{self, Meter};

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);
/// What one write unit of DynamoDB covers.
const UNIT_BYTES: usize = 1024;

/// A generation id of 30 characters.
fn generation(index: u32) -> String {
    format!("gen_01JD3M8Q5WZK7YX2V9T4{index:06}")
}

/// A client id as long as Cognito's.
const SERVICE: &str = "6kq2v8s1h0d4j7m3n5p9r2t6wx";

struct Scene {
    tables: Tables,
    meter: Meter,
    account: AccountId,
}

impl Scene {
    async fn new() -> Self {
        let (tables, meter) = in_process::tables().await;
        let account = AccountId::new("0b7f3c52-4f0e-4a53-9d6c-1f6a3f0b9f11").unwrap();
        Self { tables, meter, account }
    }

    /// As [`ledger::contract::run`], by a service with an id of the usual length.
    async fn run(&self, command: &Command, now: Timestamp) -> Answer {
        let order = Order {
            account: &self.account,
            command,
            cause: Cause::Generation,
            actor: Actor::Service(SERVICE.to_owned()),
            policy: None,
            records: Vec::new(),
        };
        execute(&self.tables, &NoPause, &order, now).await.unwrap()
    }

    fn units(&self) -> Vec<(&'static str, f64)> {
        self.meter.read().into_iter().map(|call| (call.operation, call.units)).collect()
    }

    /// A pack, a Pro lot, eight settled generations and two open holds.
    async fn in_steady_use(&self) {
        let pack = grant(&self.account, "pi_3QzX1aKp2mB4cD5e0FgHiJkL", 500, None);
        self.run(&Command::Grant(pack), at(0)).await;
        let mut pro =
            grant(&self.account, "pi_3QzX2bLq3nC5dE6f1GhIjKlM", 2500, Some("sub_1QzX1aKp2mB4cD5e0FgHiJkL"));
        pro.leftover_s = Some(60 * 86_400);
        self.run(&Command::Grant(pro), at(0)).await;
        for index in 0..u32::try_from(RECENT_MAX).unwrap() {
            self.run(&place_by(SERVICE, &generation(index), 10), at(1)).await;
            self.run(&settle_by(SERVICE, &generation(index), Ending::Succeeded), at(2)).await;
        }
        for index in [100, 101] {
            self.run(&place_by(SERVICE, &generation(index), 10), at(3)).await;
        }
        self.meter.read();
    }
}

#[tokio::test]
async fn each_operation_is_one_query_and_one_write() {
    let scene = Scene::new().await;
    let bought = |payment| Command::Grant(grant(&scene.account, payment, 500, None));
    scene.run(&bought("pi_3QzX0zKp2mB4cD5e0FgHiJkL"), at(0)).await;
    // Entry, payment and purchase, two units each; the query found nothing.
    assert_eq!(scene.units(), [("Query", 1.0), ("TransactWriteItems", 6.0)], "grant");

    scene.run(&place_by(SERVICE, &generation(99), 5), at(1)).await;
    // Entry and due marker, two units each, and one for each of their index entries.
    assert_eq!(scene.units(), [("Query", 1.0), ("TransactWriteItems", 6.0)], "the first hold of a while");
}

#[tokio::test]
async fn a_name_that_no_key_has_costs_a_purchase_one_unit_and_a_hold_nothing() {
    let scene = Scene::new().await;
    for (names, units) in [
        (&["in_1"][..], 6.0),
        (&["cs_1"], 7.0),
        (&["in_2", "A1B2C3D4-0001"], 7.0),
        (&["in_3", "A1B2C3D4-0002", "1234-5678"], 8.0),
    ] {
        let mut bought = grant(&scene.account, &format!("pi_{}", names.concat()), 500, None);
        bought.payment.names = names.iter().map(|name| name.parse().unwrap()).collect();
        scene.meter.read();
        scene.run(&Command::Grant(bought), at(0)).await;
        let written = scene.units().pop().unwrap();
        assert_eq!(written, ("TransactWriteItems", units), "{names:?}");
    }
}

#[tokio::test]
async fn an_account_in_steady_use_pays_one_unit_for_an_entry() {
    let scene = Scene::new().await;
    scene.in_steady_use().await;

    let Answer::Written { entry, .. } = scene.run(&place_by(SERVICE, &generation(200), 10), at(4)).await
    else {
        panic!()
    };
    // The entry, and its place in the index of generations.
    assert_eq!(scene.units(), [("Query", 1.0), ("PutItem", 2.0)], "hold");
    assert_eq!((entry.after().lots.len(), entry.after().holds.len()), (2, 3));
    let item = entry_bytes(&entry);
    assert!(item <= UNIT_BYTES, "a hold takes {item} bytes");

    for (index, ending, name) in [(200, Ending::Succeeded, "capture"), (100, FAILED, "release")] {
        scene.run(&settle_by(SERVICE, &generation(index), ending), at(5)).await;
        assert_eq!(scene.units(), [("Query", 1.0), ("PutItem", 1.0)], "{name}");
    }

    scene.run(&expire(&[&generation(101)]), at(3005)).await;
    assert_eq!(scene.units(), [("Query", 1.0), ("PutItem", 1.0)], "expire");

    scene.run(&settle_by(SERVICE, &generation(101), FAILED), at(3006)).await;
    assert_eq!(scene.units(), [("Query", 1.0)], "a repeated message");
}

#[tokio::test]
async fn a_months_credits_are_one_query_and_one_write() {
    let scene = Scene::new().await;
    let mut year =
        grant(&scene.account, "pi_3QzX2bLq3nC5dE6f1GhIjKlM", 12_000, Some("sub_1QzX1aKp2mB4cD5e0FgHiJkL"));
    year.payment.period_ends_at = Some(at(365 * 86_400));
    let each = ledger::Credits::new(1_000).unwrap();
    year.payment.further = Some(ledger::FurtherGrants { grants: 11, each, replaces: true });
    scene.run(&Command::Grant(year), at(0)).await;
    scene.meter.read();
    scene.run(&expire(&[]), at(30 * 86_400)).await;
    assert_eq!(scene.units(), [("Query", 1.0), ("PutItem", 1.0)]);
    // Six months at once, with what each took the place of.
    scene.run(&expire(&[]), at(213 * 86_400)).await;
    assert_eq!(scene.units(), [("Query", 1.0), ("PutItem", 3.0)]);
}

/// The item of an entry that places a hold: names and values, as DynamoDB counts them.
fn entry_bytes(entry: &Entry) -> usize {
    let account = entry.account();
    let keys = format!("pkACCOUNT#{account}skENTRY#{:012}", entry.number());
    let placed = format!("generation{account}#{}", generation(0));
    [keys.len(), placed.len(), "body".len(), entry.body().len(), "hash".len(), entry.hash().0.len()]
        .iter()
        .sum()
}
