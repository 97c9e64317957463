//! The stored form of adjustments: what is written stays readable, so that its bytes are held.

use account_adjustment::AccountAdjustments;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::config::Env;
use ledger::Command;
use ledger::contract::grant;
use ledger_dynamodb::in_process;
use serde_json::{Value, json};
use testkit::http_event::CALLER_VARIABLES;

use crate::world::{World, account, body, grant_of};

#[tokio::test]
async fn adjustments_keep_their_bytes() {
    let (store, meter, memory) = in_process::tables_in_memory().await;
    let rules = CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap();
    let world = World { app: AccountAdjustments { store, rules, backoff: Backoff::default() }, meter };
    world.run(&Command::Grant(grant(&account(), "pi_pack", 5_000, None))).await;
    let promotion = json!({"credits": 5, "purpose": "promotional", "expires_at": "2027-01-01T00:00:00Z"});
    let operator = json!({
        "account": "customer-1", "operator": "ann", "key": "key-4", "adjustment": body("suspension", &json!({})),
    });
    for submitted in [
        world.submit("agent-1", "key-1", &body("grant", &promotion)).await,
        world.submit("agent-1", "key-2", &body("expiry_move", &json!({"lot": 2, "expires_at": null}))).await,
        world.submit("agent-1", "key-3", &body("take_back", &json!({"lot": 1, "credits": 7}))).await,
        world.direct(&json!({"submit": operator})).await,
        world.submit("agent-1", "key-5", &body("resumption", &json!({}))).await,
    ] {
        assert_eq!(submitted.0, 201, "{:#}", submitted.1);
    }
    world.owe().await;
    world.submit("agent-1", "key-6", &body("debt_write_off", &json!({"credits": 9}))).await;
    let approved = world.waiting("agent-1", "key-7", &grant_of(2_001)).await;
    let refused = world.waiting("agent-1", "key-8", &grant_of(2_002)).await;
    world.waiting("agent-1", "key-9", &grant_of(2_003)).await;
    assert_eq!(world.approve("agent-2", &approved).await.0, 200);
    assert_eq!(world.refuse("agent-2", &refused).await.0, 200);
    let items: Vec<Value> = memory
        .read()
        .items()
        .filter(|(partition, ..)| partition.starts_with("ADJUSTMENT#"))
        .map(|(_, _, item)| item)
        .collect();
    assert_eq!(items.len(), 9);
    insta::assert_json_snapshot!(items);
}
