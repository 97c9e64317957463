//! What is written down of the interfaces says what the code and the template do.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, KeySchemaElement, KeyType, Projection, ProjectionType, TableDescription,
};
use lambda::aws::SdkSettings;
use lambda::config::Env;
use lambda::http::ProblemKind;
use ledger_dynamodb::in_process;
use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::files::{Findings, read, text_files};

/// The template of everything that is deployed.
pub(crate) const TEMPLATE: &str = "infra/template.yaml";
const OPENAPI: &str = "infra/openapi.yaml";

/// A YAML file as plain values. The short tags of templates (`!Ref`, `!Sub`) are left out: what they
/// stand before stays.
pub(crate) fn yaml(path: &str) -> Value {
    let documents = Yaml::load_from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    plain(documents.first().unwrap_or_else(|| panic!("{path}: is empty")))
}

fn plain(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Tagged(_, inner) => plain(inner),
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(pairs) => {
            let pair = |(key, value): (&Yaml<'_>, &Yaml<'_>)| match plain(key) {
                Value::String(key) => (key, plain(value)),
                key => (key.to_string(), plain(value)),
            };
            Value::Object(pairs.iter().map(pair).collect::<Map<_, _>>())
        }
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(text)) | Yaml::Representation(text, ..) => json!(text),
        Yaml::Value(Scalar::Null) | Yaml::Alias(_) | Yaml::BadValue => Value::Null,
    }
}

fn object<'value>(value: &'value Value, what: &str) -> &'value Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{what}: expected a mapping"))
}

fn list<'value>(value: &'value Value, what: &str) -> &'value [Value] {
    value.as_array().unwrap_or_else(|| panic!("{what}: expected a list"))
}

/// A value that is a text.
pub(crate) fn text(value: &Value, what: &str) -> String {
    value.as_str().unwrap_or_else(|| panic!("{what}: expected a text")).to_owned()
}

/// The resources of a type, with their names.
pub(crate) fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    object(&template["Resources"], TEMPLATE)
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.clone(), resource["Properties"].clone()))
        .collect()
}

#[test]
fn the_bodies_of_every_documented_route_are_held() {
    let openapi = yaml(OPENAPI);
    let files = text_files();
    let mut findings = Findings::default();
    for (path, item) in object(&openapi["paths"], OPENAPI) {
        for operation in object(item, path).values().filter_map(|method| method["operationId"].as_str()) {
            let snapshot = format!("__bodies__{operation}.snap");
            if !files.iter().any(|file| file.path.ends_with(&snapshot)) {
                findings.of(OPENAPI, format_args!("{operation} of {path} has no snapshot of its bodies"));
            }
        }
    }
    findings.none();
}

/// A function that sends to the queue that starts it could start itself for ever.
#[test]
fn g13_no_function_may_send_to_the_queue_that_starts_it() {
    let template = yaml(TEMPLATE);
    let mut started = 0;
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        let events = function["Events"].as_object().into_iter().flat_map(Map::values);
        for queue in events.filter_map(|event| event["Properties"]["Queue"].as_str()) {
            started += 1;
            let role = &template["Resources"][format!("{name}Role")]["Properties"]["Policies"][0];
            for statement in list(&role["PolicyDocument"]["Statement"], &name) {
                let sends = statement["Action"].to_string().contains("sqs:SendMessage");
                assert!(
                    !sends || statement["Resource"] != queue,
                    "{name} may send to {queue}, which starts it"
                );
            }
        }
    }
    assert_eq!(started, 2, "{TEMPLATE}: queues start two functions");
}

#[test]
fn the_documented_routes_are_the_deployed_ones() {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let openapi = yaml(OPENAPI);
    let documented: BTreeSet<String> = object(&openapi["paths"], OPENAPI)
        .iter()
        .flat_map(|(path, item)| {
            let used = object(item, path).keys().filter(|key| methods.contains(&key.as_str()));
            used.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let deployed: BTreeSet<String> = resources(&yaml(TEMPLATE), "AWS::ApiGatewayV2::Route")
        .iter()
        .map(|(name, route)| text(&route["RouteKey"], name))
        .collect();
    assert_eq!(deployed.len(), 45, "{TEMPLATE}: the routes are {deployed:?}");
    let mut findings = Findings::default();
    for route in documented.difference(&deployed) {
        findings.of(OPENAPI, format!("has `{route}`; expected what {TEMPLATE} deploys"));
    }
    for route in deployed.difference(&documented) {
        findings.of(OPENAPI, format!("lacks `{route}`, which {TEMPLATE} deploys"));
    }
    findings.none();
}

/// Payment methods and invoices are managed on Stripe's own page; the rest of a settings page is here.
#[test]
fn s4_8_a_settings_page_finds_plans_purchases_and_cancelling() {
    let openapi = yaml(OPENAPI);
    let operations: BTreeSet<String> = object(&openapi["paths"], OPENAPI)
        .values()
        .flat_map(|item| object(item, OPENAPI).values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect();
    for needed in [
        "listPayments",
        "listSubscriptions",
        "cancelSubscription",
        "previewPlanChange",
        "confirmPlanChange",
        "readBalance",
        "readHistory",
        "previewRefundRequest",
    ] {
        assert!(
            operations.contains(needed),
            "{OPENAPI}: a settings page needs `{needed}`, of {operations:?}"
        );
    }
}

#[test]
fn the_documented_problems_are_the_answered_ones() {
    let openapi = yaml(OPENAPI);
    let documented: Vec<String> =
        list(&openapi["components"]["schemas"]["Problem"]["properties"]["type"]["enum"], OPENAPI)
            .iter()
            .map(|kind| text(kind, OPENAPI))
            .collect();
    let answered: Vec<String> = ProblemKind::ALL.iter().map(|kind| kind.type_uri()).collect();
    assert_eq!(documented, answered, "left: {OPENAPI}, right: `lambda::http::ProblemKind`");
    let description = text(&openapi["info"]["description"], OPENAPI);
    for kind in ProblemKind::ALL {
        let row = format!("| `{}` | {} | {} |", kind.type_uri(), kind.status(), kind.meaning());
        assert!(description.contains(&row), "{OPENAPI}: expected the row {row}");
    }
}

/// The environment that leads a client to tables in process.
fn environment(endpoint: &str) -> Env {
    Env::of([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint),
    ])
}

/// The keys, the types of their attributes and the indexes of a table, as the template writes them.
fn shape(table: &TableDescription) -> Value {
    let key = |element: &KeySchemaElement| {
        let kind = if element.key_type() == &KeyType::Hash { "HASH" } else { "RANGE" };
        json!({"AttributeName": element.attribute_name(), "KeyType": kind})
    };
    let index = |index: &GlobalSecondaryIndexDescription| {
        let described = index.projection();
        let kind = described.and_then(|described| described.projection_type()).map(ProjectionType::as_str);
        let mut projection = json!({"ProjectionType": kind});
        let carried = described.map(Projection::non_key_attributes).unwrap_or_default();
        if !carried.is_empty() {
            projection["NonKeyAttributes"] = json!(carried);
        }
        json!({
            "IndexName": index.index_name(),
            "KeySchema": index.key_schema().iter().map(key).collect::<Value>(),
            "Projection": projection,
        })
    };
    sorted(json!({
        "AttributeDefinitions": table
            .attribute_definitions()
            .iter()
            .map(|attribute| json!({
                "AttributeName": attribute.attribute_name(),
                "AttributeType": attribute.attribute_type().as_str(),
            }))
            .collect::<Value>(),
        "KeySchema": table.key_schema().iter().map(key).collect::<Value>(),
        "GlobalSecondaryIndexes": table.global_secondary_indexes().iter().map(index).collect::<Value>(),
    }))
}

/// Definitions and indexes have no order of their own.
fn sorted(mut shape: Value) -> Value {
    for name in ["AttributeDefinitions", "GlobalSecondaryIndexes"] {
        if let Some(items) = shape[name].as_array_mut() {
            items.sort_by_key(Value::to_string);
        }
    }
    shape
}

/// Restored tables take the place of the stack's own everywhere, or nowhere (docs/RESTORE.md).
#[test]
fn i3_every_use_of_a_table_goes_to_the_restored_one_where_there_is_one() {
    let text = read(TEMPLATE);
    let (_, body) = text.split_once("\nGlobals:\n").expect("the template has globals");
    let lines: Vec<&str> = body.lines().collect();
    let (mut findings, mut uses) = (Findings::default(), 0);
    for (index, line) in lines.iter().enumerate() {
        for table in ["LedgerTable", "RequestsTable", "AnchorsTable"] {
            let names = [format!("!Ref {table}"), format!("!GetAtt {table}."), format!("${{{table}")];
            if !names.iter().any(|name| line.contains(name)) {
                continue;
            }
            uses += 1;
            let before = lines.get(index.saturating_sub(4)..=index).unwrap_or_default();
            if !before.iter().any(|line| line.contains("IsRestored")) {
                findings.of(TEMPLATE, format!("uses {table} alone: `{}`", line.trim()));
            }
        }
    }
    assert!(uses >= 8, "{uses} uses of tables are found");
    findings.none();
}

#[tokio::test]
async fn the_tables_of_tests_are_the_deployed_ones() {
    let template = yaml(TEMPLATE);
    let tables = resources(&template, "AWS::DynamoDB::Table");
    let names: BTreeSet<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        BTreeSet::from(["AnchorsTable", "LedgerTable", "PoliciesTable", "RequestsTable"]),
        "{TEMPLATE}"
    );
    let (_tables, _meter, endpoint) = in_process::tables_with_endpoint().await;
    let settings = SdkSettings::from_env(&environment(&endpoint)).expect("the environment is complete");
    let client = aws_sdk_dynamodb::Client::new(&settings.sdk_config());
    for (name, properties) in tables {
        let in_process = name.trim_end_matches("Table").to_lowercase();
        let answer =
            client.describe_table().table_name(&in_process).send().await.expect("the table is there");
        let parts = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"];
        // A table without indexes does not mention them.
        let part = |part: &str| properties.get(part).cloned().unwrap_or_else(|| json!([]));
        let deployed: Map<String, Value> =
            parts.iter().map(|name| ((*name).to_owned(), part(name))).collect();
        let tested = shape(&answer.table.expect("a table has a description"));
        assert_eq!(tested, sorted(Value::Object(deployed)), "left: tests, right: {TEMPLATE}, {name}");
    }
}

#[test]
fn s0_18_no_call_exchanges_credits_for_money_or_hands_them_on() {
    let openapi = yaml(OPENAPI);
    let mut findings = Findings::default();
    for (path, operations) in object(&openapi["paths"], OPENAPI) {
        for (method, operation) in object(operations, path) {
            let name = operation["operationId"].as_str().unwrap_or_default();
            let called = format!("{path} {name} {}", operation["summary"].as_str().unwrap_or_default());
            for word in ["cash", "redeem", "transfer", "gift", "sell", "exchange", "convert"] {
                if called.to_lowercase().contains(word) {
                    findings
                        .of(OPENAPI, format!("{method} {path} is called `{word}`; credits are no currency"));
                }
            }
        }
    }
    findings.none();
}
