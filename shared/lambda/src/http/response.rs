//! The answer to a request.

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

/// An HTTP response in API Gateway's format.
///
/// No answer may be stored by anything between us and the caller, unless its `cache-control` is set: balances
/// are personal and change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Response {
    /// `body` as JSON.
    ///
    /// # Panics
    ///
    /// When `body` cannot be written as JSON: a map whose keys are not texts.
    pub fn json<T: Serialize + ?Sized>(status: u16, body: &T) -> Self {
        let body = serde_json::to_string(body).expect("response bodies are structs of texts and numbers");
        Self { body, ..Self::empty(status) }.header("content-type", "application/json")
    }

    /// A body of JSON that is written already, like a stored answer.
    pub fn raw_json(status: u16, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.header("content-type", "application/json")
    }

    /// A text of the type `media_type`, like `text/markdown; charset=utf-8`.
    pub fn text(status: u16, media_type: &'static str, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::empty(status) }.header("content-type", media_type)
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        let headers =
            vec![("cache-control", "no-store".to_owned()), ("x-content-type-options", "nosniff".to_owned())];
        Self { status, headers, body: String::new() }
    }

    /// Sets the header `name`, written in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        match self.headers.iter_mut().find(|(key, _)| *key == name) {
            Some(header) => header.1 = value,
            None => self.headers.push((name, value)),
        }
        self
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn body(&self) -> &str {
        &self.body
    }

    /// A header, if it is set.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Headers<'a>(&'a [(&'static str, String)]);

        impl Serialize for Headers<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.len()))?;
                for (name, value) in self.0 {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }

        let mut response = serializer.serialize_struct("Response", 4)?;
        response.serialize_field("statusCode", &self.status)?;
        response.serialize_field("headers", &Headers(&self.headers))?;
        response.serialize_field("body", &self.body)?;
        response.serialize_field("isBase64Encoded", &false)?;
        response.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_what_the_gateway_expects() {
        let response = Response::json(201, &serde_json::json!({"held": 7})).header("location", "/v1/x");
        insta::assert_json_snapshot!(response, @r#"
    {
      "statusCode": 201,
      "headers": {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-type": "application/json",
        "location": "/v1/x"
      },
      "body": "{\"held\":7}",
      "isBase64Encoded": false
    }
    "#);
    }

    #[test]
    fn a_header_is_set_once() {
        let response = Response::empty(204).header("retry-after", "1").header("retry-after", "2");
        assert_eq!(response.header_value("retry-after"), Some("2"));
        assert_eq!((response.status(), response.body()), (204, ""));
    }
}
