//! The calls of the Stripe API that Makegood makes.
//!
//! A request comes in authenticated or not; an answer in Stripe's shape, or a broken connection,
//! goes out. Order of the checks: key, planned fault, idempotency key, parameters, the call itself.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use hyper::{HeaderMap, Method, header};

use super::answer::Answer;
use super::command::Emission;
use super::coupon::CouponForm;
use super::dispute::EvidenceForm;
use super::fault::{Fault, Operation};
use super::idempotency::Seen;
use super::record::Call;
use super::refund::RefundForm;
use super::shared::Shared;
use super::world::World;

/// Stripe's default and largest page.
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
/// How many types a list of events may be narrowed to.
const EVENT_TYPES_MAX: usize = 20;

/// What the server does with the connection.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Sends the answer; the flag says that it was stored under the key before.
    Answer(Answer, bool),
    /// Breaks the connection in the middle of the answer's body.
    CutAnswer(Answer),
    /// Sends 200 and a body that is not JSON.
    Garbage,
    /// Breaks the connection without an answer.
    Reset,
    /// Lets the caller wait until it gives up.
    Silence,
}

impl Outcome {
    fn plain(answer: Answer) -> Self {
        Self::Answer(answer, false)
    }
}

/// A request of the API, read completely.
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The query of a GET, the form of a POST.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
}

impl ApiRequest {
    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn operation(&self) -> Option<Operation> {
        let segments: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        match (&self.method, segments.as_slice()) {
            (&Method::POST, ["v1", "refunds"]) => Some(Operation::CreateRefund),
            (&Method::GET, ["v1", "refunds"]) => Some(Operation::ListRefunds),
            (&Method::GET, ["v1", "events"]) => Some(Operation::ListEvents),
            (&Method::GET, ["v1", "checkout", "sessions"]) => Some(Operation::ListSessions),
            (&Method::GET, ["v1", "refunds", _]) => Some(Operation::RetrieveRefund),
            (&Method::GET, ["v1", "invoice_payments"]) => Some(Operation::ListInvoicePayments),
            (&Method::GET, ["v1", "checkout", "sessions", _, "line_items"]) => {
                Some(Operation::ListSessionLines)
            }
            (&Method::GET, ["v1", "invoices", _, "lines"]) => Some(Operation::ListInvoiceLines),
            (&Method::DELETE, ["v1", "subscriptions", _]) => Some(Operation::EndSubscription),
            (&Method::POST, ["v1", "subscriptions", _]) => Some(Operation::UpdateSubscription),
            (&Method::GET, ["v1", "subscriptions", _]) => Some(Operation::RetrieveSubscription),
            (&Method::POST, ["v1", "subscription_schedules", _, "release"]) => {
                Some(Operation::ReleaseSchedule)
            }
            (&Method::POST, ["v1", "subscription_schedules"]) => Some(Operation::CreateSchedule),
            (&Method::POST, ["v1", "subscription_schedules", _]) => Some(Operation::UpdateSchedule),
            (&Method::POST, ["v1", "invoices", "create_preview"]) => Some(Operation::PreviewInvoice),
            (&Method::GET, ["v1", "invoices"]) => Some(Operation::ListInvoices),
            (&Method::POST, ["v1", "invoices", _, "void"]) => Some(Operation::VoidInvoice),
            (&Method::GET, ["v1", "disputes"]) => Some(Operation::ListDisputes),
            (&Method::GET, ["v1", "disputes", _]) => Some(Operation::RetrieveDispute),
            (&Method::POST, ["v1", "disputes", _]) => Some(Operation::UpdateDispute),
            (&Method::POST, ["v1", "coupons"]) => Some(Operation::CreateCoupon),
            (&Method::GET, ["v1", "coupons", _]) => Some(Operation::RetrieveCoupon),
            _ => None,
        }
    }

    /// Bearer, or Basic with the key as user name, as Stripe takes both.
    fn bears(&self, api_key: &str) -> bool {
        let Some(value) = self.header(header::AUTHORIZATION.as_str()) else { return false };
        if let Some(token) = value.strip_prefix("Bearer ") {
            return token == api_key;
        }
        value
            .strip_prefix("Basic ")
            .and_then(|encoded| base64::engine::general_purpose::STANDARD.decode(encoded).ok())
            .is_some_and(|pair| pair == format!("{api_key}:").into_bytes())
    }
}

pub(crate) async fn answer(shared: &Arc<Shared>, request: ApiRequest) -> Outcome {
    if !request.bears(&shared.api_key) {
        return Outcome::plain(Answer::unauthenticated());
    }
    let Some(operation) = request.operation() else {
        return Outcome::plain(Answer::unknown_route(request.method.as_str(), &request.path));
    };
    let fault = record_call(&mut shared.world(), &request, operation);
    match fault {
        None => {
            let (answer, replayed) = run(&mut shared.world(), &request, operation, None);
            Outcome::Answer(answer, replayed)
        }
        Some(Fault::TimeoutBeforeActing) => Outcome::Silence,
        Some(Fault::ResetBeforeActing) => Outcome::Reset,
        Some(Fault::InUse) => Outcome::plain(Answer::key_in_use()),
        Some(Fault::RateLimited { retry_after_s }) => Outcome::plain(Answer::rate_limited(retry_after_s)),
        Some(Fault::Unavailable) => Outcome::plain(Answer::server_error(503)),
        Some(Fault::Garbage) => Outcome::Garbage,
        Some(Fault::TimeoutAfterActing) => {
            run(&mut shared.world(), &request, operation, None);
            Outcome::Silence
        }
        Some(Fault::ResetAfterActing) => {
            Outcome::CutAnswer(run(&mut shared.world(), &request, operation, None).0)
        }
        Some(Fault::Slow { delay_ms }) => {
            // A task of its own: the call goes on, and gives its key back, after its caller has hung up.
            let call = tokio::spawn(run_slowly(Arc::clone(shared), request, operation, delay_ms));
            call.await.unwrap_or(Outcome::Reset)
        }
        Some(Fault::ServerError { acts }) => {
            let forced = Forced { answer: Answer::server_error(500), acts };
            let (answer, replayed) = run(&mut shared.world(), &request, operation, Some(forced));
            Outcome::Answer(answer, replayed)
        }
        Some(Fault::Decline { code }) => {
            let forced = Forced { answer: Answer::declined(&code), acts: false };
            let (answer, replayed) = run(&mut shared.world(), &request, operation, Some(forced));
            Outcome::Answer(answer, replayed)
        }
    }
}

/// An answer that a fault puts in the place of the call's own.
struct Forced {
    answer: Answer,
    /// Whether the call is carried out all the same.
    acts: bool,
}

fn record_call(world: &mut World, request: &ApiRequest, operation: Operation) -> Option<Fault> {
    let fault = world.faults.take(operation);
    world.calls.push(Call {
        method: request.method.to_string(),
        path: request.path.clone(),
        idempotency_key: request.header("idempotency-key"),
        stripe_version: request.header("stripe-version"),
        fault: fault.clone(),
    });
    fault
}

/// Runs a call, under its idempotency key where it has one; the flag says that the answer is a stored one.
fn run(
    world: &mut World,
    request: &ApiRequest,
    operation: Operation,
    forced: Option<Forced>,
) -> (Answer, bool) {
    let write = match Write::parse(request, operation) {
        Ok(Some(write)) => write,
        Ok(None) => {
            return (forced.map_or_else(|| read(world, request, operation), |forced| forced.answer), false);
        }
        Err(answer) => return (answer, false),
    };
    // A key has no effect on DELETE, which can be repeated as it is.
    let key = request.header("idempotency-key").filter(|_| request.method != Method::DELETE);
    if let Some(key) = &key {
        match world.keys.begin(key, &fingerprint(request)) {
            Seen::First => {}
            Seen::Answered(answer) => return (answer, true),
            Seen::OtherParameters => return (Answer::other_parameters(), false),
            Seen::InUse => return (Answer::key_in_use(), false),
        }
    }
    let answer = match forced {
        Some(Forced { answer, acts: false }) => answer,
        Some(Forced { answer, acts: true }) => {
            write.carry_out(world, key.as_deref());
            answer
        }
        None => write.carry_out(world, key.as_deref()),
    };
    if let Some(key) = &key {
        world.keys.finish(key, &answer);
    }
    (answer, false)
}

/// A checked call that changes something.
enum Write {
    Refund(RefundForm),
    EndSubscription(String),
    UpdateSubscription { id: String, at_period_end: bool },
    ReleaseSchedule(String),
    VoidInvoice(String),
    Discounts { id: String, wanted: Vec<(String, String)> },
    Coupon(CouponForm),
    Evidence(EvidenceForm),
    ChangePlan { id: String, form: Vec<(String, String)> },
    CreateSchedule(Vec<(String, String)>),
    UpdateSchedule { id: String, form: Vec<(String, String)> },
}

impl Write {
    /// Reads the call; none for one that changes nothing, and an error for parameters that are wrong.
    fn parse(request: &ApiRequest, operation: Operation) -> Result<Option<Self>, Answer> {
        let id = || request.path.rsplit('/').next().unwrap_or_default().to_owned();
        match operation {
            Operation::CreateRefund => RefundForm::parse(&request.parameters).map(Self::Refund).map(Some),
            Operation::EndSubscription => Ok(Some(Self::EndSubscription(id()))),
            Operation::ReleaseSchedule => Ok(Some(Self::ReleaseSchedule(second_last(request)))),
            Operation::VoidInvoice => Ok(Some(Self::VoidInvoice(second_last(request)))),
            Operation::CreateCoupon => CouponForm::parse(&request.parameters).map(Self::Coupon).map(Some),
            Operation::UpdateSubscription if names_items(request) => {
                Ok(Some(Self::ChangePlan { id: id(), form: request.parameters.clone() }))
            }
            Operation::CreateSchedule => Ok(Some(Self::CreateSchedule(request.parameters.clone()))),
            Operation::UpdateSchedule => {
                Ok(Some(Self::UpdateSchedule { id: id(), form: request.parameters.clone() }))
            }
            Operation::UpdateDispute => {
                EvidenceForm::parse(&id(), &request.parameters).map(Self::Evidence).map(Some)
            }
            Operation::UpdateSubscription if names_discounts(request) => {
                Ok(Some(Self::Discounts { id: id(), wanted: discounts(request)? }))
            }
            Operation::UpdateSubscription => {
                let invalid = || Answer::invalid("cancel_at_period_end", None, "Invalid boolean");
                let [(name, value)] = request.parameters.as_slice() else { return Err(invalid()) };
                match (name.as_str(), value.parse()) {
                    ("cancel_at_period_end", Ok(at_period_end)) => {
                        Ok(Some(Self::UpdateSubscription { id: id(), at_period_end }))
                    }
                    _ => Err(invalid()),
                }
            }
            Operation::ListEvents
            | Operation::ListSessions
            | Operation::ListRefunds
            | Operation::RetrieveRefund
            | Operation::ListInvoicePayments
            | Operation::ListSessionLines
            | Operation::ListInvoiceLines
            | Operation::ListInvoices
            | Operation::ListDisputes
            | Operation::RetrieveDispute
            | Operation::PreviewInvoice
            | Operation::RetrieveSubscription
            | Operation::RetrieveCoupon => Ok(None),
        }
    }

    fn carry_out(&self, world: &mut World, idempotency_key: Option<&str>) -> Answer {
        let emission = Emission::default();
        match self {
            Self::Refund(form) => world.create_refund(form, idempotency_key, &emission),
            Self::EndSubscription(id) => world.end_by_api(id, &emission),
            Self::ReleaseSchedule(id) => world.release_schedule(id, &emission),
            Self::VoidInvoice(id) => world.void_invoice(id),
            Self::Discounts { id, wanted } => world.discount_by_api(id, wanted, &emission),
            Self::Coupon(form) => world.create_coupon(form),
            Self::Evidence(form) => world.update_dispute(form, idempotency_key),
            Self::ChangePlan { id, form } => world.change_by_api(id, form, idempotency_key, &emission),
            Self::CreateSchedule(form) => world.create_schedule(form, &emission),
            Self::UpdateSchedule { id, form } => world.update_schedule(id, form),
            Self::UpdateSubscription { id, at_period_end } => {
                world.update_by_api(id, *at_period_end, idempotency_key, &emission)
            }
        }
    }
}

/// Holds the call's idempotency key while it waits, then runs the call.
async fn run_slowly(
    shared: Arc<Shared>,
    request: ApiRequest,
    operation: Operation,
    delay_ms: u64,
) -> Outcome {
    let key = request.header("idempotency-key");
    let held = key
        .as_deref()
        .is_some_and(|key| matches!(shared.world().keys.begin(key, &fingerprint(&request)), Seen::First));
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    let mut world = shared.world();
    if let (true, Some(key)) = (held, &key) {
        world.keys.forget(key);
    }
    let (answer, replayed) = run(&mut world, &request, operation, None);
    Outcome::Answer(answer, replayed)
}

/// What Stripe compares when a key comes again: the parameters, in any order.
fn fingerprint(request: &ApiRequest) -> String {
    let mut parameters: Vec<String> =
        request.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parameters.sort();
    format!("{} {} {}", request.method, request.path, parameters.join("&"))
}

/// The last segment of the path.
fn last(request: &ApiRequest) -> &str {
    request.path.rsplit('/').next().unwrap_or_default()
}

/// The segment of the path before the last: the object that the last one does something with.
fn second_last(request: &ApiRequest) -> String {
    request.path.rsplit('/').nth(1).unwrap_or_default().to_owned()
}

fn names_items(request: &ApiRequest) -> bool {
    request.parameters.iter().any(|(name, _)| name.starts_with("items["))
}

fn names_discounts(request: &ApiRequest) -> bool {
    request.parameters.iter().any(|(name, _)| name.starts_with("discounts["))
}

/// `discounts[0][coupon]=…` and `discounts[0][discount]=…`, in their order.
fn discounts(request: &ApiRequest) -> Result<Vec<(String, String)>, Answer> {
    let each = request.parameters.iter().map(|(name, value)| {
        let kind = name.strip_prefix("discounts[")?.strip_suffix(']')?.split_once("][")?.1;
        ["coupon", "discount"].contains(&kind).then(|| (kind.to_owned(), value.clone()))
    });
    each.collect::<Option<_>>().ok_or_else(|| Answer::invalid("discounts", None, "Invalid discounts"))
}

fn read(world: &World, request: &ApiRequest, operation: Operation) -> Answer {
    match operation {
        Operation::CreateRefund
        | Operation::EndSubscription
        | Operation::UpdateSubscription
        | Operation::ReleaseSchedule
        | Operation::VoidInvoice
        | Operation::UpdateDispute
        | Operation::CreateSchedule
        | Operation::UpdateSchedule
        | Operation::CreateCoupon => Answer::server_error(500),
        Operation::PreviewInvoice => world.preview_invoice(&request.parameters, &Emission::default()),
        Operation::ListInvoices => match request.parameter("subscription") {
            None => page(request, &made_within(request, world.reported("invoice.paid"))),
            Some(id) => page(request, &world.open_invoice_list(id)),
        },
        Operation::ListSessions => page(request, &made_within(request, world.reported("checkout.session."))),
        Operation::RetrieveSubscription => {
            world.retrieved(last(request), &request.parameters, &Emission::default())
        }
        Operation::ListDisputes => {
            let disputes = world.dispute_list(request.parameter("payment_intent"));
            page(request, &made_within(request, disputes))
        }
        Operation::RetrieveDispute => world.dispute_answer(last(request)),
        Operation::RetrieveCoupon => world.coupon_answer(last(request)),
        Operation::ListEvents => events(world, request),
        Operation::ListRefunds => {
            let payment = request.parameter("payment_intent");
            match payment {
                Some(id) if !world.payments.contains_key(id) => {
                    Answer::missing("payment_intent", id, "payment_intent")
                }
                _ => page(request, &made_within(request, world.refund_list(payment))),
            }
        }
        Operation::RetrieveRefund => {
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let found = world.refund_list(None).into_iter().find(|refund| refund["id"] == id);
            found.map_or_else(|| Answer::missing("refund", id, "id"), Answer::ok)
        }
        Operation::ListInvoicePayments => match request.parameter("invoice") {
            None => Answer::invalid("invoice", Some("parameter_missing"), "Missing an invoice."),
            Some(id) => {
                let given = world.lists.get(&format!("{}?invoice={id}", request.path)).cloned();
                match given.or_else(|| world.invoice_payments(id)) {
                    None => Answer::missing("invoice", id, "invoice"),
                    Some(payments) => page(request, &payments),
                }
            }
        },
        Operation::ListSessionLines | Operation::ListInvoiceLines => match world.lists.get(&request.path) {
            None => Answer::missing("object", request.path.rsplit('/').nth(1).unwrap_or_default(), "id"),
            Some(lines) => page(request, lines),
        },
    }
}

/// The events of some types and of a time, newest first, whether or not an endpoint took them.
fn events(world: &World, request: &ApiRequest) -> Answer {
    let bound = |name: &str| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (from, before) = (bound("created[gte]"), bound("created[lt]"));
    let types: Vec<&str> = request
        .parameters
        .iter()
        .filter(|(name, _)| name == "types[]")
        .map(|(_, value)| value.as_str())
        .collect();
    if types.len() > EVENT_TYPES_MAX {
        return Answer::invalid("types", None, "You may list up to 20 event types");
    }
    let mut events: Vec<serde_json::Value> = world
        .events
        .iter()
        .filter(|event| types.is_empty() || types.contains(&event.kind.as_str()))
        .filter_map(|event| serde_json::from_str(&event.body).ok())
        .filter(|event: &serde_json::Value| {
            let created = event["created"].as_i64().unwrap_or_default();
            from.is_none_or(|from| created >= from) && before.is_none_or(|before| created < before)
        })
        .collect();
    events.sort_by_key(|event| std::cmp::Reverse(event["created"].as_i64()));
    page(request, &events)
}

/// The objects that were made within the time that the call names.
fn made_within(request: &ApiRequest, mut objects: Vec<serde_json::Value>) -> Vec<serde_json::Value> {
    let bound = |name: &str| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (from, before) = (bound("created[gte]"), bound("created[lt]"));
    objects.retain(|object| {
        let created = object["created"].as_i64().unwrap_or_default();
        from.is_none_or(|from| created >= from) && before.is_none_or(|before| created < before)
    });
    objects
}

/// One page, by `limit` and `starting_after`.
fn page(request: &ApiRequest, objects: &[serde_json::Value]) -> Answer {
    let limit = match request.parameter("limit").map(str::parse::<usize>) {
        None => PAGE_DEFAULT,
        Some(Ok(limit)) if (1..=PAGE_MAX).contains(&limit) => limit,
        Some(_) => return Answer::invalid("limit", Some("parameter_invalid_integer"), "Invalid limit"),
    };
    let start = match request.parameter("starting_after") {
        None => 0,
        Some(id) => match objects.iter().position(|object| object["id"] == id) {
            Some(position) => position.saturating_add(1),
            None => return Answer::missing("object", id, "starting_after"),
        },
    };
    let end = start.saturating_add(limit);
    let shown = objects.get(start..end.min(objects.len())).unwrap_or_default();
    Answer::page(&request.path, shown, objects.len() > end)
}
