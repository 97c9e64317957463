//! The embedded documents: what the rules of each written policy lead to.

#[cfg(test)]
mod assistant_suite;
#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod case;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod image_to_3d;
#[cfg(test)]
mod image_web;
#[cfg(test)]
mod law;
#[cfg(test)]
mod material;
#[cfg(test)]
mod music_studio;
#[cfg(test)]
mod music_studio_credits;
#[cfg(test)]
mod practice;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod schema;
