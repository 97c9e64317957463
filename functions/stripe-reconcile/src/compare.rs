//! Stripe's lists compared with the records: what was refunded, disputed, paid and completed in a time,
//! object by object, each looked up by its id. It finds what no event has brought, also where the events
//! are gone.
//!
//! A schedule starts a run once a day. It goes on where the last one ended and stops [`HELD_S`] before its
//! own instant, so that an event that waits for another one has been applied or parked. An object is
//! compared soon after it was made, and again later where it changes late ([`late_by_s`]). `{"compare":
//! {"since": …, "before": …}}` compares what was made in a time, and moves no mark.
//!
//! Nothing is applied, unless `repair` asks for it. Then the events of each object that differs are read from
//! Stripe's list and handed to the webhook, oldest first, and the object is compared again. There is no other
//! way to repair: one reading of every object, and one code that writes.

use std::collections::BTreeSet;

use lambda::secrets::SecretSource;
use lambda::{Invocation, log};
use ledger::Timestamp;
use serde::Deserialize;
use stripe_api::{ListedObject, ObjectList, StripeClient, StripeError};
use stripe_events::Event;
use webhook_function::{ApplyEvents, ReplayEvents};

use crate::context::{
    DEADLINE_MARGIN_MS, HELD_S, KEPT_BY_STRIPE_S, Reconcile, ReconcileError, answered, client,
};
use crate::discrepancy::{Comparison, Discrepancy, DiscrepancyKind};
use crate::records::{Compared, find_discrepancy, read_object};

/// A day, which a run of the schedule compares.
const DAY_S: i64 = 86_400;
/// The longest time that is listed at once: what is in memory together.
const WINDOW_S: i64 = 3_600;

/// A comparison that is asked for; the schedule's names no time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompareRequest {
    /// The first instant to compare, RFC 3339.
    since: Option<String>,
    /// The first instant that is not compared any more; the newest one that can be by default.
    before: Option<String>,
    /// Whether differences are repaired.
    #[serde(default)]
    repair: bool,
}

/// How much later an object is compared again by the schedule, in seconds.
fn late_by_s(list: ObjectList) -> i64 {
    match list {
        // A refund fails days after it was made (<https://docs.stripe.com/refunds#failed-refunds>). An invoice that is
        // collected again is paid within two weeks, by Stripe's own retries.
        ObjectList::Refunds | ObjectList::PaidInvoices => 14 * DAY_S,
        // Most disputes are decided within 75 days (<https://docs.stripe.com/disputes/how-disputes-work>).
        ObjectList::Disputes => 75 * DAY_S,
        // A session is completed within 24 hours, or expires.
        ObjectList::CompletedSessions => DAY_S,
    }
}

/// Compares Stripe's lists of a time with the records.
pub(crate) async fn compare<S: SecretSource, W: ApplyEvents + ReplayEvents>(
    reconcile: &Reconcile<S, W>,
    request: &CompareRequest,
    invocation: &Invocation,
) -> Result<Comparison, ReconcileError> {
    if request.before.is_some() && request.since.is_none() {
        return Err(ReconcileError::Before);
    }
    let now_s = invocation.now().as_s();
    let newest = now_s.saturating_sub(HELD_S);
    let instant = |text: &String| Timestamp::parse(text).map(Timestamp::as_s);
    let before = request.before.as_ref().map(instant).transpose()?.unwrap_or(newest).min(newest);
    let is_scheduled = request.since.is_none();
    let from = match request.since.as_ref().map(instant).transpose()? {
        Some(since) if since >= before => return Err(ReconcileError::Since),
        Some(since) => since,
        None => {
            let mark = reconcile.tables.compared_until().await?;
            mark.map_or(newest.saturating_sub(DAY_S), Timestamp::as_s)
        }
    };
    let run = CompareRun {
        reconcile,
        invocation,
        stripe: client(reconcile, invocation).await?,
        repairs: request.repair,
        is_scheduled,
    };
    let comparison = run.compare(from, before).await?;
    comparison.count(invocation, is_scheduled);
    Ok(comparison)
}

struct CompareRun<'a, S, W> {
    reconcile: &'a Reconcile<S, W>,
    invocation: &'a Invocation,
    stripe: StripeClient,
    repairs: bool,
    is_scheduled: bool,
}

/// An object that differs, with what was read of it.
struct Differing {
    created_s: i64,
    event: Option<Event>,
    discrepancy: Discrepancy,
}

impl<S, W: ApplyEvents + ReplayEvents> CompareRun<'_, S, W> {
    async fn compare(&self, mut from: i64, before: i64) -> Result<Comparison, ReconcileError> {
        let mut comparison = Comparison::until(from);
        while from < before && self.has_time() {
            let to = before.min(from.saturating_add(WINDOW_S));
            let mut differing = Vec::new();
            let mut is_whole = true;
            for list in ObjectList::ALL {
                is_whole &= self.compare_list(list, (from, to), &mut comparison, &mut differing).await?;
                if self.is_scheduled {
                    let late_s = late_by_s(list);
                    let earlier = (from.saturating_sub(late_s), to.saturating_sub(late_s));
                    is_whole &= self.compare_list(list, earlier, &mut comparison, &mut differing).await?;
                }
            }
            if self.repairs && !differing.is_empty() {
                self.repair(&mut differing, &mut comparison).await?;
            }
            comparison.add(differing.into_iter().map(|differing| differing.discrepancy));
            if !is_whole {
                break;
            }
            comparison.until = to;
            if self.is_scheduled {
                self.reconcile.tables.move_compared_until(Timestamp::from_s(to)?).await?;
            }
            from = to;
        }
        Ok(comparison)
    }

    /// Compares one list; false if the run's time is over before its end.
    async fn compare_list(
        &self,
        list: ObjectList,
        time: (i64, i64),
        comparison: &mut Comparison,
        differing: &mut Vec<Differing>,
    ) -> Result<bool, ReconcileError> {
        let listed = in_parts(time, async |time| self.stripe.objects(list, time).await).await?;
        for object in listed {
            if !self.has_time() {
                return Ok(false);
            }
            log::cause(&object.id);
            comparison.compared = comparison.compared.saturating_add(1);
            differing.extend(self.compare_object(list, &object).await?);
        }
        Ok(true)
    }

    async fn compare_object(
        &self,
        list: ObjectList,
        object: &ListedObject,
    ) -> Result<Option<Differing>, ReconcileError> {
        let created_s = object.created_s;
        let Ok(event) = read_object(list, object) else {
            let discrepancy = Discrepancy::unreadable(list, object);
            return Ok(Some(Differing { created_s, event: None, discrepancy }));
        };
        let found = find_discrepancy(&self.reconcile.tables, &event.kind, created_s).await?;
        Ok(match found {
            Compared::Same => None,
            Compared::Differs(discrepancy) => {
                tracing::warn!(kind = discrepancy.kind.as_str(), outcome = "differs", "object");
                Some(Differing { created_s, event: Some(event), discrepancy })
            }
        })
    }

    /// Applies the events of what differs, oldest first, and compares each object again.
    async fn repair(
        &self,
        differing: &mut Vec<Differing>,
        comparison: &mut Comparison,
    ) -> Result<(), ReconcileError> {
        let oldest = differing.iter().map(|differing| differing.created_s).min().unwrap_or_default();
        let kinds: BTreeSet<DiscrepancyKind> =
            differing.iter().map(|differing| differing.discrepancy.kind).collect();
        let types: BTreeSet<&str> =
            kinds.into_iter().flat_map(DiscrepancyKind::event_types).copied().collect();
        let types: Vec<&str> = types.into_iter().collect();
        let now_s = self.invocation.now().as_s();
        let mut from = oldest.max(now_s.saturating_sub(KEPT_BY_STRIPE_S));
        while from < now_s && self.has_time() {
            let to = now_s.min(from.saturating_add(DAY_S));
            let events = in_parts((from, to), async |time| self.stripe.events(&types, time).await).await?;
            for event in events.iter().filter(|_| self.has_time()) {
                let object = event.object_id();
                let about =
                    differing.iter_mut().find(|each| Some(each.discrepancy.object.as_str()) == object);
                let Some(about) = about else { continue };
                log::cause(&event.id);
                let answer = answered(self.reconcile.webhook.apply(event.json.get()).await)?;
                about.discrepancy.note_applied(&event.id, &answer);
            }
            from = to;
        }
        let mut left = Vec::new();
        for mut each in differing.drain(..) {
            let again = match &each.event {
                Some(event) => find_discrepancy(&self.reconcile.tables, &event.kind, each.created_s).await?,
                None => Compared::Differs(each.discrepancy.clone()),
            };
            match again {
                Compared::Same => {
                    each.discrepancy.set_repaired();
                    comparison.add_repaired(each.discrepancy);
                }
                Compared::Differs(_) => {
                    each.discrepancy.set_unrepaired();
                    left.push(each);
                }
            }
        }
        *differing = left;
        Ok(())
    }

    fn has_time(&self) -> bool {
        self.invocation.deadline().remaining().as_millis() > DEADLINE_MARGIN_MS
    }
}

/// What is listed of a time, in as many parts as its lists need.
async fn in_parts<T>(
    time: (i64, i64),
    list: impl AsyncFn((i64, i64)) -> Result<Vec<T>, StripeError>,
) -> Result<Vec<T>, StripeError> {
    let (mut parts, mut found) = (vec![time], Vec::new());
    while let Some((from, before)) = parts.pop() {
        match list((from, before)).await {
            Ok(part) => found.extend(part),
            Err(StripeError::TooManyPages { .. } | StripeError::Unreadable { .. })
                if before.saturating_sub(from) > 1 =>
            {
                let middle = from.midpoint(before);
                parts.extend([(middle, before), (from, middle)]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
