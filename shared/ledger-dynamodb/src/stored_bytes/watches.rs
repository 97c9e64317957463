//! The stored forms of watches and of parked events.

use super::check;
use crate::{parked, watch};

#[test]
fn watches_keep_their_bytes() {
    let fixture = include_str!("../../tests/stored/watch.txt");
    check(fixture, |item| watch::item(&watch::read(&item).unwrap()));
}

#[test]
fn parked_events_keep_their_bytes() {
    let fixture = include_str!("../../tests/stored/parked.txt");
    check(fixture, |item| parked::item(&parked::read(item).unwrap()));
}
