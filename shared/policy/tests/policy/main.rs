//! The engine over small documents: conditions, decisions, versions, answers.

#[cfg(test)]
mod calendars;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod small;
#[cfg(test)]
mod versions;
