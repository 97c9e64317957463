//! The tables, in the form in which docs/PERFORMANCE.md shows them.

use std::path::PathBuf;

use crate::endpoint::Traffic;
use crate::function::{Function, Seen, Size, Warm};
use crate::series::{Mb, Mib, Ms, Ratio, Series, verdict};

/// CPU that a function may use before its first `/next`, beyond what the runtime itself uses.
const INIT_BEYOND_HELLO_MAX: Ms = Ms(500_000);
/// CPU of the first invocation, TLS handshake included.
const FIRST_MAX: Ms = Ms(2_000_000);
/// CPU of a warm webhook with one write.
const WARM_WEBHOOK_MAX: Ms = Ms(300_000);
/// Of a function that talks to DynamoDB only.
const ZIP_MAX: Mb = Mb(1_700_000);
const RESIDENT_MAX: Mib = Mib(6 * 1024);

/// One measured function.
pub(crate) struct Row {
    pub(crate) function: Function,
    pub(crate) binary: PathBuf,
    pub(crate) size: Size,
    pub(crate) seen: Seen,
}

/// All tables; the first row is what the others are held against.
pub(crate) fn tables(rows: &[Row]) -> String {
    [starts(rows), warms(rows), sizes(rows)].join("\n\n")
}

/// How `rows` compare with the same functions of another build, measured in turn with them.
pub(crate) fn ratios(rows: &[Row], before: &[Row]) -> String {
    let mut lines = vec![
        "| function | init CPU | first invocation, CPU | warm, CPU | zip | most memory |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for (after, before) in rows.iter().zip(before) {
        let warm = after.seen.warm.iter().zip(&before.seen.warm);
        let warm: Vec<String> = warm
            .map(|(after, before)| format!("{} {}", after.ask.title(), median(&after.cpu, &before.cpu)))
            .collect();
        let kib = |row: &Row| row.seen.resident_first.max(row.seen.resident_warm).map_or(0, |mib| mib.0);
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} |",
            after.function.name,
            median(&after.seen.ready_cpu, &before.seen.ready_cpu),
            median(&after.seen.first_cpu, &before.seen.first_cpu),
            warm.join(", "),
            Ratio::of(after.size.zip.0, before.size.zip.0),
            Ratio::of(kib(after), kib(before)),
        ));
    }
    lines.join("\n")
}

/// The ratio of two medians.
fn median(after: &Series, before: &Series) -> Ratio {
    Ratio::of(after.percentile(50).0, before.percentile(50).0)
}

fn starts(rows: &[Row]) -> String {
    let hello = rows.first().map_or(Ms(0), |row| row.seen.ready_cpu.percentile(50));
    let mut lines = vec![
        "| function | exec → ready, wall ms | init CPU ms | beyond hello | target | calls at init | first invocation, wall ms | its CPU ms | target | its calls |"
            .to_owned(),
        "|---|---|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (index, Row { function, seen, .. }) in rows.iter().enumerate() {
        let is_hello = index == 0;
        let beyond = seen.ready_cpu.percentile(50).beyond(hello);
        let first = seen.first_cpu.percentile(50);
        lines.push(format!(
            "| {} | {} | {} | {beyond} | {} | {} | {} | {} | {} | {} |",
            function.name,
            seen.ready_wall.spread(),
            seen.ready_cpu.spread(),
            verdict(beyond, (!is_hello).then_some(INIT_BEYOND_HELLO_MAX)),
            calls(&seen.ready_traffic),
            seen.first_wall.spread(),
            seen.first_cpu.spread(),
            verdict(first, (!is_hello).then_some(FIRST_MAX)),
            calls(&seen.first_traffic),
        ));
    }
    lines.join("\n")
}

/// Operations with their numbers, in order of their first appearance, and TLS handshakes.
fn calls(traffic: &Traffic) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for call in &traffic.calls {
        match counted.iter_mut().find(|(name, _)| name == call) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counted.push((call, 1)),
        }
    }
    let mut parts: Vec<String> = counted
        .into_iter()
        .map(|(name, count)| if count == 1 { name.to_owned() } else { format!("{count} × {name}") })
        .collect();
    if traffic.handshakes > 0 {
        parts.push(match traffic.handshakes {
            1 => "a handshake".to_owned(),
            count => format!("{count} handshakes"),
        });
    }
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn warms(rows: &[Row]) -> String {
    let mut lines = vec![
        "| function | asked, warm | calls | waits for them | target | CPU ms | target | wall ms |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for Row { function, seen, .. } in rows {
        for Warm { ask, cpu, wall, traffic } in &seen.warm {
            let limit = ask.is_webhook_with_one_write().then_some(WARM_WEBHOOK_MAX);
            lines.push(format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                function.name,
                ask.title(),
                calls(traffic),
                traffic.rounds,
                verdict(traffic.rounds, ask.rounds_max()),
                cpu.spread(),
                verdict(cpu.percentile(50), limit),
                wall.spread(),
            ));
        }
    }
    lines.join("\n")
}

fn sizes(rows: &[Row]) -> String {
    let mut lines = vec![
        "| function | binary MB | zip MB | target | most memory after 1, MiB | after all, MiB | target |"
            .to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    let shown = |mib: Option<Mib>| mib.map_or_else(|| "–".to_owned(), |mib| mib.to_string());
    for Row { function, size, seen, .. } in rows {
        let resident = seen.resident_first.max(seen.resident_warm);
        lines.push(format!(
            "| {} | {} | **{}** | {} | {} | **{}** | {} |",
            function.name,
            size.binary,
            size.zip,
            verdict(size.zip, function.only_dynamodb.then_some(ZIP_MAX)),
            shown(seen.resident_first),
            shown(seen.resident_warm),
            resident
                .map_or_else(String::new, |mb| verdict(mb, function.only_dynamodb.then_some(RESIDENT_MAX))),
        ));
    }
    lines.join("\n")
}
