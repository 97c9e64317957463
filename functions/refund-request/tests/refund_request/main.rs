//! Refund requests through their events: the tables are in this process, the clock is fixed.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod discounts;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod four_eyes;
#[cfg(test)]
mod granted;
#[cfg(test)]
mod missing_packs;
#[cfg(test)]
mod names;
#[cfg(test)]
mod next_plan;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod occasions;
#[cfg(test)]
mod offers;
#[cfg(test)]
mod one_case;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod quotes;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod summary;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod views;
#[cfg(test)]
mod world;
