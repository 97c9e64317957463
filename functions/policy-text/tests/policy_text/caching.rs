//! What may be kept, for how long, and 304 for a caller who has it.

use lambda::http::Response;
use testkit::http_event::HttpEvent;

use crate::world::{LIST, call, documents, on, version};

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.header_value(name).unwrap_or_default()
}

#[test]
fn a_version_is_kept_for_a_year_once_it_has_ended_and_for_minutes_while_its_end_lies_ahead() {
    let documents = documents();
    for (of, day, seconds) in [
        ("2026-01-01", "2026-05-31", 300),
        ("2026-01-01", "2026-06-01", 31_536_000),
        ("2026-06-01", "2026-06-01", 300),
    ] {
        let response = call(&documents, &version("small", of), on(day));
        let expected = format!("public, max-age={seconds}, immutable");
        assert_eq!(header(&response, "cache-control"), expected, "{of} on {day}");
    }
    let list = call(&documents, &HttpEvent::new(LIST, 0), on("2026-06-01"));
    assert_eq!(header(&list, "cache-control"), "public, max-age=300");
}

#[test]
fn a_caller_who_has_the_answer_gets_304_and_no_body() {
    let documents = documents();
    for event in [HttpEvent::new(LIST, 0), version("small", "2026-01-01")] {
        let first = call(&documents, &event, on("2026-06-01"));
        let tag = header(&first, "etag");
        assert!(tag.len() == 66 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = call(&documents, &event.clone().header("if-none-match", &known), on("2026-06-01"));
            assert_eq!((again.status(), again.body()), (304, ""), "{known}");
            assert_eq!(header(&again, "etag"), tag);
            assert_eq!(header(&again, "cache-control"), header(&first, "cache-control"));
        }
        for known in ["\"other\"", "", &tag[..tag.len() - 2]] {
            let again = call(&documents, &event.clone().header("if-none-match", known), on("2026-06-01"));
            assert_eq!(again, first, "{known}");
        }
    }
}

#[test]
fn the_tag_changes_with_the_answer() {
    let both = documents();
    let first = both.version("small", "2026-01-01").unwrap().clone();
    let one = policy::Documents::new(vec![first]).unwrap();
    let read = |documents| call(documents, &version("small", "2026-01-01"), on("2026-06-01"));
    let (open, ended) = (read(&one), read(&both));
    assert_ne!(header(&open, "etag"), header(&ended, "etag"), "the end of the first version is known");
}
