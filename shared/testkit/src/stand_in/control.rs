//! The control API: JSON commands under `/_control/`, for the demo and for tests of other processes.
//!
//! | call | members beside those of an emission |
//! |---|---|
//! | `POST webhook` | `url`, `host?`, `signing_secrets` |
//! | `POST settings` | `refund_mode?`, `shape?`, `deliver?`, `livemode?`, `expand_payments?`, `cards_decline?` |
//! | `POST price` | `price`, `amount`, `currency`, `months?` |
//! | `POST address` | `account`, `country` |
//! | `POST buy_pack` | `account`, `customer?`, `price`, `amount`, `currency` |
//! | `POST subscribe` | the same, `metadata?`, `days?` of a period |
//! | `POST renew` | `subscription`, `charged_at?` |
//! | `POST divide_invoice` | `invoice`, `parts` |
//! | `POST cancel` | `subscription`, `at_period_end`, `at?` |
//! | `POST owe`, `POST schedule` | `subscription` |
//! | `POST end` | `subscription`, `ended_at?` |
//! | `POST list` | `path`, `data`: what the API answers there, in pages |
//! | `POST settle_refund` | `refund`, `status`, `failure_reason?` |
//! | `POST dashboard_refund` | `payment`, `amount?` |
//! | `POST open_dispute` | `payment`, `amount?`, `reason?`, `due_by?`, `inquiry?` |
//! | `POST escalate_dispute` | `dispute`, `due_by?` |
//! | `POST close_dispute` | `dispute`, `result` (`won`, `lost`, `warning_closed`), `reinstated?` |
//! | `POST release` | `events?`, `order?`, `copies?` |
//! | `POST faults` | `fault`, `times?`, `operation?`, what the fault needs |
//! | `POST clear_faults`, `POST prune_keys` | none |
//! | `GET refunds`, `payments`, `subscriptions`, `open_invoices`, `disputes`, `events`, `deliveries`, `calls` | |

use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::command::{Emission, parse_with_emission};
use super::delivery;
use super::fault::{Operation, PlannedFault};
use super::purchase::Made;
use super::shared::Shared;
use super::world::{CommandError, World};

/// A status and a JSON body.
pub(crate) type ControlAnswer = (u16, Value);

/// Answers one control call; `name` is the path after `/_control/`.
pub(crate) fn answer(shared: &Shared, method: &Method, name: &str, body: &[u8]) -> ControlAnswer {
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

/// What the API lists at a path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    path: String,
    data: Vec<Value>,
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
            let mut settings = serde_json::to_value(world.settings)?;
            if let Some(known) = settings.as_object_mut() {
                known.extend(members);
            }
            world.settings = serde_json::from_value(settings)?;
            json!({ "settings": world.settings })
        }
        "address" => {
            world.address(&own(members)?);
            json!({})
        }
        "list" => {
            let list: List = own(members)?;
            world.lists.insert(list.path, list.data);
            json!({})
        }
        "faults" => {
            if let Some(stray) =
                members.keys().find(|name| !PlannedFault::<Operation>::MEMBERS.contains(&name.as_str()))
            {
                return Err(ControlError::Member(stray.clone()));
            }
            world.faults.plan(own::<PlannedFault>(members)?);
            json!({})
        }
        "clear_faults" => {
            world.faults.clear();
            json!({})
        }
        "prune_keys" => json!({ "pruned": world.keys.prune() }),
        "release" => json!({ "events": world.release(&own(members)?)? }),
        "buy_pack" => run(&mut world, members, World::buy_pack)?,
        "price" => run(&mut world, members, World::sell)?,
        "subscribe" => run(&mut world, members, World::subscribe)?,
        "renew" => run(&mut world, members, World::renew)?,
        "divide_invoice" => run(&mut world, members, World::divide_invoice)?,
        "cancel" => run(&mut world, members, World::cancel)?,
        "end" => run(&mut world, members, World::end)?,
        "owe" => run(&mut world, members, World::owe)?,
        "schedule" => run(&mut world, members, World::schedule)?,
        "settle_refund" => run(&mut world, members, World::settle_refund)?,
        "dashboard_refund" => run(&mut world, members, World::dashboard_refund)?,
        "open_dispute" => run(&mut world, members, World::open_dispute)?,
        "escalate_dispute" => run(&mut world, members, World::escalate_dispute)?,
        "close_dispute" => run(&mut world, members, World::close_dispute)?,
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
    command: impl FnOnce(&mut World, &T, &Emission) -> Result<Made, CommandError>,
) -> Result<Value, ControlError> {
    let (own, emission) = parse_with_emission(members)?;
    Ok(serde_json::to_value(command(world, &own, &emission)?)?)
}

fn view(shared: &Shared, name: &str) -> ControlAnswer {
    let in_flight = shared.in_flight();
    let world = shared.world();
    let value = match name {
        "refunds" => json!({ "refunds": world.refunds }),
        "payments" => json!({ "payments": world.payments.values().collect::<Vec<_>>() }),
        "subscriptions" => world.subscriptions_view(),
        "open_invoices" => json!({ "open_invoices": world.open_invoices.values().collect::<Vec<_>>() }),
        "disputes" => json!({ "disputes": world.disputes.values().collect::<Vec<_>>() }),
        "events" => json!({ "events": world.events }),
        "deliveries" => json!({ "in_flight": in_flight, "deliveries": world.deliveries }),
        "calls" => json!({ "calls": world.calls }),
        _ => return (404, json!({ "error": format!("there is no view `{name}`") })),
    };
    (200, value)
}
