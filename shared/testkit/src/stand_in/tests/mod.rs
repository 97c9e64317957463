//! The stand-in as its callers see it: over HTTP, and through the webhooks that it sends.

mod api;
mod control;
mod disputes;
mod webhook;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{API_KEY, BuyPack, Emission, StripeStandIn, Subscribe};

/// An answer of the stand-in.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Sends one request and reads the answer to its end; `None` when the connection ends without one.
async fn send(stripe: &StripeStandIn, head: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(stripe.address()).await.unwrap();
    let length = body.len();
    let request =
        format!("{head}\r\nhost: stripe\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body = serde_json::from_str(body).unwrap_or_default();
    Some(Answer { status, head: head.to_owned(), body })
}

/// `POST /v1/refunds` under a key.
async fn refund(stripe: &StripeStandIn, key: &str, form: &str) -> Answer {
    let head = format!(
        "POST /v1/refunds HTTP/1.1\r\nauthorization: Bearer {API_KEY}\r\nidempotency-key: {key}\r\n\
         content-type: application/x-www-form-urlencoded"
    );
    send(stripe, &head, form).await.unwrap()
}

async fn get(stripe: &StripeStandIn, target: &str) -> Answer {
    let head = format!("GET {target} HTTP/1.1\r\nauthorization: Bearer {API_KEY}");
    send(stripe, &head, "").await.unwrap()
}

fn pack() -> BuyPack {
    BuyPack {
        account: "account-1".to_owned(),
        customer: None,
        price: "price_pack".to_owned(),
        amount: 1000,
        currency: "USD".to_owned(),
    }
}

fn pro() -> Subscribe {
    Subscribe {
        account: "account-1".to_owned(),
        customer: None,
        price: "price_pro".to_owned(),
        amount: 2000,
        currency: "usd".to_owned(),
        metadata: [("plan".to_owned(), "pro".to_owned())].into(),
        days: None,
    }
}

/// A stand-in with one payment of 10.00 USD, and the payment's id.
async fn with_payment() -> (StripeStandIn, String) {
    let stripe = StripeStandIn::start().await.unwrap();
    let made = stripe.buy_pack(&pack(), &Emission::default()).unwrap();
    (stripe, made.payment.unwrap())
}
