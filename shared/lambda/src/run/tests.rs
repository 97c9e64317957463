//! What an invocation answers when its handler answers, refuses and fails.

use serde_json::json;

use std::time::Duration;

use super::*;
use crate::http::ProblemKind;

fn now() -> Timestamp {
    Timestamp::from_s(1_777_716_000).unwrap()
}

fn request() -> Invocation {
    Invocation::of(crate::http::tests_event(&json!({})), now()).unwrap()
}

#[tokio::test]
async fn an_answer_is_handed_on() {
    let invocation = Invocation::of(r#"{"time":"x"}"#, now()).unwrap();
    let result: Result<u32, Failed> =
        answer("test", &invocation, &async |_: &Invocation| Ok::<_, EventError>(7)).await;
    assert!(matches!(result, Ok(7)));
}

#[tokio::test]
async fn i6_an_event_that_cannot_be_read_fails_without_being_quoted() {
    #[derive(Debug, Deserialize)]
    struct Tick {
        #[expect(dead_code, reason = "only the shape matters")]
        time: u64,
    }
    let invocation = Invocation::of(r#"{"time":"canary"}"#, now()).unwrap();
    let result =
        answer("test", &invocation, &async |invocation: &Invocation| invocation.event::<Tick>().map(drop))
            .await;
    let Err(Failed(text)) = result else { unreachable!("the event has a text where a number is read") };
    assert_eq!(text, "the event is not of the expected form at line 1, column 16");
}

#[tokio::test]
async fn a_problem_is_a_response_and_its_cause_is_not() {
    let refuse = async |_: &Request<'_>, _: &Invocation| {
        Err(Problem::internal("the private cause").detail("the public detail"))
    };
    let response = answer_http(&request(), &refuse).await.unwrap();
    assert_eq!(response.status(), ProblemKind::Internal.status());
    assert!(response.body().contains("the public detail") && !response.body().contains("private"));
    assert!(response.body().contains("urn:makegood:request:test"));
}

#[tokio::test]
async fn a_request_reaches_its_handler() {
    let handle = async |request: &Request<'_>, _: &Invocation| Ok(Response::json(200, request.route_key()));
    let response = answer_http(&request(), &handle).await.unwrap();
    assert_eq!(response.body(), "\"POST /v1/accounts/{account}/holds\"");
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Direct {
    again: String,
}

#[tokio::test]
async fn an_event_is_a_request_or_the_direct_form_or_unreadable() {
    let handle = async |_: &Request<'_>, _: &Invocation| Ok(Response::empty(204));
    let direct = async |event: Direct, _: &Invocation| Ok::<_, EventError>(event.again);
    let answered = async |event: &str| {
        let invocation = Invocation::of(event, now()).unwrap();
        let answer = answer_either(&invocation, &handle, &direct).await;
        answer.map(|answer| serde_json::to_value(answer).unwrap())
    };
    assert_eq!(answered(r#"{"again":"evt_1"}"#).await.unwrap(), json!("evt_1"));
    assert_eq!(answered(&crate::http::tests_event(&json!({}))).await.unwrap()["statusCode"], 204);
    // The gateway writes the members of its event, so that a caller cannot make one look like the direct
    // form.
    let both = crate::http::tests_event(&json!({"again": "evt_1"}));
    assert_eq!(answered(&both).await.unwrap()["statusCode"], 204);
    for neither in [r#"{"again":7}"#, r#"{"again":"evt_1","more":1}"#, "[]"] {
        let error = answered(neither).await.unwrap_err();
        assert!(matches!(error, EitherFailed::Event(EventError::Json { .. })), "{neither}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_lambdas() {
    let now_ms = u64::try_from(now().as_ms()).unwrap();
    let deadline = Deadline::at_ms(now_ms + 3_000, now());
    assert_eq!(deadline.remaining(), Duration::from_secs(3));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(deadline.remaining(), Duration::ZERO);
    assert_eq!(Deadline::at_ms(0, now()).remaining(), Duration::ZERO);
    assert!(Deadline::at_ms(u64::MAX, now()).remaining() > Duration::from_mins(1));
}

/// What cannot be prepared at that instant.
struct Missing(Timestamp);

impl BeforeEach for Missing {
    async fn prepare(&self, now: Timestamp) -> Result<(), Problem> {
        if now == self.0 {
            Err(Problem::new(ProblemKind::NoPolicy).detail("there is nothing"))
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn an_invocation_that_cannot_be_prepared_is_answered_with_the_problem_and_not_handled() {
    let handle = async |_: &Request<'_>, _: &Invocation| Ok(Response::empty(204));
    for (missing_at, status) in [(now(), 503), (now().plus_s(1).unwrap(), 204)] {
        let before = Missing(missing_at);
        let response = answer_http(&request(), &request_handler(&before, &handle)).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.body().contains("urn:makegood:problem:no-policy"), status == 503);

        let tick = Invocation::of("{}", now()).unwrap();
        let prepared = prepared::<_, EventError>(&before, &tick).await.map_err(|error| error.to_string());
        assert_eq!(prepared, if status == 503 { Err("there is nothing".to_owned()) } else { Ok(()) });
    }
}
