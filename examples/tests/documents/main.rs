//! The embedded documents: what the rules of each written policy lead to.

#[cfg(test)]
mod assistant_suite;
#[cfg(test)]
mod boundaries;
#[cfg(test)]
mod case;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod conditions_of_generations;
#[cfg(test)]
mod conditions_of_music;
#[cfg(test)]
mod conditions_of_pictures;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod image_to_3d;
#[cfg(test)]
mod image_web;
#[cfg(test)]
mod law;
#[cfg(test)]
mod leftover;
#[cfg(test)]
mod material;
#[cfg(test)]
mod music_studio;
#[cfg(test)]
mod music_studio_credits;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod staffing;
#[cfg(test)]
mod written;
