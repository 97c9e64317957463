//! The walk through all orders of a script's events.
//!
//! A **place** is what the tables hold together with what has become of each event. From every place the walk
//! goes on with each event that has not been taken, and from a place that it has seen it does not go on
//! again: two ways that lead to the same items go on alike. So it covers every permutation, with the
//! repetitions of refused events at every moment, and ends where all events are taken.

use std::collections::{HashSet, VecDeque};

use ledger_dynamodb::Parked;
use ledger_dynamodb::in_process::{Contents, Memory};
use serde_json::Value;

use super::events::Script;
use super::state::{seen, whole};
use crate::replays::{listed, replayed};
use crate::scene::{ACCOUNT, START_S, Scene, at};

/// When events come: within the hour in which one waits for another, since those of a story lie ahead.
const NOW_S: i64 = 60;
/// How long after a story's last event Stripe's list is read: when no event waits for another any more.
const LISTED_AFTER_S: i64 = 2 * 3_600;

/// What has become of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It has not come, or Stripe was asked to send it again.
    No,
    /// It is kept until what it lacks is fetched.
    Kept,
    Yes,
}

#[derive(Clone)]
struct Place {
    contents: Contents,
    taken: Vec<Taken>,
    /// The events that led here, by their numbers.
    way: Vec<usize>,
}

/// How much of a script was walked.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Walked {
    pub(crate) places: usize,
    pub(crate) deliveries: usize,
}

struct Walk<'s> {
    script: &'s Script,
    scene: &'s Scene,
    memory: &'s Memory,
    ids: Vec<String>,
    known: HashSet<String>,
    ahead: VecDeque<Place>,
    /// What is seen at the end, and the first way there.
    end: Option<(Vec<String>, Vec<usize>)>,
    /// When Stripe's list is read.
    list_s: i64,
    walked: Walked,
}

/// Walks through all orders of `script`, and through those in which one event is lost.
pub(crate) async fn walk(script: &Script, tables: &(Scene, Memory), empty: &Contents) -> Walked {
    let (mut walk, begin) = begin(script, tables, empty).await;
    walk.arrive(begin.clone()).await;
    while let Some(place) = walk.ahead.pop_front() {
        walk.go_on(&place).await;
    }
    assert!(walk.end.is_some(), "{}: no way ends", script.name);
    for lost in 0..script.events.len() {
        walk.lose(&begin, lost).await;
    }
    walk.walked
}

/// Restores the tables to each moment of `script`, and lets Stripe's list bring all of its events.
pub(crate) async fn restore(script: &Script, tables: &(Scene, Memory), empty: &Contents) -> Walked {
    let (mut walk, begin) = begin(script, tables, empty).await;
    for restored in (0..=script.events.len()).rev() {
        walk.restore(&begin, restored).await;
    }
    walk.walked
}

/// The place before the first event of `script`, whatever an earlier one has left in the tables, which hold
/// `empty` at first.
async fn begin<'s>(
    script: &'s Script,
    (scene, memory): &'s (Scene, Memory),
    empty: &Contents,
) -> (Walk<'s>, Place) {
    memory.restore(empty);
    scene.meter.read();
    if script.linked {
        let account = ACCOUNT.parse().unwrap();
        assert!(
            ledger::CustomerStore::link_customer(&scene.tables, &"cus_1".parse().unwrap(), &account)
                .await
                .unwrap()
        );
    }
    for body in &script.before {
        assert_eq!(scene.send(body, at(0)).await.says, "applied", "{}", script.name);
    }
    let id = |body: &String| {
        let event: Value = serde_json::from_str(body).unwrap();
        event["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<String> = script.events.iter().map(id).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{}", script.name);
    let begin =
        Place { contents: memory.read(), taken: vec![Taken::No; script.events.len()], way: Vec::new() };
    let walk = Walk {
        script,
        scene,
        memory,
        ids,
        known: HashSet::new(),
        ahead: VecDeque::new(),
        end: None,
        list_s: script.events.iter().map(|body| created(body)).max().unwrap() - START_S + LISTED_AFTER_S,
        walked: Walked::default(),
    };
    (walk, begin)
}

impl Walk<'_> {
    /// A place that is new is gone on from; where all events are taken, it is compared.
    async fn arrive(&mut self, place: Place) {
        let letter = |taken: &Taken| match taken {
            Taken::No => '-',
            Taken::Kept => '?',
            Taken::Yes => '+',
        };
        let taken: String = place.taken.iter().map(letter).collect();
        if !self.known.insert(format!("{taken}\n{}", whole(&place.contents))) {
            return;
        }
        self.walked.places += 1;
        if place.taken.iter().all(|taken| *taken == Taken::Yes) {
            self.compare(&place.contents, &place.way).await;
        }
        self.ahead.push_back(place);
    }

    /// All ways are compared as of the instant at which Stripe's list is read.
    async fn compare(&mut self, contents: &Contents, way: &[usize]) {
        let (now, first_says) = (at(self.list_s), self.script.first_says);
        let lines = seen(&self.scene.tables, contents, (now, first_says)).await;
        let name = self.script.name;
        assert_eq!(self.scene.parked().await, [], "{name}: {way:?}");
        let (expected, first) = self.end.get_or_insert_with(|| (lines.clone(), way.to_vec()));
        if lines != *expected {
            let only = |one: &[String], other: &[String]| {
                one.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>().join("\n  ")
            };
            let (this, that) = (only(&lines, expected), only(expected, &lines));
            panic!("{name}: {way:?} leads to\n  {this}\nand {first:?} to\n  {that}");
        }
    }

    async fn go_on(&mut self, place: &Place) {
        self.memory.restore(&place.contents);
        self.repeat(place).await;
        let waiting: Vec<usize> =
            (0..place.taken.len()).filter(|number| place.taken[*number] != Taken::Yes).collect();
        let mut left = waiting.is_empty();
        for &number in &waiting {
            self.memory.restore(&place.contents);
            let next = self.take(place, &[number]).await;
            left |= next.taken != place.taken;
            self.arrive(next).await;
        }
        assert!(left, "{}: nothing is taken after {:?}", self.script.name, place.way);
        // Two at once, where the events before them came in their order.
        let taken = place.taken.iter().take_while(|taken| **taken == Taken::Yes).count();
        if place.taken[taken..].iter().all(|taken| *taken == Taken::No) && place.way.is_sorted() {
            for &other in waiting.iter().skip(1) {
                self.memory.restore(&place.contents);
                let next = self.take(place, &[waiting[0], other]).await;
                self.arrive(next).await;
            }
        }
    }

    /// The event that was taken last comes again and changes nothing, and in the end each of them.
    async fn repeat(&mut self, place: &Place) {
        let all = place.taken.iter().all(|taken| *taken == Taken::Yes);
        let again: Vec<usize> = match place.way.last() {
            _ if all => (0..place.taken.len()).collect(),
            Some(last) if place.taken[*last] == Taken::Yes => vec![*last],
            _ => return,
        };
        for number in again {
            let says = self.send(number).await.1;
            let known = says == "repeated" || says.starts_with("ignored");
            assert!(known, "{}: {number} again after {:?}: {says}", self.script.name, place.way);
        }
        let contents = self.memory.read();
        if contents == place.contents {
            return;
        }
        // A copy may note what may be a case, because it sees what came since. The sweep judges it.
        let (before, after) = (without_leads(&place.contents), without_leads(&contents));
        assert_eq!(after, before, "{}: copies change what {:?} led to", self.script.name, place.way);
        self.arrive(Place { contents, ..place.clone() }).await;
    }

    /// The place that one event leads to, or two at once.
    async fn take(&mut self, place: &Place, numbers: &[usize]) -> Place {
        let mut taken = place.taken.clone();
        let outcomes: Vec<(u16, String)> = match *numbers {
            [one, other] => {
                self.walked.deliveries += 2;
                let (one, other) = tokio::join!(self.deliver(one), self.deliver(other));
                vec![one, other]
            }
            [one] if place.taken[one] == Taken::Kept => vec![self.fetch(one).await],
            _ => vec![self.send(numbers[0]).await],
        };
        for (number, (status, says)) in numbers.iter().zip(outcomes) {
            taken[*number] = match (status, says.as_str()) {
                (200, says) if says.starts_with("lookup") => Taken::Kept,
                (200, says) if !says.starts_with("parked") => Taken::Yes,
                (503, _) => Taken::No,
                other => panic!("{}: {number} after {:?}: {other:?}", self.script.name, place.way),
            };
        }
        let way = [&place.way, numbers].concat();
        Place { contents: self.memory.read(), taken, way }
    }

    async fn send(&mut self, number: usize) -> (u16, String) {
        self.walked.deliveries += 1;
        self.deliver(number).await
    }

    async fn deliver(&self, number: usize) -> (u16, String) {
        let reply = self.scene.send(&self.script.events[number], at(NOW_S)).await;
        (reply.status, reply.says)
    }

    /// What stripe-lookup does: it stores what Stripe answers, and asks for a replay.
    async fn fetch(&mut self, number: usize) -> (u16, String) {
        self.walked.deliveries += 1;
        let parked = self.scene.tables.parked_event(&self.ids[number]).await.unwrap();
        self.replay(parked.unwrap(), NOW_S).await;
        let left = self.scene.tables.parked_event(&self.ids[number]).await.unwrap();
        (200, left.map_or_else(|| "applied".to_owned(), |left| format!("parked: {}", left.reason)))
    }

    async fn replay(&self, parked: Parked, second: i64) {
        if let Some(fetched) = self.script.fetched.as_ref().filter(|_| parked.lookup_at.is_some()) {
            let fetched = Some(serde_json::to_vec(fetched).unwrap());
            let kept = Parked { fetched, lookup_at: None, ..parked.clone() };
            self.scene.tables.keep_parked(&parked, &kept).await.unwrap();
        }
        replayed(self.scene, &parked.id, second).await;
    }

    /// One event never comes, and those that wait for it are parked after their hour.
    async fn lose(&mut self, begin: &Place, lost: usize) {
        let now = at(self.list_s);
        self.memory.restore(&begin.contents);
        for (number, body) in self.script.events.iter().enumerate().filter(|(number, _)| *number != lost) {
            let reply = self.scene.send(body, now).await;
            assert_eq!(reply.status, 200, "{}: {number} waits for {lost}", self.script.name);
            self.walked.deliveries += 1;
        }
        self.catch_up(&[lost]).await;
    }

    /// The tables know so many of the first events, and nothing of what came after them.
    async fn restore(&mut self, begin: &Place, restored: usize) {
        self.memory.restore(&begin.contents);
        // At the list's instant as well: what is empty leaves an account with time.
        for body in &self.script.events[..restored] {
            self.scene.send(body, at(self.list_s)).await;
        }
        self.walked.deliveries += restored;
        self.walked.places += 1;
        self.catch_up(&(0..restored).collect::<Vec<_>>()).await;
    }

    /// Stripe's list brings all events, and what is parked is applied again.
    async fn catch_up(&mut self, way: &[usize]) {
        let now = at(self.list_s);
        let mut bodies: Vec<&String> = self.script.events.iter().collect();
        bodies.sort_by_key(|body| created(body));
        for body in bodies {
            listed(self.scene, body, now).await;
        }
        self.walked.deliveries += self.ids.len();
        for _ in 0..self.ids.len() {
            for parked in self.scene.parked().await {
                self.replay(parked, self.list_s).await;
            }
        }
        self.compare(&self.memory.read(), way).await;
    }
}

fn without_leads(contents: &Contents) -> Vec<String> {
    let items = contents.items().filter(|(partition, ..)| !partition.starts_with("LEAD#"));
    items.map(|(partition, sort, item)| format!("{partition} {sort} {item}")).collect()
}

fn created(body: &str) -> i64 {
    serde_json::from_str::<Value>(body).unwrap()["created"].as_i64().unwrap()
}
