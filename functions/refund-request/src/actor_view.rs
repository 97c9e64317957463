//! How answers name who did something.

use ledger::Actor;

/// The kind of who did it, and the name of a service or a support person.
pub(crate) fn actor(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Provider(provider) => (provider.as_str(), None),
        Actor::Service(name) => ("service", Some(name)),
        Actor::Schedule => ("schedule", None),
        Actor::Policy => ("policy", None),
        Actor::Support(sub) => ("support", Some(sub)),
        Actor::Customer => ("customer", None),
        Actor::Operator => ("operator", None),
    }
}
