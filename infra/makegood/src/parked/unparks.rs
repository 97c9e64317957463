//! What would unpark an event, with the command that does it.

use ledger_dynamodb::Parked;

use crate::parked::case::ParkedCase;

/// What would unpark an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unparks {
    /// A price that is published, or corrected, in the catalogue.
    Price,
    /// The link of its customer to an account.
    Account,
    /// The event that its payment's purchase came with.
    Purchase,
    /// A version of Makegood that reads it.
    Version,
    /// A person's decision in the customer's case, or in the provider's dashboard.
    Decision,
    /// Something that has to be correct at the provider.
    Correction,
}

impl Unparks {
    fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            "price_unknown" | "price_kind" | "amount_mismatch" => Self::Price,
            "account_unknown" => Self::Account,
            "payment_unknown" => Self::Purchase,
            "value_unknown" | "unreadable" => Self::Version,
            "lines_unknown" | "several_purchases" | "too_many_purchases" | "quantity" | "proration_only"
            | "too_many_lots" => Self::Decision,
            "account_mismatch" | "event_conflict" | "refund_mismatch" | "refund_exceeds" | "out_of_range" => {
                Self::Correction
            }
            _ => return None,
        })
    }
}

/// What would unpark the event, and how.
pub(super) fn unparks(parked: &Parked, case: Option<&ParkedCase>) -> String {
    let (id, provider) = (&parked.id, parked.provider.title());
    let drop = || format!("makegood parked drop {id} --reason TEXT");
    match (Unparks::of(&parked.reason), case) {
        (Some(Unparks::Price), _) => {
            let price = parked.about.price.as_deref().map_or_else(
                || "the price".to_owned(),
                |price| format!("`{price}`, or listed in `ignore_prices` if it is another product's,"),
            );
            let publish = "makegood catalogue publish catalogue.toml";
            format!("{price} in the catalogue: `{publish}`, then `makegood parked replay {id}`")
        }
        (Some(Unparks::Account), _) => {
            let whose = parked
                .about
                .customer
                .as_ref()
                .map_or_else(|| "the guest".to_owned(), |customer| format!("customer {customer}"));
            format!("an account for {whose}: `makegood parked link {id} --account ACCOUNT`, or `{}`", drop())
        }
        (Some(Unparks::Purchase), _) => {
            let payment = parked
                .about
                .payment
                .as_ref()
                .map_or_else(|| "its payment".to_owned(), |payment| format!("payment {payment}"));
            format!(
                "the purchase of {payment}: `makegood reconcile --repair --since` its instant, then \
                 `makegood parked replay {id}`; if it is another product's, `{}`",
                drop()
            )
        }
        (Some(Unparks::Version), _) => {
            format!("a version of Makegood that reads it, then `makegood parked replay {id}`")
        }
        (Some(Unparks::Decision), Some(case)) => format!("the decision in {}, then `{}`", case.id(), drop()),
        (Some(Unparks::Decision), None) => {
            format!("a person's decision: refund the payment in {provider}'s dashboard, then `{}`", drop())
        }
        (Some(Unparks::Correction) | None, _) => format!(
            "what is wrong corrected in {provider}'s dashboard, then `makegood parked replay {id}`, or `{}`",
            drop()
        ),
    }
}

#[cfg(test)]
mod tests {
    use ledger::Provider;
    use ledger::contract::at;

    use super::*;

    #[test]
    fn every_reason_for_parking_names_what_unparks_it_and_the_command() {
        for reason in crate::parked::remedies::reasons() {
            assert!(Unparks::of(reason).is_some(), "{reason} needs what unparks it");
            let said = unparks(&Parked::new("evt_1", reason, at(0), b"{}"), None);
            assert!(said.contains("makegood parked ") && said.contains("evt_1"), "{reason}: {said}");
        }
    }

    #[test]
    fn the_dashboard_is_that_of_the_events_provider() {
        for provider in [Provider::Stripe, Provider::Creem] {
            let parked = Parked { provider, ..Parked::new("evt_1", "proration_only", at(0), b"{}") };
            let said = unparks(&parked, None);
            assert!(said.contains(&format!("in {}'s dashboard", provider.title())), "{said}");
        }
    }
}
