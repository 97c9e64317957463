//! Which versions there are, and what each says.

use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{LIST, answer, call, documents, on, version};

#[test]
fn the_list_names_every_version_with_the_time_in_which_it_is_in_force() {
    let documents = documents();
    let (status, list) = answer(&call(&documents, &HttpEvent::new(LIST, 0), on("2026-03-01")));
    assert_eq!(status, 200, "{list}");
    let [other, policy] = list["policies"].as_array().unwrap().as_slice() else { panic!("{list:#}") };
    assert_eq!((&policy["document"], &other["document"]), (&json!("small"), &json!("other")));
    assert_eq!(other["versions"][0]["in_force_until"], Value::Null);
    let times = policy["versions"].as_array().unwrap().iter();
    let times: Vec<_> = times
        .map(|each| json!([each["version"], each["in_force_from"], each["in_force_until"], each["href"]]))
        .collect();
    let (first, second) = ("/v1/policies/small/2026-01-01", "/v1/policies/small/2026-06-01");
    let expected = [
        json!(["2026-01-01", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", first]),
        json!(["2026-06-01", "2026-06-01T00:00:00Z", null, second]),
    ];
    assert_eq!(times, expected);
}

#[test]
fn a_version_has_every_clause_with_its_anchor_its_text_and_its_digest() {
    let documents = documents();
    let (status, shown) = answer(&call(&documents, &version("small", "2026-01-01"), on("2026-03-01")));
    assert_eq!(status, 200, "{shown}");
    let document = documents.version("small", "2026-01-01").unwrap();
    let clauses: Vec<Value> = document
        .clauses
        .iter()
        .map(|clause| {
            json!({
                "id": clause.id, "anchor": format!("/v1/policies/small/2026-01-01#{}", clause.id),
                "kind": clause.kind, "since": clause.date, "text": clause.text, "hash": clause.sha256(),
            })
        })
        .collect();
    assert_eq!(shown["clauses"], json!(clauses));
    assert_eq!(shown["in_force_from"], "2026-01-01T00:00:00Z");
    assert_eq!(shown["in_force_until"], "2026-06-01T00:00:00Z");
    let (_, later) = answer(&call(&documents, &version("small", "2026-06-01"), on("2026-03-01")));
    assert_eq!(later["in_force_until"], Value::Null);
}

#[test]
fn a_versions_hash_is_that_of_its_clauses_as_they_are_answered() {
    let documents = documents();
    let (_, shown) = answer(&call(&documents, &version("small", "2026-01-01"), on("2026-03-01")));
    let text = |clause: &Value| {
        format!("{}\n{}\n", clause["id"].as_str().unwrap(), clause["text"].as_str().unwrap())
    };
    let texts: String = shown["clauses"].as_array().unwrap().iter().map(text).collect();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(texts.as_bytes());
    let hexadecimal = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(shown["hash"], hexadecimal);
    let (_, list) = answer(&call(&documents, &HttpEvent::new(LIST, 0), on("2026-03-01")));
    assert_eq!(list["policies"][1]["versions"][0]["hash"], hexadecimal, "in the list, too");
}

#[test]
fn what_is_not_there_is_not_found_and_not_kept() {
    let documents = documents();
    for (document, of) in [("small", "2026-01-02"), ("large", "2026-01-01"), ("", ""), ("small", "")] {
        let response = call(&documents, &version(document, of), on("2026-03-01"));
        assert_eq!(response.status(), 404, "{document} {of}");
        assert_eq!(response.header_value("cache-control"), Some("no-store"));
    }
}

#[test]
fn every_deployed_version_is_answered_in_full() {
    let documents = policy_documents::documents();
    for document in documents.iter() {
        let event = version(&document.id, &document.version);
        let (status, shown) = answer(&call(documents, &event, on("2026-11-29")));
        assert_eq!((status, &shown["document"]), (200, &json!(document.id)));
        assert_eq!(shown["clauses"].as_array().unwrap().len(), document.clauses.len());
    }
}
