//! The embedded documents: what the rules of each written policy lead to.

#[cfg(test)]
mod case;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod music_studio;
#[cfg(test)]
mod music_studio_credits;
#[cfg(test)]
mod music_studio_unknowns;
