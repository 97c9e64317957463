//! Payouts against the Stripe stand-in and the tables, both in this process.

#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod changing;
#[cfg(test)]
mod creem;
#[cfg(test)]
mod discounts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod held_back;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod world;
