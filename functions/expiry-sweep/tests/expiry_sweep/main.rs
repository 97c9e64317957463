//! The sweep from outside: ticks of the schedule against tables in this process.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cancellations;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod occasions;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod payouts;
#[cfg(test)]
mod plan_changes;
#[cfg(test)]
mod scene;
