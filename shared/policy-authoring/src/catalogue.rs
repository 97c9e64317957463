//! The price catalogue: products and prices, checked against the documents.

use std::collections::BTreeSet;

use policy::{Catalogue, Documents, PeriodGrants, Price, PriceKind, PriceProvider, Product, UnitAmount};

use crate::context::{check_id, ids, known};
use crate::mistake::Mistakes;
use crate::reader::{File, Located, Table, any_of};

/// Parses a catalogue and checks that every product falls under a document that covers it.
pub fn parse_catalogue(file: &str, text: &str, documents: &Documents) -> Result<Catalogue, Mistakes> {
    let file = File::new(file, text);
    let root = file.parse();
    let catalogue = root.as_ref().map(|root| catalogue(&file, file.root(root), documents));
    drop(root);
    file.finish(catalogue)
}

fn catalogue<'t>(file: &File<'t>, mut root: Table<'_, 't>, documents: &Documents) -> Catalogue {
    let ignored = root.optional_texts("ignore_prices");
    let product_tables = root.named_tables("products");
    let ids = ids(&product_tables);
    let products: Vec<Product> = product_tables
        .into_iter()
        .filter_map(|(id, table)| product(&id, table, &ids, file, documents))
        .collect();
    let prices: Vec<Price> = root
        .named_tables("prices")
        .into_iter()
        .filter_map(|(id, mut table)| {
            let product = table.text("product").and_then(|reference| known("product", reference, &ids, file));
            price(id, table, product, (&products, documents))
        })
        .collect();
    root.finish();
    Catalogue { products, ignored: ignored_prices(ignored, &prices, file), prices }
}

/// `ignore_prices = ["price_…"]`: none that is sold here.
fn ignored_prices(listed: Vec<Located<String>>, prices: &[Price], file: &File<'_>) -> Vec<String> {
    let mut ignored = BTreeSet::new();
    for price in listed {
        if prices.iter().any(|sold| sold.id == price.value) {
            price.mistake(
                file,
                format!("`{}` is sold here; expected a price of another product", price.value),
            );
        }
        ignored.insert(price.value);
    }
    ignored.into_iter().collect()
}

fn product(
    id: &Located<String>,
    mut table: Table<'_, '_>,
    ids: &BTreeSet<String>,
    file: &File<'_>,
    documents: &Documents,
) -> Option<Product> {
    check_id(id, file);
    let policy = table.text("policy");
    let siblings = table.optional_texts("siblings");
    table.finish();
    for sibling in &siblings {
        check_id(sibling, file);
        if ids.contains(&sibling.value) {
            let problem = format!("`{}` is a product of its own; expected one that is none", sibling.value);
            sibling.mistake(file, problem);
        }
    }
    let policy = policy?;
    let covers = documents.iter().any(|each| each.id == policy.value && each.products.contains(&id.value));
    if !covers {
        let problem =
            format!("document `{}` does not cover `{}`; expected one that does", policy.value, id.value);
        policy.mistake(file, problem);
    }
    let siblings = siblings.into_iter().map(|sibling| sibling.value).collect();
    Some(Product { id: id.value.clone(), policy: policy.value, siblings })
}

/// Stripe's longest period is three years.
const MONTHS_MAX: u32 = 36;

#[derive(Clone, Copy)]
enum KindWord {
    Subscription,
    Pack,
}

fn price(
    id: Located<String>,
    mut table: Table<'_, '_>,
    product: Option<String>,
    sold: (&[Product], &Documents),
) -> Option<Price> {
    let provider = provider(&id, &mut table, product.as_deref(), sold);
    let credits = table.integer("credits");
    let generations = table.optional_integer("generations").map(|generations| generations.value);
    let kind = table.choice("kind", &[("subscription", KindWord::Subscription), ("pack", KindWord::Pack)]);
    let kind = match kind {
        Some(KindWord::Subscription) => {
            let plan = table.text("plan");
            let rank = table.integer("rank").and_then(|rank| u32::try_from(rank.value).ok());
            let months = months(&mut table);
            let grants = grants(&mut table, months);
            plan.zip(rank).map(|(plan, rank)| PriceKind::Subscription {
                plan: plan.value,
                rank,
                months,
                grants,
            })
        }
        Some(KindWord::Pack) => Some(PriceKind::Pack),
        None => None,
    };
    let amounts = amounts(&mut table);
    if provider == PriceProvider::Creem && !amounts.is_empty() {
        id.mistake(table.file(), "has `amounts`; expected none, since what Creem charges is in its events");
    }
    table.finish();
    Some(Price {
        id: id.value,
        provider,
        product: product?,
        credits: credits?.value,
        amounts,
        generations,
        kind: kind?,
    })
}

/// How the ids of Creem's products begin.
const CREEM_PRODUCT: &str = "prod_";

/// `provider = "creem"`; a price is Stripe's unless it says so. Creem's are Creem's products, and only of what
/// falls under a document that says that Creem pays its refunds out.
fn provider(
    id: &Located<String>,
    table: &mut Table<'_, '_>,
    product: Option<&str>,
    (products, documents): (&[Product], &Documents),
) -> PriceProvider {
    let given = table.optional_text("provider");
    let provider = match &given {
        None => Some(PriceProvider::Stripe),
        Some(word) => {
            let provider = PriceProvider::parse(&word.value);
            if provider.is_none() {
                let words: Vec<&str> = PriceProvider::SPELLINGS.iter().map(|(word, _)| *word).collect();
                let problem = format!("unknown value `{}`; expected {}", word.value, any_of(&words));
                word.mistake(table.file(), problem);
            }
            provider
        }
    };
    let provider = provider.unwrap_or(PriceProvider::Stripe);
    match (provider, id.value.starts_with(CREEM_PRODUCT)) {
        (PriceProvider::Creem, false) => {
            id.mistake(table.file(), format!("is no product of Creem's; expected an id `{CREEM_PRODUCT}…`"));
        }
        (PriceProvider::Stripe, true) if given.as_ref().is_none_or(|word| word.value == "stripe") => {
            id.mistake(table.file(), "is no price of Stripe's; expected `provider = \"creem\"`");
        }
        _ => {}
    }
    let policy = products.iter().find(|each| Some(each.id.as_str()) == product).map(|each| &each.policy);
    let states_creem = documents.iter().filter(|document| Some(&document.id) == policy).any(|document| {
        document.provider.as_ref().is_none_or(|stated| stated.name == PriceProvider::Creem.as_str())
    });
    if provider == PriceProvider::Creem && policy.is_some() && !states_creem {
        id.mistake(table.file(), "is sold through Creem; expected a policy whose `provider` is `creem`");
    }
    provider
}

/// `months = 12`; a plan is monthly unless it says so.
fn months(table: &mut Table<'_, '_>) -> u32 {
    let Some(given) = table.optional_integer("months") else { return 1 };
    let months = u32::try_from(given.value).ok().filter(|months| (1..=MONTHS_MAX).contains(months));
    if months.is_none() {
        given.mistake(table.file(), "no number of months; expected 1 to 36");
    }
    months.unwrap_or(1)
}

/// `grants = "monthly"`; all credits come with the payment unless it says so.
fn grants(table: &mut Table<'_, '_>, months: u32) -> PeriodGrants {
    let Some(word) = table.optional_text("grants") else { return PeriodGrants::Once };
    let Some(grants) = PeriodGrants::parse(&word.value) else {
        let words: Vec<&str> = PeriodGrants::SPELLINGS.iter().map(|(word, _)| *word).collect();
        let problem = format!("unknown value `{}`; expected {}", word.value, any_of(&words));
        word.mistake(table.file(), problem);
        return PeriodGrants::Once;
    };
    if grants == PeriodGrants::Monthly && months == 1 {
        word.mistake(table.file(), "the period is one month; expected `months` above 1");
    }
    grants
}

/// `amounts = { eur = 999, usd = 999 }`, sorted by currency.
fn amounts(table: &mut Table<'_, '_>) -> Vec<UnitAmount> {
    let mut amounts: Vec<UnitAmount> = table
        .integers("amounts")
        .into_iter()
        .filter_map(|(currency, minor)| {
            let is_code = currency.value.len() == 3 && currency.value.bytes().all(|b| b.is_ascii_lowercase());
            if is_code {
                return Some(UnitAmount { currency: currency.value, minor });
            }
            currency.mistake(table.file(), "not a currency; expected three lower-case letters (ISO 4217)");
            None
        })
        .collect();
    amounts.sort_by(|left, right| left.currency.cmp(&right.currency));
    amounts
}
