//! What changes from one catalogue to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use policy::{Catalogue, PeriodGrants, Price, PriceKind, Product, money_text};

use crate::columns::{Align, Columns};
use crate::failure::Failure;

/// Shows each product and price that is new, gone or another; without a catalogue `before`, all are new.
pub(super) fn write(
    before: Option<&Catalogue>,
    after: &Catalogue,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let none = Catalogue::default();
    let before = before.unwrap_or(&none);
    let mut columns = Columns::new([Align::Left; 3]);
    let products = |catalogue: &Catalogue| {
        catalogue.products.iter().map(|each| (each.id.clone(), product(each))).collect()
    };
    let prices =
        |catalogue: &Catalogue| catalogue.prices.iter().map(|each| (each.id.clone(), price(each))).collect();
    let ignored = |catalogue: &Catalogue| {
        catalogue.ignored.iter().map(|id| (id.clone(), "another product's, ignored".to_owned())).collect()
    };
    rows(&products(before), &products(after), &mut columns);
    rows(&prices(before), &prices(after), &mut columns);
    rows(&ignored(before), &ignored(after), &mut columns);
    columns.write(output)?;
    Ok(())
}

fn rows(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, columns: &mut Columns<3>) {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let id = id.as_str();
        match (before.get(id), after.get(id)) {
            (None, Some(is)) => columns.row(["new", id, is]),
            (Some(was), None) => columns.row(["gone", id, was]),
            (Some(was), Some(is)) if was != is => {
                columns.row(["was", id, was]);
                columns.row(["is", id, is]);
            }
            _ => {}
        }
    }
}

fn product(product: &Product) -> String {
    let mut text = format!("a product under `{}`", product.policy);
    if !product.siblings.is_empty() {
        text = format!("{text}, with {}", product.siblings.join(", "));
    }
    text
}

fn price(price: &Price) -> String {
    let mut parts = vec![format!("{} credits of {}", price.credits, price.product)];
    match &price.kind {
        PriceKind::Pack => parts.push("a pack".to_owned()),
        PriceKind::Subscription { plan, rank, months, grants } => {
            parts.push(format!("plan {plan} of rank {rank}"));
            if *months > 1 {
                parts.push(format!("{months} months"));
            }
            if *grants == PeriodGrants::Monthly {
                parts.push("granted monthly".to_owned());
            }
        }
    }
    parts.extend(price.generations.map(|generations| format!("{generations} generations")));
    parts.extend(price.amounts.iter().map(|amount| money_text(amount.minor, &amount.currency)));
    parts.push(format!("sold through {}", price.provider.as_str()));
    parts.join(", ")
}
