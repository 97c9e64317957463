//! The fuzzer of signatures and events: random deliveries, led by what they reach.
//!
//! An input that takes an edge of the code which none before has taken is kept, and further inputs are made
//! of those that were kept. Every run first shows that this works: it finds a planted branch, and inputs that
//! are not led do not. The seed decides everything but when it ends.

mod corpus;
mod coverage;
mod target;

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use corpus::{Corpus, words_of};
use coverage::Edges;

const HELP: &str = "\
Random events and signatures, led by what they reach. Ends with 1 if one of them is neither refused nor read
as it should be.

Usage: make fuzz ARGS=\"[--seconds N] [--seed N] [--input FILE]\"

  --seconds N   how long (15)
  --seed N      other inputs (1); the same ones come again with the same seed
  --input FILE  only this input, like one that was kept in .local/fuzz";

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");
/// Where an input is kept that fails.
const KEPT: &str = ".local/fuzz";
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
/// An input that takes as long hangs; the longest takes a millisecond.
const HANGS_AFTER: Duration = Duration::from_secs(10);
/// Within so many inputs the planted branch is found.
const PLANTED_WITHIN: u64 = 2_000_000;

/// The input that is being tried, for whoever sees that it hangs, and what a panic said.
static CURRENT: Mutex<(u64, Vec<u8>)> = Mutex::new((0, Vec::new()));
static SAID: Mutex<String> = Mutex::new(String::new());
/// Whether an input is being tried, whose panics are not ours.
static IS_TRYING: AtomicBool = AtomicBool::new(false);

struct Options {
    seconds: u64,
    seed: u64,
    input: Option<String>,
}

/// An input that fails, and why.
struct Failed {
    input: Vec<u8>,
    why: String,
}

struct Fuzzer {
    target: fn(&[u8]),
    edges: Edges,
    corpus: Corpus,
    /// Whether what is new is kept.
    is_led: bool,
    runs: u64,
}

impl Fuzzer {
    fn new(target: fn(&[u8]), words: Vec<Vec<u8>>, seed: u64, is_led: bool) -> Self {
        Self { target, edges: Edges::new(), corpus: Corpus::new(words, seed), is_led, runs: 0 }
    }

    /// Tries and keeps what the inputs are made of at first.
    fn begin(&mut self, examples: Vec<Vec<u8>>) -> Result<(), Failed> {
        for example in examples {
            self.attempt(&example)?;
            self.corpus.keep(example);
        }
        Ok(())
    }

    fn step(&mut self) -> Result<(), Failed> {
        let input = self.corpus.make();
        if self.attempt(&input)? && self.is_led {
            self.corpus.keep(input);
        }
        Ok(())
    }

    /// Whether the input reached something new.
    fn attempt(&mut self, input: &[u8]) -> Result<bool, Failed> {
        self.runs += 1;
        {
            let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
            current.0 += 1;
            current.1.clear();
            current.1.extend_from_slice(input);
        }
        let mut ended = Ok(());
        let target = self.target;
        IS_TRYING.store(true, Ordering::Relaxed);
        let is_new = self.edges.run(|| ended = catch_unwind(AssertUnwindSafe(|| target(input))));
        IS_TRYING.store(false, Ordering::Relaxed);
        ended.map(|()| is_new).map_err(|_| {
            let why = SAID.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Failed { input: input.to_vec(), why }
        })
    }
}

/// After how many inputs the planted branch was found, within `most`.
fn find_planted(is_led: bool, most: u64) -> Option<u64> {
    let mut fuzzer = Fuzzer::new(target::planted, Vec::new(), 1, is_led);
    if fuzzer.begin(vec![vec![0; 8]]).is_err() {
        return None;
    }
    while fuzzer.runs < most {
        if fuzzer.step().is_err() {
            return Some(fuzzer.runs);
        }
    }
    None
}

/// All files below a folder, in the order of their names.
fn examples(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(examples(&path)?);
        } else {
            found.push(fs::read(&path)?);
        }
    }
    Ok(found)
}

fn options() -> Result<Option<Options>, String> {
    let mut options = Options { seconds: 15, seed: 1, input: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut number = |name: &str| {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value.ok_or_else(|| format!("`{name}` needs a number"))
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(None),
            "--seconds" => options.seconds = number("--seconds")?,
            "--seed" => options.seed = number("--seed")?,
            "--input" => options.input = Some(arguments.next().ok_or("`--input` needs a file")?),
            other => return Err(format!("`{other}` is not known")),
        }
    }
    Ok(Some(options))
}

/// Keeps an input that fails; the path, or why there is none.
fn keep(input: &[u8]) -> String {
    let name = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = format!("{KEPT}/{name:016x}");
    let kept = fs::create_dir_all(KEPT).and_then(|()| fs::write(&path, input));
    kept.map_or_else(|error| format!("nowhere ({error})"), |()| path)
}

/// Ends the program when one input takes too long.
fn watch() {
    std::thread::spawn(|| {
        let mut before = 0;
        loop {
            std::thread::sleep(HANGS_AFTER);
            let (number, input) = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if number == before {
                eprintln!("fuzz: an input hangs; it is kept in {}", keep(&input));
                std::process::exit(1);
            }
            before = number;
        }
    });
}

fn fuzz(options: &Options) -> io::Result<Result<String, Failed>> {
    let mut examples = examples(Path::new(FIXTURES))?;
    let words = words_of(&examples);
    examples.push(target::signed_by_another());
    let mut fuzzer = Fuzzer::new(target::deliver, words, options.seed, true);
    if let Err(failed) = fuzzer.begin(examples) {
        return Ok(Err(failed));
    }
    let (before, _) = fuzzer.edges.figures();
    let (began, mut shown) = (Instant::now(), Instant::now());
    let figures = |fuzzer: &Fuzzer| {
        let ((edges, all), seconds) = (fuzzer.edges.figures(), began.elapsed().as_secs());
        let (runs, kept) = (fuzzer.runs, fuzzer.corpus.len());
        format!("{seconds} s, {runs} inputs, {kept} kept, {edges} edges of {all} ({before} by the fixtures)")
    };
    while began.elapsed() < Duration::from_secs(options.seconds) {
        for _ in 0..256 {
            if let Err(failed) = fuzzer.step() {
                return Ok(Err(failed));
            }
        }
        if shown.elapsed() >= PROGRESS_EVERY {
            eprintln!("fuzz: {}", figures(&fuzzer));
            shown = Instant::now();
        }
    }
    Ok(Ok(figures(&fuzzer)))
}

fn run() -> Result<(), String> {
    let Some(options) = options().map_err(|wrong| format!("{wrong}\n\n{HELP}"))? else {
        println!("{HELP}");
        return Ok(());
    };
    std::panic::set_hook(Box::new(|panic| {
        if IS_TRYING.load(Ordering::Relaxed) {
            *SAID.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        } else {
            eprintln!("fuzz: {panic}");
        }
    }));
    if let Some(path) = &options.input {
        let input = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let mut fuzzer = Fuzzer::new(target::deliver, Vec::new(), options.seed, true);
        return fuzzer
            .attempt(&input)
            .map(|_| println!("fuzz: nothing is wrong"))
            .map_err(|failed| failed.why);
    }
    let led = find_planted(true, PLANTED_WITHIN)
        .ok_or("the planted branch is not found: coverage does not lead")?;
    if find_planted(false, led).is_some() {
        return Err("the planted branch is found without coverage: it shows nothing".to_owned());
    }
    eprintln!("fuzz: led to a planted branch by {led} inputs; as many without coverage do not find it");
    watch();
    match fuzz(&options).map_err(|error| format!("{FIXTURES}: {error}"))? {
        Ok(figures) => {
            println!("fuzz: nothing is wrong in {figures}");
            Ok(())
        }
        Err(Failed { input, why }) => Err(format!("{why}\nthe input is kept in {}", keep(&input))),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("fuzz: {why}");
            ExitCode::FAILURE
        }
    }
}
