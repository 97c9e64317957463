//! The inputs that reached something new, and how further ones are made of them.

use fastrand::Rng;

/// Longest input, in bytes: the longest event of the fixtures has 6 KB.
const BYTES_MAX: usize = 16_384;
/// Most changes of one input, and most that keep its form.
const CHANGES_MAX: usize = 6;
const FORMED_CHANGES_MAX: usize = 3;
/// Every other input is made of one of so many that were kept last: they are where something new was found.
const NEWEST: usize = 24;

/// Values that are rarely thought of.
const RARE: [&str; 22] = [
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "[{}]",
    "{\"data\":[]}",
    "\"\"",
    "\"acct_1\"",
    "0",
    "-1",
    "1.5",
    "1e400",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\u{feff}",
    "v1=",
    "t=",
    "v0=",
];

/// Corpus and the words that they are changed by.
pub struct Corpus {
    kept: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
    rng: Rng,
}

impl Corpus {
    /// None yet. The same words and the same `seed` make the same inputs.
    pub fn new(words: Vec<Vec<u8>>, seed: u64) -> Self {
        Self { kept: Vec::new(), words, rng: Rng::with_seed(seed) }
    }

    pub fn keep(&mut self, input: Vec<u8>) {
        self.kept.push(input);
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// A further input: one that was kept, changed in a few places.
    pub fn make(&mut self) -> Vec<u8> {
        let newest = self.kept.len().saturating_sub(NEWEST);
        let from = if self.rng.bool() { newest } else { 0 };
        let mut input = self.kept[self.rng.usize(from..self.kept.len())].clone();
        // Every other input stays what it was in its form, so that what is behind the form is reached.
        if self.rng.bool() {
            for _ in 0..self.rng.usize(1..=FORMED_CHANGES_MAX) {
                self.change_member(&mut input);
            }
        } else {
            for _ in 0..self.rng.usize(1..=CHANGES_MAX) {
                self.change_bytes(&mut input);
            }
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change_bytes(&mut self, input: &mut Vec<u8>) {
        let place = self.rng.usize(0..=input.len());
        let rest = input.len() - place;
        let few = self.rng.usize(0..=rest.min(32));
        match self.rng.u8(0..8) {
            0 if rest > 0 => input[place] ^= 1 << self.rng.u8(0..8),
            1 if rest > 0 => input[place] = self.rng.u8(..),
            2 => insert(input, place, &[self.rng.u8(..)]),
            3 => drop(input.drain(place..place + few)),
            4 => {
                let copied = input[place..place + few].to_vec();
                insert(input, place, &copied);
            }
            5 => {
                let word = self.word();
                insert(input, place, &word);
            }
            6 => {
                let word = self.word();
                let covered = word.len().min(rest);
                input.splice(place..place + covered, word);
            }
            _ => {
                let other = &self.kept[self.rng.usize(0..self.kept.len())];
                let from = self.rng.usize(0..=other.len());
                let tail = other[from..].to_vec();
                input.truncate(place);
                input.extend(tail);
            }
        }
    }

    /// Gives a member another value, or adds one.
    fn change_member(&mut self, input: &mut Vec<u8>) {
        let place = self.rng.usize(0..=input.len());
        let word = self.word();
        if self.rng.bool() {
            replace_value(input, place, &word);
        } else if let Some(line) = input[place..].iter().position(|byte| *byte == b'\n') {
            let member = [b" ", word.as_slice(), b":", &self.word(), b","].concat();
            insert(input, place + line + 1, &member);
        }
    }

    /// One of the words, or as often one of the few that are rare: among all words they would hardly come.
    fn word(&mut self) -> Vec<u8> {
        match self.words.len() {
            0 => vec![self.rng.u8(..)],
            _ if self.rng.bool() => RARE[self.rng.usize(0..RARE.len())].as_bytes().to_vec(),
            count => self.words[self.rng.usize(0..count)].clone(),
        }
    }
}

fn insert(input: &mut Vec<u8>, place: usize, bytes: &[u8]) {
    input.splice(place..place, bytes.iter().copied());
}

/// Puts `word` in the place of the member's value that comes next.
fn replace_value(input: &mut Vec<u8>, place: usize, word: &[u8]) {
    let Some(colon) = input[place..].iter().position(|byte| *byte == b':') else { return };
    let from = place + colon + 1;
    let ends = |byte: &u8| [b',', b'}', b'\n'].contains(byte);
    let to = input[from..].iter().position(ends).map_or(input.len(), |length| from + length);
    input.splice(from..to, word.iter().copied());
}

/// What events are made of: every text in quotes of the `examples`, and the types that are known.
pub fn words_of(examples: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    for example in examples {
        for quoted in example.split(|byte| *byte == b'"').skip(1).step_by(2) {
            words.push([b"\"", quoted, b"\""].concat());
        }
    }
    words.extend(stripe_events::EVENT_TYPES.iter().map(|name| format!("\"{name}\"").into_bytes()));
    words.sort();
    words.dedup();
    words
}
