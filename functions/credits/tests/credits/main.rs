//! The function from outside: events of the HTTP API in, responses out, on tables in this process.

#[cfg(test)]
mod access;
#[cfg(test)]
mod api;
#[cfg(test)]
mod balance;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod history;
#[cfg(test)]
mod holds;
#[cfg(test)]
mod months;
#[cfg(test)]
mod outcomes;
