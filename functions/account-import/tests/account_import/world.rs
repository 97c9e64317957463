//! The tables in memory, and lines of accounts.

use account_import::{ImportAnswer, handle};
use lambda::Invocation;
use ledger::contract::{NoPause, at};
use ledger::{AccountId, Entry, LedgerStore as _, Payment, PaymentId, PaymentStore as _};
use ledger_dynamodb::Tables;
use ledger_dynamodb::in_process::{self, Memory, Meter};
use serde_json::{Value, json};

/// Seconds after the contract's start at which every import runs.
pub(crate) const NOW_S: u64 = 30 * 86_400;

pub(crate) struct World {
    pub(crate) tables: Tables,
    pub(crate) meter: Meter,
    pub(crate) memory: Memory,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (tables, meter, memory) = in_process::tables_in_memory().await;
        Self { tables, meter, memory }
    }

    /// Imports the lines as `import`.
    pub(crate) async fn run(&self, import: &str, lines: &[Value]) -> Result<ImportAnswer, String> {
        let event = json!({"import": {"id": import, "accounts": lines}}).to_string();
        let invocation = Invocation::of(event, at(NOW_S)).unwrap();
        handle(&self.tables, &NoPause, &invocation).await.map_err(|error| error.to_string())
    }

    /// The outcome of each line, with the reason and the first field where it is refused.
    pub(crate) async fn outcomes(&self, import: &str, lines: &[Value]) -> Vec<String> {
        let answer = self.run(import, lines).await.unwrap();
        let shown = answer.accounts.iter().map(|one| match (one.reason, one.mistakes.first()) {
            (Some(reason), Some(mistake)) => format!("{reason} {}", mistake.pointer),
            _ => one.outcome.to_owned(),
        });
        shown.collect()
    }

    pub(crate) async fn head(&self, account: &str) -> Option<Entry> {
        self.tables.head(&AccountId::new(account).unwrap()).await.unwrap()
    }

    pub(crate) async fn payment(&self, id: &str) -> Option<Payment> {
        self.tables.payment(&PaymentId::new(id).unwrap()).await.unwrap()
    }
}

/// A line with a pack of which a part is used, a plan's renewal, a gift and a refund.
pub(crate) fn line(account: &str) -> Value {
    json!({
        "account": account,
        "as_of": "2026-11-28T22:00:00Z",
        "customers": [format!("cus_{account}")],
        "subscriptions": [{
            "id": format!("sub_{account}"), "price": "price_premier_monthly", "status": "active",
            "period_ends_at": "2026-12-20T10:00:00Z"
        }],
        "payments": [
            {
                "id": format!("pi_{account}_pack"), "price": "price_pack_500", "amount_minor": 900,
                "currency": "usd", "charged_at": "2026-10-01T10:00:00Z", "credits": 500,
                "names": [format!("ch_{account}")],
                "refunds": [
                    {"id": format!("re_{account}"), "amount_minor": 90, "made_at": "2026-10-02T10:00:00Z"}
                ]
            },
            {
                "id": format!("pi_{account}_plan"), "price": "price_premier_monthly", "amount_minor": 1500,
                "currency": "usd", "charged_at": "2026-11-20T10:00:00Z", "credits": 2000,
                "subscription": format!("sub_{account}"), "billing_reason": "subscription_cycle",
                "period": {"starts_at": "2026-11-20T10:00:00Z", "ends_at": "2026-12-20T10:00:00Z"},
                "invoice": format!("in_{account}")
            },
            {
                "id": format!("pi_{account}_old"), "price": "price_premier_monthly", "amount_minor": 1500,
                "currency": "usd", "charged_at": "2026-10-20T10:00:00Z", "credits": 2000,
                "subscription": format!("sub_{account}"), "billing_reason": "subscription_create",
                "period": {"starts_at": "2026-10-20T10:00:00Z", "ends_at": "2026-11-20T10:00:00Z"},
                "invoice": format!("in_{account}_old")
            }
        ],
        "lots": [
            {
                "kind": "pack", "product": "music-studio", "payment": format!("pi_{account}_pack"),
                "granted": 500, "left": 300, "revoked": 50, "generations": 12
            },
            {
                "kind": "subscription", "product": "music-studio", "payment": format!("pi_{account}_plan"),
                "granted": 2000, "left": 1200
            },
            {
                "kind": "compensation", "product": "music-studio", "granted": 40, "left": 40,
                "expires_at": "2027-02-01T00:00:00Z"
            }
        ]
    })
}

/// An account with more items than a transaction takes.
pub(crate) fn large(account: &str) -> Value {
    let mut large = line(account);
    let payments = large["payments"].as_array_mut().unwrap();
    for index in 0..30_u8 {
        payments.push(json!({
            "id": format!("pi_{account}_{index}"), "price": "price_pack_500", "amount_minor": 900,
            "currency": "usd", "charged_at": format!("2026-08-{:02}T10:00:00Z", index.checked_rem(28).unwrap().saturating_add(1)), "credits": 500,
            "invoice": format!("in_{account}_{index}")
        }));
    }
    large
}
