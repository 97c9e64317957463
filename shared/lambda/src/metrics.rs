//! Metrics in CloudWatch's embedded format: one line of JSON per invocation, and one more for each label.
//!
//! Names and labels are `&'static str`: how many different ones exist is bounded by the code, never by
//! what a caller sends. The only dimensions are the function and at most one label.
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use primitives::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A metric may carry at most 100 values in one line.
const VALUES_MAX: usize = 100;
/// A line may carry at most 100 metrics; what is beyond goes to a further line.
const METRICS_MAX: usize = 100;

/// A low-cardinality dimension beside the function: its name and its value.
pub type Label = (&'static str, &'static str);

/// What one invocation counted and measured; the instance is emptied by each flush.
#[derive(Debug)]
pub struct Metrics {
    namespace: String,
    function: &'static str,
    series: Mutex<BTreeMap<Option<Label>, BTreeMap<&'static str, Series>>>,
}

#[derive(Debug)]
enum Series {
    Count(u64),
    Milliseconds(Vec<u64>),
}

impl Metrics {
    /// Nothing measured yet.
    pub fn new(namespace: impl Into<String>, function: &'static str) -> Self {
        Self { namespace: namespace.into(), function, series: Mutex::default() }
    }

    /// Adds `count` to the metric `name`; zero makes the metric appear without a breach.
    pub fn count(&self, name: &'static str, count: u64) {
        self.add_count(None, name, count);
    }

    /// Adds `count` to the metric `name` of the dimension `label`.
    pub fn count_labelled(&self, name: &'static str, label: Label, count: u64) {
        self.add_count(Some(label), name, count);
    }

    /// Records a duration; beyond 100 in one invocation only the first 100 are kept.
    pub fn milliseconds(&self, name: &'static str, milliseconds: u64) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = series.entry(None).or_default().entry(name);
        match entry.or_insert_with(|| Series::Milliseconds(Vec::new())) {
            Series::Milliseconds(values) if values.len() < VALUES_MAX => values.push(milliseconds),
            Series::Milliseconds(_) | Series::Count(_) => {}
        }
    }

    fn add_count(&self, label: Option<Label>, name: &'static str, count: u64) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = series.entry(label).or_default().entry(name);
        if let Series::Count(sum) = entry.or_insert(Series::Count(0)) {
            *sum = sum.saturating_add(count);
        }
    }

    /// Takes what was recorded, as lines of JSON; none when nothing was.
    pub fn take_lines(&self, now: Timestamp) -> Vec<String> {
        let recorded = std::mem::take(&mut *self.series.lock().unwrap_or_else(PoisonError::into_inner));
        let mut lines = Vec::new();
        for (label, metrics) in recorded {
            let metrics: Vec<_> = metrics.into_iter().collect();
            lines.extend(metrics.chunks(METRICS_MAX).filter_map(|metrics| {
                let line = Line { metrics, label, function: self.function, namespace: &self.namespace, now };
                // Names, numbers and texts always are JSON.
                serde_json::to_string(&line).ok()
            }));
        }
        lines
    }

    /// Writes what was recorded to standard output, where CloudWatch finds it.
    pub fn flush(&self, now: Timestamp) {
        let mut lines = self.take_lines(now).join("\n");
        if !lines.is_empty() {
            lines.push('\n');
            // One call to the system for all; an invocation must not fail because its output is closed.
            let _ = std::io::stdout().lock().write_all(lines.as_bytes());
        }
    }
}

/// One line: the values under their names, and under `_aws` which of them are metrics.
struct Line<'m> {
    metrics: &'m [(&'static str, Series)],
    label: Option<Label>,
    function: &'static str,
    namespace: &'m str,
    now: Timestamp,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        let mut dimensions = vec!["function"];
        line.serialize_entry("function", self.function)?;
        if let Some((name, value)) = self.label {
            dimensions.push(name);
            line.serialize_entry(name, value)?;
        }
        for (name, series) in self.metrics {
            match series {
                Series::Count(sum) => line.serialize_entry(name, sum)?,
                Series::Milliseconds(values) => line.serialize_entry(name, values)?,
            }
        }
        let metrics = self.metrics.iter().map(|(name, series)| Definition { name, unit: series.unit() });
        let directive =
            Directive { namespace: self.namespace, dimensions: [dimensions], metrics: metrics.collect() };
        let aws = Aws { timestamp: self.now.as_ms(), cloud_watch_metrics: [directive] };
        line.serialize_entry("_aws", &aws)?;
        line.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws<'m> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'m>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'m> {
    namespace: &'m str,
    dimensions: [Vec<&'static str>; 1],
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

impl Series {
    fn unit(&self) -> &'static str {
        match self {
            Self::Count(_) => "Count",
            Self::Milliseconds(_) => "Milliseconds",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(metrics: &Metrics) -> String {
        metrics.take_lines(now()).join("\n")
    }

    fn now() -> Timestamp {
        Timestamp::from_ms(1_777_716_000_000).unwrap()
    }

    #[test]
    fn a_line_is_an_embedded_metric() {
        let metrics = Metrics::new("Makegood", "credits");
        metrics.count("HoldsPlaced", 1);
        metrics.count("HoldsPlaced", 2);
        metrics.milliseconds("CommitLatency", 12);
        metrics.milliseconds("CommitLatency", 30);
        metrics.count_labelled("EventsIgnored", ("reason", "unknown_type"), 1);
        metrics.count_labelled("EventsIgnored", ("reason", "test_mode"), 4);
        insta::assert_snapshot!(lines(&metrics), @r#"
    {"function":"credits","CommitLatency":[12,30],"HoldsPlaced":3,"_aws":{"Timestamp":1777716000000,"CloudWatchMetrics":[{"Namespace":"Makegood","Dimensions":[["function"]],"Metrics":[{"Name":"CommitLatency","Unit":"Milliseconds"},{"Name":"HoldsPlaced","Unit":"Count"}]}]}}
    {"function":"credits","reason":"test_mode","EventsIgnored":4,"_aws":{"Timestamp":1777716000000,"CloudWatchMetrics":[{"Namespace":"Makegood","Dimensions":[["function","reason"]],"Metrics":[{"Name":"EventsIgnored","Unit":"Count"}]}]}}
    {"function":"credits","reason":"unknown_type","EventsIgnored":1,"_aws":{"Timestamp":1777716000000,"CloudWatchMetrics":[{"Namespace":"Makegood","Dimensions":[["function","reason"]],"Metrics":[{"Name":"EventsIgnored","Unit":"Count"}]}]}}
    "#);
        assert!(metrics.take_lines(now()).is_empty());
    }

    #[test]
    fn i8_a_storm_of_values_stays_within_the_formats_bounds() {
        let metrics = Metrics::new("Makegood", "credits");
        for value in 0..100_000 {
            metrics.milliseconds("Latency", value);
            metrics.count("Seen", 1);
        }
        let lines = lines(&metrics);
        assert_eq!(lines.lines().count(), 1);
        let line: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!(line["Latency"].as_array().map(Vec::len), Some(VALUES_MAX));
        assert_eq!(line["Seen"], 100_000);
    }

    #[test]
    fn a_name_keeps_the_unit_it_was_first_used_with() {
        let metrics = Metrics::new("Makegood", "credits");
        metrics.count("A", 1);
        metrics.milliseconds("A", 5);
        let line: Value = serde_json::from_str(&lines(&metrics)).unwrap();
        assert_eq!(line["A"], 1);
    }
}
