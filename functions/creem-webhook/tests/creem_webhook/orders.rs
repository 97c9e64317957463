//! B3: the events of a life lead to one state, whatever their order, with copies.
//!
//! Of each script every permutation of its events is walked: each event comes twice in a row, one that waits
//! for another comes again after each that was taken, and at the end all of them come once more, in the order
//! of the script, and change nothing. The end is compared by `state`, as that of Stripe's scripts is.

use serde_json::json;

use crate::events::{dispute, pack, plan_checkout, refund, subscription, with};
use crate::scene::{DAY_S, Scene, at};
use crate::state::seen;

struct Script {
    name: &'static str,
    events: Vec<String>,
}

fn scripts() -> Vec<Script> {
    let plan = |what: &str, status: &str, second: i64| subscription("1", what, status, (0, second, 0));
    let renewal = || subscription("1", "paid", "active", (0, 30 * DAY_S, 1));
    let nobodys = |body: String| with(&body, "/object/metadata", json!({}));
    let script = |name, events: &[String]| Script { name, events: events.to_vec() };
    vec![
        script("two packs", &[pack("1", 0), pack("2", 60), with(&pack("2", 60), "/id", json!("evt_copy"))]),
        script(
            "a pack and its refund in parts",
            &[pack("1", 0), refund("r1", "tran_1", (300, 300), 10), refund("r2", "tran_1", (771, 1071), 20)],
        ),
        script("a pack that is refunded whole", &[pack("1", 0), refund("r1", "tran_1", (1071, 1071), 10)]),
        script("a dispute", &[pack("1", 0), pack("2", 5), dispute("d", "tran_1", 10)]),
        script(
            "a dispute that is refunded",
            &[pack("1", 0), dispute("d", "tran_1", 10), refund("r1", "tran_1", (1071, 1071), 20)],
        ),
        script(
            "a first period",
            &[plan_checkout("1", 0), plan("active", "active", 1), plan("paid", "active", 2)],
        ),
        script(
            "a first period that its checkout names",
            &[
                plan_checkout("1", 0),
                nobodys(plan("active", "active", 1)),
                nobodys(plan("paid", "active", 2)),
            ],
        ),
        script(
            "a renewal and a cancellation",
            &[
                plan("paid", "active", 1),
                renewal(),
                subscription("1", "scheduled_cancel", "scheduled_cancel", (0, 40 * DAY_S, 1)),
                subscription("1", "canceled", "canceled", (0, 60 * DAY_S, 1)),
            ],
        ),
        script(
            "a payment that fails and comes",
            &[
                plan("paid", "active", 1),
                subscription("1", "past_due", "past_due", (0, 30 * DAY_S - 5, 0)),
                subscription("1", "expired", "active", (0, 30 * DAY_S - 4, 0)),
                renewal(),
            ],
        ),
        script(
            "paused, resumed and cancelled in one millisecond",
            &[
                plan("paid", "active", 1),
                plan("paused", "paused", 50),
                plan("update", "active", 50),
                plan("canceled", "canceled", 50),
            ],
        ),
        script(
            "a subscription beside a pack, with a refund of its renewal",
            &[
                plan("paid", "active", 1),
                renewal(),
                refund("r1", "tran_1_1", (1071, 1071), 31 * DAY_S),
                pack("1", 9),
            ],
        ),
    ]
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<usize>, place: usize| {
        let mut order = order.clone();
        order.insert(place, count - 1);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |place| insert(order, place))).collect()
}

/// Which refunds a total came from is not known where a later total came first: their sum, which the payment
/// has, is the same.
fn is_of_one_refund(line: &str) -> bool {
    line.starts_with("REFUND#") || line.contains(" REFUNDED#")
}

/// Delivers the events in an order, each twice, and those that wait again after each one that was taken.
async fn deliver(scene: &Scene, events: &[String], order: &[usize]) {
    let mut waiting: Vec<usize> = Vec::new();
    for &number in order {
        waiting.push(number);
        loop {
            let mut left = Vec::new();
            for &each in &waiting {
                let reply = scene.send(&events[each], at(60)).await;
                if reply.status == 503 {
                    left.push(each);
                    continue;
                }
                assert!(
                    ["applied", "repeated"].contains(&reply.says.as_str()),
                    "{order:?}: {each}: {}",
                    reply.says
                );
                let copy = scene.send(&events[each], at(60)).await.says;
                assert_eq!(copy, "repeated", "{order:?}: a copy of {each}");
            }
            let is_stuck = left.len() == waiting.len();
            waiting = left;
            if is_stuck || waiting.is_empty() {
                break;
            }
        }
    }
    assert!(waiting.is_empty(), "{order:?}: {waiting:?} are not taken");
    for body in events {
        assert_eq!(scene.send(body, at(60)).await.says, "repeated", "{order:?}: once more");
    }
}

#[tokio::test]
async fn b3_b4_b5_b6_e11_creem_every_order_of_a_script_leads_to_the_same_state() {
    let scripts = scripts();
    assert!(scripts.len() >= 10);
    let scene = Scene::new().await;
    let empty = scene.memory.read();
    for script in scripts {
        let mut expected: Option<(Vec<String>, Vec<usize>)> = None;
        for order in permutations(script.events.len()) {
            scene.memory.restore(&empty);
            deliver(&scene, &script.events, &order).await;
            let contents = scene.memory.read();
            let state = seen(&scene.tables, &contents, (at(90 * DAY_S), &[])).await;
            let state: Vec<String> = state.into_iter().filter(|line| !is_of_one_refund(line)).collect();
            assert!(scene.parked().await.is_empty(), "{}: {order:?}", script.name);
            let (first, way) = expected.get_or_insert_with(|| (state.clone(), order.clone()));
            assert_eq!(&state, first, "{}: {order:?} and {way:?}", script.name);
        }
    }
}
