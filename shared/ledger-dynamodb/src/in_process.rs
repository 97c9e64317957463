//! The tables inside a test's own process, reached through the real SDK, with a meter of what each call
//! consumes.

mod contents;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::{
    batch_get_item, delete_item, get_item, put_item, query, transact_write_items, update_item,
};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ConsumedCapacity, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, ReturnConsumedCapacity, ScalarAttributeType,
};
use dynoxide::Database;

pub use self::contents::{Contents, Memory};
use crate::{Anchors, Policies, Tables};

/// One call as the meter saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation's name.
    pub operation: &'static str,
    /// Capacity units of the table and its indexes.
    pub units: f64,
}

/// What the calls since the last reading consumed.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    calls: Arc<Mutex<Vec<Call>>>,
    cut: Arc<Mutex<Option<Cut>>>,
}

/// Where a client is cut off, as the kill of a function cuts it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// After so many more calls.
    In(usize),
    /// After so many more calls, and another one that reaches the tables and whose answer is lost.
    Within(usize),
    /// The call whose answer is lost is on its way.
    Now,
}

impl Meter {
    /// The calls since the last reading.
    pub fn read(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Cuts the client off after `calls` more calls; with `loses_answer` one more reaches the tables, whose
    /// answer is lost.
    pub fn cut_after(&self, calls: usize, loses_answer: bool) {
        let cut = if loses_answer { Cut::Within(calls) } else { Cut::In(calls) };
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// Lets every call through again.
    pub fn mend(&self) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a call gets through to the tables.
    fn lets_through(&self) -> bool {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match *cut {
            None => true,
            Some(Cut::In(0) | Cut::Now) => false,
            Some(Cut::Within(0)) => {
                *cut = Some(Cut::Now);
                true
            }
            Some(Cut::In(left)) => {
                *cut = Some(Cut::In(left.saturating_sub(1)));
                true
            }
            Some(Cut::Within(left)) => {
                *cut = Some(Cut::Within(left.saturating_sub(1)));
                true
            }
        }
    }

    fn is_cut(&self) -> bool {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) == Some(Cut::Now)
    }

    fn add(&self, operation: &'static str, capacity: &[ConsumedCapacity]) {
        let units = capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { operation, units });
    }
}

macro_rules! metered {
    ($context:expr, $meter:expr, $($name:literal: $output:ty => $read:expr),+ $(,)?) => {
        $(if let Some(output) = $context.downcast_ref::<$output>() {
            let read: fn(&$output) -> Vec<ConsumedCapacity> = $read;
            $meter.add($name, &read(output));
        })+
    };
}

macro_rules! asks_for_capacity {
    ($input:expr, $($kind:ty),+ $(,)?) => {
        $(if let Some(input) = $input.downcast_mut::<$kind>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
        })+
    };
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        asks_for_capacity!(
            input,
            put_item::PutItemInput,
            get_item::GetItemInput,
            batch_get_item::BatchGetItemInput,
            query::QueryInput,
            update_item::UpdateItemInput,
            delete_item::DeleteItemInput,
            transact_write_items::TransactWriteItemsInput,
        );
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        _context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.lets_through() { Ok(()) } else { Err("the client is cut off".into()) }
    }

    fn modify_before_completion(
        &self,
        _context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.is_cut() { Err("the answer is lost".into()) } else { Ok(()) }
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Ok(output)) = context.output_or_error() {
            metered!(output, self,
                "PutItem": put_item::PutItemOutput => |output| output.consumed_capacity.iter().cloned().collect(),
                "GetItem": get_item::GetItemOutput => |output| output.consumed_capacity.iter().cloned().collect(),
                "BatchGetItem": batch_get_item::BatchGetItemOutput =>
                    |output| output.consumed_capacity.clone().unwrap_or_default(),
                "Query": query::QueryOutput => |output| output.consumed_capacity.iter().cloned().collect(),
                "UpdateItem": update_item::UpdateItemOutput =>
                    |output| output.consumed_capacity.iter().cloned().collect(),
                "DeleteItem": delete_item::DeleteItemOutput =>
                    |output| output.consumed_capacity.iter().cloned().collect(),
                "TransactWriteItems": transact_write_items::TransactWriteItemsOutput =>
                    |output| output.consumed_capacity.clone().unwrap_or_default(),
            );
        }
        Ok(())
    }
}

/// The tables in memory, served on a loopback port until the runtime ends.
///
/// # Panics
///
/// When the emulator cannot be started: a test fails without it.
pub async fn tables() -> (Tables, Meter) {
    let (tables, meter, ..) = start().await;
    (tables, meter)
}

/// As [`tables`], with the emulator's endpoint for other clients.
///
/// # Panics
///
/// As [`tables`].
pub async fn tables_with_endpoint() -> (Tables, Meter, String) {
    let (tables, meter, endpoint, _) = start().await;
    (tables, meter, endpoint)
}

/// As [`tables`], with what they hold.
///
/// # Panics
///
/// As [`tables`].
pub async fn tables_in_memory() -> (Tables, Meter, Memory) {
    let (tables, meter, _, database) = start().await;
    (tables, meter, Memory(database))
}

async fn start() -> (Tables, Meter, String, Database) {
    let listener =
        tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free loopback port");
    let endpoint = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let database = Database::memory().expect("a database in memory");
    tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
    let meter = Meter::default();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(&endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .interceptor(meter.clone())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let indexes = [("generation", "generation", "sk", projection(ProjectionType::KeysOnly))];
    create(&client, "ledger", &indexes).await;
    let queue = Projection::builder().projection_type(ProjectionType::Include).non_key_attributes("waiting");
    let indexes = [
        ("account", "account", "submitted", projection(ProjectionType::All)),
        ("queue", "queue", "place", queue.build()),
    ];
    create(&client, "requests", &indexes).await;
    create_without_indexes(&client, "anchors", &[("account", KeyType::Hash)]).await;
    create_without_indexes(&client, "policies", &[("pk", KeyType::Hash), ("sk", KeyType::Range)]).await;
    meter.read();
    (Tables::new(client, "ledger", "requests"), meter, endpoint, database)
}

/// The anchors' table in memory, and the emulator's endpoint for other clients.
///
/// # Panics
///
/// As [`tables`].
pub async fn anchors() -> (Anchors, String) {
    let (tables, _, endpoint) = tables_with_endpoint().await;
    (Anchors::new(tables.client, "anchors"), endpoint)
}

/// The policies' table in memory.
///
/// # Panics
///
/// As [`tables`].
pub async fn policies() -> Policies {
    let (tables, _) = tables().await;
    policies_beside(&tables)
}

/// The policies' table beside the others.
pub fn policies_beside(tables: &Tables) -> Policies {
    Policies::new(tables.client.clone(), "policies")
}

/// A table of these keys and nothing else, as in `infra/template.yaml`.
async fn create_without_indexes(client: &aws_sdk_dynamodb::Client, table: &str, keys: &[(&str, KeyType)]) {
    let elements = keys.iter().map(|(name, kind)| {
        let element = KeySchemaElement::builder().attribute_name(*name).key_type(kind.clone()).build();
        element.expect("name and kind are set")
    });
    let definitions = keys.iter().map(|(name, _)| {
        let definition = AttributeDefinition::builder().attribute_name(*name);
        definition.attribute_type(ScalarAttributeType::S).build().expect("both are set")
    });
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(elements.collect()))
        .set_attribute_definitions(Some(definitions.collect()))
        .send()
        .await
        .expect("the emulator creates tables");
}

fn projection(of: ProjectionType) -> Projection {
    Projection::builder().projection_type(of).build()
}

/// A table keyed by `pk` and `sk`, with the given indexes and `due`, as in `infra/template.yaml`.
async fn create(client: &aws_sdk_dynamodb::Client, table: &str, indexes: &[(&str, &str, &str, Projection)]) {
    let due = ("due", "due_shard", "due_at", projection(ProjectionType::KeysOnly));
    let indexes: Vec<_> = indexes.iter().chain(std::iter::once(&due)).collect();
    let mut names = vec!["pk", "sk"];
    names.extend(indexes.iter().flat_map(|(_, hash, range, _)| [*hash, *range]));
    names.sort_unstable();
    names.dedup();
    let element = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .expect("name and kind are set")
    };
    let keys =
        |hash: &str, range: &str| Some(vec![element(hash, KeyType::Hash), element(range, KeyType::Range)]);
    let definitions = names.iter().map(|name| {
        let kind = if *name == "due_at" { ScalarAttributeType::N } else { ScalarAttributeType::S };
        AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(kind)
            .build()
            .expect("both are set")
    });
    let indexes = indexes.iter().map(|(name, hash, range, projection)| {
        GlobalSecondaryIndex::builder()
            .index_name(*name)
            .set_key_schema(keys(hash, range))
            .projection(projection.clone())
            .build()
            .expect("name and keys are set")
    });
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(keys("pk", "sk"))
        .set_attribute_definitions(Some(definitions.collect()))
        .set_global_secondary_indexes(Some(indexes.collect()))
        .send()
        .await
        .expect("the emulator creates tables");
}
