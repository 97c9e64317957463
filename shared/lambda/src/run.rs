//! From a process to answers: start-up, the loop of invocations, and the one place where errors are logged.
//!
//! An invocation's event is kept as the text that it is and read by the handler, so that structs can borrow
//! from it and an event that cannot be read is never quoted. A handler's error is logged once with its chain,
//! and the invocation fails; its caller (a queue, a schedule) repeats it. A panic ends the process.

use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use primitives::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::Instrument;

use crate::config::Env;
use crate::deadline::Deadline;
use crate::event_error::EventError;
use crate::http::{Problem, Request, Response};
use crate::metrics::Metrics;
use crate::sqs::{self, Batch, Item, QueueMessage};
use crate::{clock, log};

/// Any error, for the functions' own `main`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Where metrics go when `METRICS_NAMESPACE` says nothing else.
const NAMESPACE: &str = "Makegood";

/// What a function makes sure of before each invocation, so that its handler can rest on it.
pub trait BeforeEach {
    /// Prepares an invocation that begins at `now`. A problem is its answer, and the handler does not run: a
    /// request gets it as its response, and every other invocation fails.
    fn prepare(&self, now: Timestamp) -> impl Future<Output = Result<(), Problem>>;
}

/// There is nothing to prepare.
impl BeforeEach for () {
    async fn prepare(&self, _: Timestamp) -> Result<(), Problem> {
        Ok(())
    }
}

impl<B: BeforeEach> BeforeEach for Arc<B> {
    async fn prepare(&self, now: Timestamp) -> Result<(), Problem> {
        B::prepare(self, now).await
    }
}

/// A function that has been started and not yet wired.
pub struct Function<B = ()> {
    name: &'static str,
    env: Env,
    namespace: String,
    before: B,
}

/// Starts the function `name`: opens its log, and lets `wire` build what it needs and serve.
///
/// An error of `wire` (configuration that is missing) is logged with its chain and ends the process.
pub async fn start(name: &'static str, wire: impl AsyncFnOnce(Function) -> Result<(), Error>) -> ExitCode {
    let env = Env::process();
    let result = async {
        log::init(&env, name)?;
        let namespace = env.optional("METRICS_NAMESPACE")?.unwrap_or_else(|| NAMESPACE.to_owned());
        erased(wire(Function { name, env, namespace, before: () })).await
    };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = error.as_ref();
            tracing::error!(function = name, outcome = "stopped", error, "the function stopped");
            ExitCode::FAILURE
        }
    }
}

/// Puts a future behind a pointer. An AWS call's future is a type nested so deeply that a handler's future
/// around it would exceed the compiler's depth limit in every function's `main`.
fn erased<'a, T>(future: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(future)
}

#[derive(Debug)]
pub struct Invocation {
    event: Box<RawValue>,
    request_id: String,
    now: Timestamp,
    deadline: Deadline,
    metrics: Metrics,
}

impl Invocation {
    /// An invocation of a test, with a minute to answer.
    pub fn of(event: impl Into<String>, now: Timestamp) -> Result<Self, EventError> {
        Ok(Self {
            event: RawValue::from_string(event.into()).map_err(|error| EventError::json(&error))?,
            request_id: "test".to_owned(),
            now,
            deadline: Deadline::in_ms(60_000),
            metrics: Metrics::new(NAMESPACE, "test"),
        })
    }

    /// The same with another time to answer, from here on.
    #[must_use]
    pub fn within_ms(self, milliseconds: u64) -> Self {
        Self { deadline: Deadline::in_ms(milliseconds), ..self }
    }

    /// The event as a `T`, which may borrow from it.
    pub fn event<'a, T: Deserialize<'a>>(&'a self) -> Result<T, EventError> {
        serde_json::from_str(self.event.get()).map_err(|error| EventError::json(&error))
    }

    pub fn event_text(&self) -> &str {
        self.event.get()
    }

    /// Lambda's id of the invocation.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// When the invocation began: `now` for all that it decides.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// By when it must have answered.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What the invocation counts and measures; written at its end.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

/// A failed invocation, logged already.
#[derive(Debug)]
struct Failed(String);

impl From<Failed> for Diagnostic {
    fn from(Failed(error_message): Failed) -> Self {
        Self { error_type: "HandlerError".to_owned(), error_message }
    }
}

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
enum InvocationFailed<E: std::error::Error + 'static> {
    /// What comes before its handler did not succeed.
    #[error(transparent)]
    Unprepared(Unprepared),
    #[error(transparent)]
    Handler(E),
}

/// A problem as an error, for an invocation that is no request.
#[derive(Debug)]
struct Unprepared(Problem);

impl std::fmt::Display for Unprepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.public_text())
    }
}

impl std::error::Error for Unprepared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause()
    }
}

impl Function {
    /// Has `before` prepare each invocation.
    pub fn before_each<B: BeforeEach>(self, before: B) -> Function<B> {
        let Self { name, env, namespace, .. } = self;
        Function { name, env, namespace, before }
    }
}

impl<B: BeforeEach> Function<B> {
    /// The environment to read the configuration from.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Answers each invocation with `handler`, until the process is stopped.
    pub async fn serve<T, E>(self, handler: impl AsyncFn(&Invocation) -> Result<T, E>) -> Result<(), Error>
    where
        T: Serialize,
        E: std::error::Error + 'static,
    {
        let (before, function) = self.apart();
        function
            .run(async |invocation| {
                prepared(&before, invocation).await?;
                handler(invocation).await.map_err(InvocationFailed::Handler)
            })
            .await
    }

    /// What prepares its invocations, and the function without it.
    fn apart(self) -> (B, Function) {
        let Self { name, env, namespace, before } = self;
        (before, Function { name, env, namespace, before: () })
    }

    /// Answers each request of an HTTP API with `handler`. One line of log per request; the cause of a
    /// problem is in it and nowhere else.
    pub async fn serve_http(
        self,
        handler: impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem>,
    ) -> Result<(), Error> {
        let (before, function) = self.apart();
        let handler = request_handler(&before, &handler);
        function.run(async |invocation| answer_http(invocation, &handler).await).await
    }

    /// As [`Function::serve_http`], for a function that may also be invoked by itself, with an event of the
    /// form `D`, which `direct` answers. An event is read as a request first: what came through an HTTP API
    /// always is one, so that nobody can send a `D` that way, and a request costs nothing more.
    pub async fn serve_http_or<D, T, E>(
        self,
        handler: impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem>,
        direct: impl AsyncFn(D, &Invocation) -> Result<T, E>,
    ) -> Result<(), Error>
    where
        D: DeserializeOwned,
        T: Serialize,
        E: std::error::Error + 'static,
    {
        let (before, function) = self.apart();
        let handler = request_handler(&before, &handler);
        let direct = async |event: D, invocation: &Invocation| {
            prepared(&before, invocation).await?;
            direct(event, invocation).await.map_err(InvocationFailed::Handler)
        };
        function.run(async |invocation| answer_either(invocation, &handler, &direct).await).await
    }

    /// Answers each batch of messages as [`sqs::process`] does. `understand` reads a message and says which
    /// group it belongs to; `handle` works on one group and returns the messages that stay in the queue.
    pub async fn serve_sqs<K, M, E>(
        self,
        understand: impl Fn(&QueueMessage<'_>) -> Result<(K, M), E>,
        handle: impl for<'b, 'a> AsyncFn(&Invocation, K, Vec<Item<'b, 'a, M>>) -> Vec<&'b QueueMessage<'a>>,
    ) -> Result<(), Error>
    where
        K: Ord + Clone,
        E: std::error::Error + 'static,
    {
        self.serve(async |invocation| {
            let batch = Batch::parse(invocation.event_text())?;
            let response = sqs::process(&batch, invocation.deadline(), &understand, async |key, items| {
                erased(handle(invocation, key, items)).await
            })
            .await;
            let (received, failed) = (batch.records().len(), response.failed());
            tracing::info!(received, failed, outcome = "answered", "batch");
            Ok::<_, EventError>(response)
        })
        .await
    }
}

impl Function {
    /// The loop of invocations.
    async fn run<T, E>(self, handler: impl AsyncFn(&Invocation) -> Result<T, E>) -> Result<(), Error>
    where
        T: Serialize,
        E: std::error::Error + 'static,
    {
        let Self { name, namespace, .. } = self;
        let handler = Rc::new(handler);
        lambda_runtime::Runtime::new(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
            let handler = Rc::clone(&handler);
            let LambdaEvent { payload, context } = event;
            let now = clock::now();
            let invocation = Invocation {
                event: payload,
                request_id: context.request_id,
                now,
                deadline: Deadline::at_ms(context.deadline, now),
                metrics: Metrics::new(namespace.clone(), name),
            };
            async move { answer(name, &invocation, &*handler).await }
        }))
        .run()
        .await
    }
}

/// A handler of requests that runs once its invocation is prepared.
fn request_handler<B: BeforeEach>(
    before: &B,
    handler: &impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem>,
) -> impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem> {
    async |request: &Request<'_>, invocation: &Invocation| {
        before.prepare(invocation.now()).await?;
        handler(request, invocation).await
    }
}

/// Prepares an invocation that is no request.
async fn prepared<B: BeforeEach, E: std::error::Error + 'static>(
    before: &B,
    invocation: &Invocation,
) -> Result<(), InvocationFailed<E>> {
    let prepared = before.prepare(invocation.now()).await;
    prepared.map_err(|problem| InvocationFailed::Unprepared(Unprepared(problem)))
}

/// Runs `handler` in the invocation's span, logs its error, and writes the metrics.
async fn answer<T, E: std::error::Error + 'static>(
    function: &'static str,
    invocation: &Invocation,
    handler: &impl AsyncFn(&Invocation) -> Result<T, E>,
) -> Result<T, Failed> {
    let span = tracing::error_span!(
        "invocation",
        request_id = invocation.request_id(),
        function,
        account = tracing::field::Empty,
        cause = tracing::field::Empty,
    );
    async {
        let result = erased(handler(invocation)).await.map_err(|error| {
            let public = error.to_string();
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(outcome = "failed", error, "the invocation failed");
            Failed(public)
        });
        invocation.metrics().flush(invocation.now());
        result
    }
    .instrument(span)
    .await
}

/// What a function answers that is invoked in two ways.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Either<T> {
    Http(Response),
    Direct(T),
}

/// Why an invocation failed that may come in two ways.
#[derive(Debug, thiserror::Error)]
enum EitherFailed<E: std::error::Error + 'static> {
    /// It is neither.
    #[error(transparent)]
    Event(EventError),
    /// It was not a request, and its handler failed.
    #[error(transparent)]
    Direct(E),
}

/// Answers a request, or else an event of the form `D`.
async fn answer_either<D: DeserializeOwned, T, E: std::error::Error + 'static>(
    invocation: &Invocation,
    handler: &impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem>,
    direct: &impl AsyncFn(D, &Invocation) -> Result<T, E>,
) -> Result<Either<T>, EitherFailed<E>> {
    let no_request = match answer_http(invocation, handler).await {
        Ok(response) => return Ok(Either::Http(response)),
        Err(error) => error,
    };
    let Ok(event) = invocation.event::<D>() else { return Err(EitherFailed::Event(no_request)) };
    erased(direct(event, invocation)).await.map(Either::Direct).map_err(EitherFailed::Direct)
}

/// Reads the request, has it handled, and turns a problem into a response.
async fn answer_http(
    invocation: &Invocation,
    handler: &impl AsyncFn(&Request<'_>, &Invocation) -> Result<Response, Problem>,
) -> Result<Response, EventError> {
    let request: Request<'_> = invocation.event()?;
    let route = request.route_key();
    match erased(handler(&request, invocation)).await {
        Ok(response) => {
            tracing::info!(route, status = response.status(), outcome = "answered", "request");
            Ok(response)
        }
        Err(problem) => {
            let (outcome, status, cause) = (problem.kind().slug(), problem.kind().status(), problem.cause());
            if status >= 500 {
                tracing::error!(route, status, outcome, error = cause, "request");
            } else {
                tracing::info!(route, status, outcome, error = cause, "request");
            }
            Ok(problem.into_response(invocation.request_id()))
        }
    }
}

#[cfg(test)]
mod tests;
