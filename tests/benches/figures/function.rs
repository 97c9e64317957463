//! One function under measurement: its binary, what it is asked, and the process that answers.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use testkit::runtime_api::{Function as Process, FunctionCommand, Idle, Outcome, RuntimeApi};

use crate::Failure;
use crate::endpoint::{Endpoint, Traffic};
use crate::envelope::ENVIRONMENT;
use crate::machine::Cores;
use crate::report::Row;
use crate::series::{Mb, Mib, Series};
use crate::story::{Ask, Story};

/// Longer than any function's own timeout.
const DEADLINE: Duration = Duration::from_secs(40);
/// Until caches, the allocator's arenas and the journal of the account are as they stay.
const WARM_UP: usize = 50;
/// What Lambda's session tokens have.
const SESSION_TOKEN_BYTES: usize = 1000;

/// A function, and what it is asked in turn; the first is also asked after each start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) asks: &'static [Ask],
    /// The limits of size and memory hold for functions that talk to DynamoDB and to nothing else.
    pub(crate) only_dynamodb: bool,
}

/// All of them; the first is what the others are held against.
pub(crate) const FUNCTIONS: [Function; 9] = [
    Function { name: "hello", asks: &[Ask::Echo], only_dynamodb: false },
    Function { name: "credits", asks: &[Ask::Hold, Ask::Capture, Ask::Balance], only_dynamodb: true },
    Function { name: "auto-refund", asks: &[Ask::Failed], only_dynamodb: true },
    Function {
        name: "stripe-webhook",
        asks: &[Ask::Pack, Ask::PackAgain, Ask::Link, Ask::InvoicePayment],
        only_dynamodb: false,
    },
    Function { name: "expiry-sweep", asks: &[Ask::NothingDue, Ask::Backlog], only_dynamodb: false },
    Function { name: "refund-request", asks: &[Ask::Requests, Ask::Submit], only_dynamodb: false },
    Function { name: "refund-payout", asks: &[Ask::UnknownPayout], only_dynamodb: false },
    Function {
        name: "creem-webhook",
        asks: &[Ask::CreemPack, Ask::CreemPackAgain, Ask::CreemRefund, Ask::CreemPeriod],
        only_dynamodb: false,
    },
    Function { name: "creem-reconcile", asks: &[Ask::NothingWatched], only_dynamodb: false },
];

/// What a function's binary weighs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) binary: Mb,
    /// As `zip -9` packs it: what Lambda downloads at a cold start.
    pub(crate) zip: Mb,
}

impl Size {
    /// The size of the program at `binary`.
    pub(crate) fn of(binary: &Path) -> io::Result<Self> {
        let bytes = fs::read(binary)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let mb = |bytes: &[u8]| Mb(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(Self { binary: mb(&bytes), zip: mb(&encoder.finish()?) })
    }
}

/// What was seen of one function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) ready_wall: Series,
    pub(crate) ready_cpu: Series,
    pub(crate) first_wall: Series,
    pub(crate) first_cpu: Series,
    /// What the last start and the last first invocation did at the endpoint.
    pub(crate) ready_traffic: Traffic,
    pub(crate) first_traffic: Traffic,
    pub(crate) warm: Vec<Warm>,
    /// The most memory after the first invocation and after all.
    pub(crate) resident_first: Option<Mib>,
    pub(crate) resident_warm: Option<Mib>,
}

/// Warm invocations of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Warm {
    pub(crate) ask: Ask,
    pub(crate) cpu: Series,
    pub(crate) wall: Series,
    /// What the last of them did at the endpoint.
    pub(crate) traffic: Traffic,
}

impl Warm {
    fn of(ask: Ask) -> Self {
        Self { ask, cpu: Series::default(), wall: Series::default(), traffic: Traffic::default() }
    }
}

/// Where functions run.
pub(crate) struct Bench {
    pub(crate) endpoint: Endpoint,
    pub(crate) bundle: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) cores: Cores,
}

impl Bench {
    fn start(&self, api: &RuntimeApi, binary: &Path) -> io::Result<Process> {
        let mut command = FunctionCommand::new(binary)
            .variable("AWS_SESSION_TOKEN", "A".repeat(SESSION_TOKEN_BYTES))
            .variable("AWS_ENDPOINT_URL", &self.endpoint.url)
            .variable("AWS_CA_BUNDLE", text(&self.bundle)?)
            .log(&self.log);
        for (name, value) in ENVIRONMENT {
            command = command.variable(name, value);
        }
        self.cores.for_function(|| api.spawn(&command))
    }

    /// Starts the function once, and asks it once.
    pub(crate) async fn cold(&self, row: &mut Row, story: &mut Story) -> Result<(), Failure> {
        let Row { function, binary, seen, .. } = row;
        let Some(ask) = function.asks.first() else { return Ok(()) };
        let api = RuntimeApi::start()?;
        self.endpoint.traffic();
        let _process = self.start(&api, binary)?;
        let ready = self.idle(&api, function, 0).await?;
        seen.ready_wall.add(ns(ready.age));
        seen.ready_cpu.add(ready.cost.cpu_ns);
        seen.ready_traffic = self.endpoint.traffic();
        let wall = self.ask(&api, function, *ask, story).await?;
        let done = self.idle(&api, function, 1).await?;
        seen.first_traffic = self.endpoint.traffic();
        seen.first_wall.add(ns(wall));
        seen.first_cpu.add(done.cost.cpu_ns.saturating_sub(ready.cost.cpu_ns));
        seen.resident_first = seen.resident_first.max(Some(Mib(done.cost.resident_kib_max)));
        Ok(())
    }

    /// Asks one process again and again, each thing `count` times.
    pub(crate) async fn warm(&self, row: &mut Row, count: usize, story: &mut Story) -> Result<(), Failure> {
        let Row { function, binary, seen, .. } = row;
        let api = RuntimeApi::start()?;
        let _process = self.start(&api, binary)?;
        if seen.warm.is_empty() {
            seen.warm = function.asks.iter().map(|ask| Warm::of(*ask)).collect();
        }
        let mut before = self.idle(&api, function, 0).await?;
        let mut number = 0_usize;
        for turn in 0..count.saturating_add(WARM_UP) {
            for warm in seen.warm.iter_mut().filter(|warm| turn.is_multiple_of(warm.ask.every())) {
                number = number.saturating_add(1);
                let took = self.ask(&api, function, warm.ask, story).await?;
                let after = self.idle(&api, function, number).await?;
                if turn >= WARM_UP {
                    warm.cpu.add(after.cost.cpu_ns.saturating_sub(before.cost.cpu_ns));
                    warm.wall.add(ns(took));
                }
                warm.traffic = self.endpoint.traffic();
                before = after;
            }
        }
        seen.resident_warm = seen.resident_warm.max(Some(Mib(before.cost.resident_kib_max)));
        Ok(())
    }

    async fn idle(&self, api: &RuntimeApi, function: &Function, number: usize) -> Result<Idle, Failure> {
        api.idle(number, DEADLINE).await.ok_or_else(|| self.failed(function, "did not ask for an event"))
    }

    /// Asks, and insists on the answer that is expected.
    async fn ask(
        &self,
        api: &RuntimeApi,
        function: &Function,
        ask: Ask,
        story: &mut Story,
    ) -> Result<Duration, Failure> {
        let event = story.event(ask).await?;
        let reply = api.push(event.body).reply(DEADLINE).await.map_err(io::Error::other)?;
        match reply.outcome {
            Outcome::Response(body) if String::from_utf8_lossy(&body).contains(event.proof) => Ok(reply.wall),
            Outcome::Response(body) | Outcome::Error(body) => {
                let answer = String::from_utf8_lossy(&body).into_owned();
                Err(self.failed(function, &format!("answered {answer} to {ask:?}")))
            }
        }
    }

    fn failed(&self, function: &Function, what: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let line = log.lines().next_back().unwrap_or_default().to_owned();
        Failure::Function { name: function.name, what: what.to_owned(), line }
    }
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other("a path that is not UTF-8"))
}
