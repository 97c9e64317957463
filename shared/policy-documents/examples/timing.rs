//! How long a decision takes with the largest document, and how long the documents take to decode.
//!
//! `cargo run --release -p policy-documents --example timing`
#![expect(clippy::print_stdout, clippy::arithmetic_side_effects, reason = "a measurement for people")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use policy::{Document, Fact, FactType, Facts, Reason, Value, decide};
use policy_documents::documents;

/// Enough for a stable mean, and over in a second.
const ROUNDS: u32 = 2_000;

fn main() {
    let first = Instant::now();
    let decoded = documents();
    println!("documents: {} decoded in {:?} at first use", decoded.iter().count(), first.elapsed());
    println!("embedded: {} bytes", policy_documents::embedded_bytes());
    for document in decoded.iter() {
        let (mean, slowest, reason) = measure(document);
        println!(
            "{} ({} rules): {mean:?} a decision, {slowest:?} for {}",
            document.id,
            document.rules.len(),
            reason.id()
        );
    }
}

/// The mean over all reasons, and the slowest reason.
fn measure(document: &Document) -> (Duration, Duration, Reason) {
    let facts = facts(document);
    let mut each: Vec<(Duration, Reason)> = Reason::ALL
        .iter()
        .map(|reason| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                black_box(decide(black_box(document), &facts, *reason, document.in_force_from_ms));
            }
            (start.elapsed() / ROUNDS, *reason)
        })
        .collect();
    each.sort();
    let total: Duration = each.iter().map(|(time, _)| *time).sum();
    let (slowest, reason) = each.last().copied().expect("there are reasons");
    (total / u32::try_from(each.len()).expect("a handful"), slowest, reason)
}

/// Every fact known, so that every rule is looked at whole.
fn facts(document: &Document) -> Facts {
    let mut facts = Facts::new();
    for fact in Fact::ALL {
        let value: Value = match fact.spec().kind {
            FactType::Boolean => true.into(),
            FactType::Quantity(_) => 1.into(),
            FactType::Instant => document.in_force_from_ms.into(),
            FactType::Text if *fact == Fact::Product => {
                document.products.first().expect("a document covers a product").as_str().into()
            }
            FactType::Text => "DE".into(),
            FactType::Choice(words) => (*words.first().expect("a choice has words")).into(),
        };
        facts.set(*fact, value).expect("the value is of the fact's type");
    }
    facts
}
