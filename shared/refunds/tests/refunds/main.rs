//! Clocks and the queue of requests under the embedded documents.

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod divided;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod story;
