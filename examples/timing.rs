//! What a decision with the largest document costs, what decoding the documents costs a process once, and
//! how long a backtest of 100,000 past requests takes.
//!
//! `cargo run --release -p examples --example timing` prints a table of Markdown; `make bench` asks
//! for it. Time is CPU time of the thread.
#![expect(clippy::print_stdout, reason = "a measurement for people")]

use std::hint::black_box;

use examples::documents;
use policy::{Document, Fact, FactType, Facts, Reason, Value, decide};
use policy_authoring::{PastRequest, backtest};
use rustix::time::{ClockId, clock_gettime};

/// Enough for a stable mean, and over in a second.
const ROUNDS: u64 = 2_000;
/// CPU of one decision.
const DECISION_NS_MAX: u64 = 50_000;
/// CPU that the documents add to a start.
const DECODING_NS_MAX: u64 = 300_000;
/// CPU of a backtest, with reading each request from its line.
const BACKTEST_NS_MAX: u64 = 10_000_000_000;
/// The past requests of a backtest: those of a busy year.
const PAST: usize = 100_000;
/// Different ones among them; the others repeat them, so that the lines fit into memory.
const DIFFERENT: u16 = 5_000;

fn main() {
    let before = cpu_ns();
    // Products choose documents: every function asks for one of them before it has any.
    let first = documents().in_force("music-studio", i64::MAX).document();
    let one = cpu_ns().saturating_sub(before);
    assert!(first.is_some(), "the product has a policy");
    let before = cpu_ns();
    let decoded = documents().iter().count();
    let others = cpu_ns().saturating_sub(before);

    println!("| policy | what | CPU µs | target | allocations |");
    println!("|---|---|---|---|---|");
    let size = examples::embedded_bytes();
    let row = |policy: &str, what: &str, ns: u64, target: &str, allocations: &str| {
        println!("| {policy} | {what} | **{}** | {target} | {allocations} |", us(ns));
    };
    row("music-studio", "found and decoded, once", one, &verdict(one, DECODING_NS_MAX), "");
    row("the others", &format!("decoded, {decoded} documents in {size} bytes"), others, "–", "");
    for document in documents().iter() {
        let (mean, slowest) = measure(document);
        let of = format!("a decision, mean over {} reasons", Reason::ALL.len());
        row(&document.id, &of, mean.ns, &verdict(mean.ns, DECISION_NS_MAX), &mean.allocations());
        let of = format!("the slowest, `{}`", slowest.reason.as_str());
        row(&document.id, &of, slowest.ns, &verdict(slowest.ns, DECISION_NS_MAX), &slowest.allocations());
        let replayed = replay(document);
        row(
            &document.id,
            "a backtest of 100,000 requests",
            replayed,
            &verdict(replayed, BACKTEST_NS_MAX),
            "",
        );
    }
}

/// A backtest of requests as they come from a file of `makegood policy export`.
fn replay(document: &Document) -> u64 {
    let lines: Vec<String> = (0..DIFFERENT)
        .zip(Reason::ALL.iter().cycle())
        .map(|(number, reason)| past(document, number, *reason))
        .collect();
    let before = cpu_ns();
    let requests =
        lines.iter().cycle().take(PAST).map(|line| serde_json::from_str(line).expect("it was encoded"));
    let result = backtest(document, document.in_force_from_ms, requests);
    assert_eq!((result.requests, result.flips.len()), (100_000, 0), "the same version decides the same");
    cpu_ns().saturating_sub(before)
}

/// One line of such a file: one of many uses, at one of many instants.
fn past(document: &Document, number: u16, reason: Reason) -> String {
    let mut facts = facts(document);
    let place = i64::from(number);
    let charged = document.in_force_from_ms.saturating_add(place.saturating_mul(60_000));
    let requested = charged.saturating_add(place.rem_euclid(30).saturating_mul(86_400_000));
    for (fact, value) in [
        (Fact::CreditsGranted, 100),
        (Fact::CreditsSpent, place.rem_euclid(100)),
        (Fact::PaymentChargedAt, charged),
        (Fact::RequestedAt, requested),
    ] {
        facts.set(fact, value).expect("the value is of the fact's type");
    }
    let request = PastRequest {
        request: format!("rr_{number:026x}"),
        reason,
        decided_at_ms: requested,
        document: document.id.clone(),
        version: document.version.clone(),
        outcome: decide(document, &facts, reason, requested).outcome,
        facts,
    };
    serde_json::to_string(&request).expect("a past request is encodable")
}

/// What one decision cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    reason: Reason,
    ns: u64,
    allocations: u64,
    bytes_max: u64,
}

impl Cost {
    fn allocations(self) -> String {
        format!("{}, {} bytes at once", self.allocations, self.bytes_max)
    }
}

/// The mean over all reasons, and the slowest reason.
fn measure(document: &Document) -> (Cost, Cost) {
    let facts = facts(document);
    let costs: Vec<Cost> = Reason::ALL.iter().map(|reason| cost(document, &facts, *reason)).collect();
    let slowest = costs.iter().copied().max_by_key(|cost| cost.ns).expect("there are reasons");
    let mean = |of: fn(&Cost) -> u64| {
        let total: u64 = costs.iter().map(of).sum();
        total.checked_div(u64::try_from(costs.len()).expect("a handful")).expect("there are reasons")
    };
    let mean = Cost {
        ns: mean(|cost| cost.ns),
        allocations: mean(|cost| cost.allocations),
        bytes_max: mean(|cost| cost.bytes_max),
        ..slowest
    };
    (mean, slowest)
}

fn cost(document: &Document, facts: &Facts, reason: Reason) -> Cost {
    let decision = || drop(decide(black_box(document), facts, reason, document.in_force_from_ms));
    let memory = allocation_counter::measure(decision);
    let before = cpu_ns();
    for _ in 0..ROUNDS {
        decision();
    }
    let ns = cpu_ns().saturating_sub(before).div_euclid(ROUNDS);
    Cost { reason, ns, allocations: memory.count_total, bytes_max: memory.bytes_max }
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

fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |number: i64| u64::try_from(number).expect("this clock starts at zero");
    part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
}

fn us(ns: u64) -> String {
    let tenths = ns.saturating_add(50).div_euclid(100);
    format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10))
}

fn verdict(ns: u64, max: u64) -> String {
    let found = if ns <= max { "met" } else { "**missed**" };
    format!("≤ {}: {found}", us(max))
}
