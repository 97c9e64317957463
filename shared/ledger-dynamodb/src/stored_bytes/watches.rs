//! The stored forms of watches, of parked events and of internal notes.

use super::check;
use crate::item::read_text;
use crate::request::note;
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

#[test]
fn internal_notes_keep_their_bytes() {
    let fixture = include_str!("../../tests/stored/internal_note.txt");
    check(fixture, |item| {
        let request = read_text(&item, "pk").unwrap().strip_prefix("NOTES#").unwrap().parse().unwrap();
        let place = read_text(&item, "sk").unwrap().parse().unwrap();
        note::note_item(&request, place, &note::note(&item).unwrap())
    });
}
