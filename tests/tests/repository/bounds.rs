//! Bounds that hold because numbers of the template and of the code fit together.

use std::collections::BTreeSet;
use std::time::Duration;

use lambda::aws::SdkSettings;
use lambda::config::Env;
use ledger::DUE_SHARDS;
use serde_json::{Value, json};

use crate::interfaces::{TEMPLATE, resources, text, yaml};

/// API Gateway gives up on an integration after this long
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const GATEWAY_S: u64 = 30;
/// A person submits evidence once, and what goes on behind an answer of 503 is seen at the dispute.
const GOES_ON_BEHIND: [&str; 1] = ["DisputeEvidence"];
/// How much longer than a function a queue keeps its messages from others, as AWS advises
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
const VISIBLE_AFTER: u64 = 6;

/// `stripe_reconcile::LAG_S`, which that crate's tests hold to this number.
const RECONCILE_LAG_S: u64 = 180;

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_array()?.iter().find_map(Value::as_u64))
}

/// A function's own properties.
struct Deployed {
    name: String,
    timeout_s: u64,
    properties: Value,
}

impl Deployed {
    fn events(&self, kind: &str) -> Vec<&Value> {
        let events = self.properties["Events"].as_object().into_iter().flat_map(serde_json::Map::values);
        events.filter(|event| event["Type"] == kind).map(|event| &event["Properties"]).collect()
    }
}

fn functions(template: &Value) -> Vec<Deployed> {
    let default = number(&template["Globals"]["Function"]["Timeout"]).expect("a function has a timeout");
    let functions = resources(template, "AWS::Serverless::Function").into_iter();
    functions
        .map(|(name, properties)| {
            let timeout_s = number(&properties["Timeout"]).unwrap_or(default);
            Deployed { name, timeout_s, properties }
        })
        .collect()
}

/// The queue that an event of a function reads.
fn queue<'t>(template: &'t Value, event: &Value) -> &'t Value {
    let name = event["Queue"].as_str().expect("a queue is named").trim_end_matches(".Arn");
    &template["Resources"][name]["Properties"]
}

/// What stalls ends within what waits for it: a call to AWS within the function, so that the function itself
/// answers; the function within API Gateway's time, so that Stripe is answered; a function behind a queue
/// before its messages are handed out again. What fails at every try is kept for longer than it was tried.
#[test]
fn b13_what_stalls_ends_within_what_waits_for_it() {
    let template = yaml(TEMPLATE);
    let env =
        [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let config = SdkSettings::from_env(&Env::of(env)).expect("the environment is complete").sdk_config();
    let timeouts = config.timeout_config().expect("the clients have timeouts");
    let operation = timeouts.operation_timeout().expect("an operation has one");
    let attempt = timeouts.operation_attempt_timeout().expect("an attempt has one");
    assert!(timeouts.connect_timeout().is_some_and(|connect| connect < attempt) && attempt * 2 < operation);
    let functions = functions(&template);
    let shortest = functions.iter().map(|function| function.timeout_s).min().expect("there are functions");
    // Reading the answer's log and metrics is within the other half.
    assert!(operation * 2 <= Duration::from_secs(shortest), "{operation:?} {shortest} s");

    let integrations = resources(&template, "AWS::ApiGatewayV2::Integration");
    assert!(!integrations.is_empty(), "{TEMPLATE}: HTTP routes have integrations");
    for (name, integration) in integrations {
        let gives_up_s = number(&integration["TimeoutInMillis"]).map_or(GATEWAY_S, |ms| ms / 1_000);
        let uri = integration["IntegrationUri"].to_string();
        let behind = functions.iter().find(|function| uri.contains(&function.name));
        let behind = behind.unwrap_or_else(|| panic!("{name}: integrates {uri}"));
        let fits = behind.timeout_s < gives_up_s || GOES_ON_BEHIND.contains(&behind.name.as_str());
        assert!(fits, "{name}: {} s of {gives_up_s} s", behind.timeout_s);
    }

    let mut read = 0;
    for function in &functions {
        for event in function.events("SQS") {
            read += 1;
            let (name, queue) = (&function.name, queue(&template, event));
            let of = |member: &str| number(&queue[member]).unwrap_or_else(|| panic!("{name}: {member}"));
            let hidden_s = of("VisibilityTimeout");
            assert!(hidden_s >= VISIBLE_AFTER * function.timeout_s, "{name}: {hidden_s} s");
            assert_eq!(event["FunctionResponseTypes"][0], "ReportBatchItemFailures", "{name}");
            let redrive = &queue["RedrivePolicy"];
            let tries = number(&redrive["maxReceiveCount"]).expect("a message has so many tries");
            assert!(tries >= 3 && tries * hidden_s < of("MessageRetentionPeriod"), "{name}");
            let dead = redrive["deadLetterTargetArn"].as_str().expect("a queue has one for dead letters");
            let dead = &template["Resources"][dead.trim_end_matches(".Arn")]["Properties"];
            // A message keeps the instant at which it was first sent.
            let kept_s = number(&dead["MessageRetentionPeriod"]).expect("dead letters are kept");
            assert!(kept_s >= 2 * of("MessageRetentionPeriod"), "{name}: {kept_s} s");
        }
    }
    assert_eq!(read, 2, "{TEMPLATE}: queues start two functions");
}

/// An event that never came alarms within a quarter of an hour. The reconciliation gives it time to come and
/// looks at its next tick; the alarm takes in the count of the missed ones at the end of its period.
#[test]
fn b7_an_event_that_never_came_alarms_within_15_minutes() {
    let template = yaml(TEMPLATE);
    let named = |kind: &str, name: &str| {
        let mut found = resources(&template, kind).into_iter().filter(|(resource, _)| resource == name);
        found.next().unwrap_or_else(|| panic!("{TEMPLATE}: {name}")).1
    };
    let schedule = named("AWS::Scheduler::Schedule", "ReconcileSchedule");
    let every = schedule["ScheduleExpression"].as_str().expect("a schedule has an expression");
    let every = every.strip_prefix("rate(").and_then(|every| every.strip_suffix(" minutes)"));
    let minutes = every.and_then(|minutes| minutes.parse::<u64>().ok());
    let every_s = minutes.expect("it comes every few minutes") * 60;
    let alarm = named("AWS::CloudWatch::Alarm", "EventsMissedAlarm");
    assert_eq!((&alarm["MetricName"], &alarm["Threshold"]), (&json!("EventsMissed"), &json!(0)));
    let of = |member: &str| number(&alarm[member]).expect("an alarm has periods");
    let alarm_s = of("Period") * of("EvaluationPeriods");
    assert!(RECONCILE_LAG_S + every_s + alarm_s <= 15 * 60);
}

/// A storm in a queue has so many readers and no more, and what it may run at once is its own: the calls of
/// customers, of Stripe and of the other queue never wait for it.
#[test]
fn g12_a_storm_in_a_queue_takes_nothing_from_the_other_functions() {
    let template = yaml(TEMPLATE);
    for function in functions(&template) {
        for event in function.events("SQS") {
            let readers = number(&event["ScalingConfig"]["MaximumConcurrency"]).expect("readers are bounded");
            let own = number(&function.properties["ReservedConcurrentExecutions"]).expect("its own share");
            assert!(readers < own, "{}: {readers} readers of {own}", function.name);
            // An account is one partition of 1,000 writes a second, and a message writes a few items.
            let batch = number(&event["BatchSize"]).expect("a batch has a size");
            assert!(readers * batch <= 200, "{}: {readers} readers of {batch} messages", function.name);
        }
    }
}

/// The runs that share a tick of the sweep have all shards among them and none twice, each is started by a
/// schedule of its own, and none waits for another. The alarm knows how many shards there are.
#[test]
fn h7_the_schedules_of_the_sweep_cover_every_shard_once() {
    let template = yaml(TEMPLATE);
    let schedules: Vec<_> = resources(&template, "AWS::Scheduler::Schedule")
        .into_iter()
        .filter(|(_, schedule)| schedule["Target"]["Arn"] == "ExpirySweep.Arn")
        .collect();
    let (mut covered, mut names) = (Vec::new(), Vec::new());
    for (name, schedule) in &schedules {
        let input = text(&schedule["Target"]["Input"], name);
        let input: Value = serde_json::from_str(&input).expect("the input is JSON");
        assert_eq!(input["time"], "<aws.scheduler.scheduled-time>", "{name}");
        covered.extend(input["shards"].as_array().expect("a group").iter().filter_map(Value::as_u64));
        assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)", "{name}");
        assert_eq!((&schedule["State"], &schedule["EndDate"]), (&Value::Null, &Value::Null), "{name}");
        names.push(name.as_str());
    }
    covered.sort_unstable();
    assert_eq!(covered, (0..u64::from(DUE_SHARDS)).collect::<Vec<_>>());
    let listed = &template["Outputs"]["SweepScheduleNames"]["Value"][1];
    let mut listed: Vec<_> = listed.as_array().expect("names").iter().filter_map(Value::as_str).collect();
    listed.sort_unstable();
    names.sort_unstable();
    assert_eq!(listed, names);
    let sweep = functions(&template).into_iter().find(|function| function.name == "ExpirySweep");
    let sweep = sweep.expect("there is a sweep");
    let own = number(&sweep.properties["ReservedConcurrentExecutions"]).expect("its own share");
    assert!(u64::try_from(2 * schedules.len()).is_ok_and(|runs| runs <= own), "{own} of {}", schedules.len());
    assert!(sweep.timeout_s < 300, "a run ends before the next tick");
    let alarm = &template["Resources"]["SweepShardsAlarm"]["Properties"];
    assert_eq!((&alarm["MetricName"], &alarm["Statistic"]), (&"SweepShards".into(), &"Sum".into()));
    assert_eq!(
        (number(&alarm["Threshold"]), number(&alarm["Period"])),
        (Some(u64::from(DUE_SHARDS)), Some(300))
    );
    assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold");
    assert_eq!(alarm["TreatMissingData"], "breaching");
}

/// A warning that comes after its reason has gone cannot be sent, because nothing is sent: functions write to
/// tables, queues and logs, and a warning is read together with the request that it is of.
#[test]
fn h13_no_function_can_send_anything_to_a_customer() {
    fn actions(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if name == "Action" {
                        let listed = member.as_array().cloned().unwrap_or_else(|| vec![member.clone()]);
                        found.extend(listed.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    actions(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| actions(item, found)),
            _ => {}
        }
    }
    let mut allowed = BTreeSet::new();
    for (_, role) in resources(&yaml(TEMPLATE), "AWS::IAM::Role") {
        actions(&role["Policies"], &mut allowed);
    }
    let services: BTreeSet<&str> = allowed.iter().filter_map(|action| action.split(':').next()).collect();
    let known = BTreeSet::from(["dynamodb", "kms", "lambda", "logs", "secretsmanager", "sqs"]);
    assert!(services.is_subset(&known), "{services:?} of {known:?}");
    assert!(services.contains("dynamodb") && !allowed.iter().any(|action| action.contains('*')));
}
