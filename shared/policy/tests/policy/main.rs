//! The engine over small documents: mistakes in files, conditions, decisions, versions, answers.

#[cfg(test)]
mod conditions;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod small;
#[cfg(test)]
mod versions;
