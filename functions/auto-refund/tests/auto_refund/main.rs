//! The function from outside: events of the queue's trigger in, answers out, on tables in this process.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod repeats;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod senders;
