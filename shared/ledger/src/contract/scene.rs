//! What the suite's stories are made of: commands, and what carries them out.

use crate::{
    AccountId, Actor, AdjustmentId, AdjustmentKind, Answer, Buyer, Cause, Command, Credits, Currency,
    DueStore, Ending, Entry, GenerationId, Grant, LedgerStore, LotId, Money, Order, Pause, Payment,
    PaymentId, PaymentKind, PlaceHold, ProductId, Provider, ServiceId, Settlement, SubscriptionId, Timestamp,
    check_journal, execute,
};

/// The instant at which the suite's stories begin: 2026-11-01T00:00:00Z.
pub const START_MS: i64 = 1_793_491_200_000;

/// Seconds of a day.
pub const DAY_S: u64 = 86_400;

/// `seconds` after [`START_MS`].
///
/// # Panics
///
/// Outside the years 2000 to 2099.
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_ms(START_MS)
        .and_then(|start| start.plus_s(seconds))
        .expect("within the years 2000 to 2099")
}

/// Does not wait.
#[derive(Debug, Clone, Copy)]
pub struct NoPause;

impl Pause for NoPause {
    fn attempts_max(&self) -> u32 {
        1000
    }

    async fn pause(&self, _attempt: u32) {}
}

/// As in the policies.
const GRACE_S: u64 = DAY_S;

pub(super) fn credits(count: u64) -> Credits {
    Credits::new(count).expect("below the bound")
}

pub(super) fn generation(id: &str) -> GenerationId {
    GenerationId::new(id).expect("a valid id")
}

/// The grant of a payment of 10.00 USD at [`START_MS`]: of a subscription, or of a pack for `None`.
///
/// # Panics
///
/// When an id is not valid.
pub fn grant(account: &AccountId, payment: &str, count: u64, subscription: Option<&str>) -> Grant {
    let kind = subscription.map_or(PaymentKind::Pack, |id| PaymentKind::Subscription {
        subscription: SubscriptionId::new(id).expect("a valid id"),
        billing_reason: "subscription_cycle".to_owned(),
    });
    Grant {
        payment: Box::new(Payment {
            id: PaymentId::new(payment).expect("a valid id"),
            account: account.clone(),
            kind,
            product: ProductId::new("music-studio").expect("a valid id"),
            price: "price_1".to_owned(),
            paid: Money::new(1000, Currency::new("usd").expect("a valid code")),
            refunded_minor: 0,
            from_balance_minor: 0,
            to_balance_minor: 0,
            of_change: false,
            charged_at: at(0),
            period_starts_at: None,
            period_ends_at: None,
            lot: LotId(0),
            credits: credits(count),
            further: None,
            landed_at: at(0),
            policy: None,
            buyer: Buyer::default(),
            names: Vec::new(),
            disputes: Vec::new(),
            downloads: 0,
            uncounted: false,
            provider: Provider::Stripe,
        }),
        pauses_leftover_expiry: false,
        period: None,
        leftover_s: None,
        fingerprint: None,
    }
}

/// The service that holds and settles, where no other is named.
pub const SERVICE: &str = "suite";

/// A hold of `count` credits by [`SERVICE`] with a deadline of 50 minutes.
///
/// # Panics
///
/// When the id is not valid.
pub fn place(id: &str, count: u64) -> Command {
    place_by(SERVICE, id, count)
}

/// A hold of `count` credits by `service` with a deadline of 50 minutes.
///
/// # Panics
///
/// When an id is not valid.
pub fn place_by(service: &str, id: &str, count: u64) -> Command {
    Command::Hold(PlaceHold {
        generation: generation(id),
        service: ServiceId::new(service).expect("a valid id"),
        operation: "music-simple".to_owned(),
        product: ProductId::new("music-studio").expect("a valid id"),
        credits: credits(count),
        deadline_s: 3000,
    })
}

/// The settlement of one generation by [`SERVICE`].
///
/// # Panics
///
/// When the id is not valid.
pub fn settle(id: &str, ending: Ending) -> Command {
    settle_by(SERVICE, id, ending)
}

/// The settlement of one generation by `service`.
///
/// # Panics
///
/// When an id is not valid.
pub fn settle_by(service: &str, id: &str, ending: Ending) -> Command {
    let by = Some(ServiceId::new(service).expect("a valid id"));
    let settlement = Settlement { generation: generation(id), ending, grace_s: GRACE_S, charges_late: true };
    Command::Settle { by, settlements: vec![settlement] }
}

/// The adjustment `id` of an account.
///
/// # Panics
///
/// When the id is not valid.
pub fn adjust(id: &str, kind: AdjustmentKind) -> Command {
    Command::Adjust {
        id: AdjustmentId::new(id).expect("a valid id"),
        product: ProductId::new("music-studio").expect("a valid id"),
        kind,
    }
}

/// The expiry of everything that is due for an account, with the release of these generations' due holds.
///
/// # Panics
///
/// When an id is not valid.
pub fn expire(ids: &[&str]) -> Command {
    Command::Expire { releases: ids.iter().map(|id| (generation(id), GRACE_S)).collect() }
}

/// Carries out `command`.
///
/// # Panics
///
/// When the store fails.
pub async fn run<S: DueStore>(store: &S, account: &AccountId, command: &Command, now: Timestamp) -> Answer {
    let order = Order {
        account,
        command,
        cause: Cause::Generation,
        actor: Actor::Service(SERVICE.to_owned()),
        policy: None,
        records: Vec::new(),
    };
    execute(store, &NoPause, &order, now).await.expect("the store answers")
}

/// The account's journal, which has to keep the ledger's invariants.
///
/// # Panics
///
/// When the store fails, or when an invariant is broken.
pub async fn sound_journal<S: LedgerStore>(store: &S, account: &AccountId) -> Vec<Entry> {
    let entries = store.entries_after(account, 0, 1000).await.expect("the store answers");
    assert_eq!(check_journal(&entries), []);
    entries
}

pub(super) async fn journal<S: DueStore>(store: &S, account: &AccountId) -> Vec<Entry> {
    store.entries_after(account, 0, 1000).await.expect("the store answers")
}

pub(super) async fn granted<S: DueStore>(store: &S, name: &str, count: u64) -> AccountId {
    let account = AccountId::new(name).expect("a valid id");
    let command = Command::Grant(grant(&account, &format!("pi_{name}"), count, None));
    assert!(matches!(run(store, &account, &command, at(0)).await, Answer::Written { .. }));
    account
}
