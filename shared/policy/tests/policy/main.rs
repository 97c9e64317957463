//! The engine over small documents: mistakes in files, conditions, decisions, versions, answers.

#[cfg(test)]
mod conditions;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod generations;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod practice;
#[cfg(test)]
mod small;
#[cfg(test)]
mod versions;
