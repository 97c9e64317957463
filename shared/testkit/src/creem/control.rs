//! The control API: JSON commands under `/_control/`, as at the Stripe stand-in.
//!
//! | call | members beside those of an emission (`created`, `deliver`, `copies`, `order`) |
//! |---|---|
//! | `POST webhook` | `url`, `host?`, `signing_secret` |
//! | `POST settings` | those of `CreemSettings` |
//! | `POST address` | `account`, `country` |
//! | `POST buy_once` | those of `BuyOnce` |
//! | `POST start_plan` | those of `StartPlan`, with `days?` and `trial_days?` |
//! | `POST renew` | `subscription` |
//! | `POST move_subscription` | `subscription`, `to`, `units?`, `product?` |
//! | `POST outside_refund` | `transaction`, `amount?` |
//! | `POST settle_refund` | `refund`, `status`, `reports?`, `lowers_total?` |
//! | `POST open_dispute` | `transaction`, `amount?`, `keeps_money?`, `reports_refund?` |
//! | `POST end_dispute` | `transaction`, `won` |
//! | `POST release` | `events?`, `order?`, `copies?` |
//! | `POST faults` | `fault`, `times?`, `operation?`, what the fault needs |
//! | `POST clear_faults` | none |
//! | `GET transactions`, `refunds`, `subscriptions`, `events`, `deliveries`, `calls` | |

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::CreemOperation;
use super::command::EndDispute;
use super::delivery;
use super::record::Sold;
use super::shared::Shared;
use super::world::World;
use crate::stand_in::command::parse_with_emission;
use crate::stand_in::{CommandError, Emission, PlannedFault};

/// Answers one control call with a status and a JSON body; `name` is the path after `/_control/`.
pub(super) fn answer(shared: &Shared, method: &Method, name: &str, body: &[u8]) -> (u16, Value) {
    let done = match *method {
        Method::GET => return view(shared, name),
        Method::POST => command(shared, name, body),
        _ => return (405, json!({ "error": "expected GET or POST" })),
    };
    match done {
        Ok(Some(value)) => (200, value),
        Ok(None) => (404, json!({ "error": format!("there is no command `{name}`") })),
        Err(error) => (400, json!({ "error": error.to_string() })),
    }
}

#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error("the body is not a JSON object of this command: {0}")]
    Body(#[from] serde_json::Error),
    #[error("a fault has no member `{0}`")]
    Member(String),
    #[error(transparent)]
    Command(#[from] CommandError),
}

fn command(shared: &Shared, name: &str, body: &[u8]) -> Result<Option<Value>, ControlError> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    let members: Map<String, Value> = if empty { Map::new() } else { serde_json::from_slice(body)? };
    let mut world = shared.world();
    let value = match name {
        "webhook" => {
            let target = own(members)?;
            delivery::check_target(&target)?;
            world.target = Some(target);
            json!({})
        }
        "settings" => {
            let mut settings = serde_json::to_value(&world.settings)?;
            if let Some(known) = settings.as_object_mut() {
                known.extend(members);
            }
            world.settings = serde_json::from_value(settings)?;
            json!({ "settings": world.settings })
        }
        "faults" => {
            let known = PlannedFault::<CreemOperation>::MEMBERS;
            if let Some(stray) = members.keys().find(|name| !known.contains(&name.as_str())) {
                return Err(ControlError::Member(stray.clone()));
            }
            world.faults.plan(own(members)?);
            json!({})
        }
        "clear_faults" => {
            world.faults.clear();
            json!({})
        }
        "address" => {
            world.address(&own(members)?);
            json!({})
        }
        "end_dispute" => {
            world.end_dispute(&own::<EndDispute>(members)?)?;
            json!({})
        }
        "release" => json!({ "events": world.release(&own(members)?)? }),
        "buy_once" => run(&mut world, members, World::buy_once)?,
        "start_plan" => run(&mut world, members, World::start_plan)?,
        "renew" => run(&mut world, members, World::renew)?,
        "move_subscription" => run(&mut world, members, World::move_subscription)?,
        "outside_refund" => run(&mut world, members, World::outside_refund)?,
        "settle_refund" => run(&mut world, members, World::settle_refund)?,
        "open_dispute" => run(&mut world, members, World::open_dispute)?,
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn own<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::Object(members))
}

fn run<T: DeserializeOwned>(
    world: &mut World,
    members: Map<String, Value>,
    command: impl FnOnce(&mut World, &T, &Emission) -> Result<Sold, CommandError>,
) -> Result<Value, ControlError> {
    let (own, emission) = parse_with_emission(members)?;
    Ok(serde_json::to_value(command(world, &own, &emission)?)?)
}

fn view(shared: &Shared, name: &str) -> (u16, Value) {
    let in_flight = *shared.in_flight.borrow();
    let world = shared.world();
    let value = match name {
        "transactions" => json!({ "transactions": world.sales.values().collect::<Vec<_>>() }),
        "refunds" => json!({ "refunds": world.refunds }),
        "subscriptions" => json!({ "subscriptions": world.plans.values().collect::<Vec<_>>() }),
        "events" => json!({ "events": world.events }),
        "deliveries" => json!({ "in_flight": in_flight, "deliveries": world.deliveries }),
        "calls" => json!({ "calls": world.calls }),
        _ => return (404, json!({ "error": format!("there is no view `{name}`") })),
    };
    (200, value)
}
