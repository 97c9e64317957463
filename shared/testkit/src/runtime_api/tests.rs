//! The Runtime API against a process: this test binary, started again as a function.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{FunctionCommand, NoReply, Outcome, RuntimeApi};

const DEADLINE: Duration = Duration::from_secs(20);
const BURN: Duration = Duration::from_millis(30);
const ROLE: &str = "TESTKIT_FUNCTION_ROLE";

/// The function: a test that does nothing unless the tests below start it as a process.
#[test]
#[expect(clippy::disallowed_methods, reason = "a Lambda function finds its Runtime API in the environment")]
fn function_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let call = |head: &str, body: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while reader.read_line(&mut head).unwrap() > 2 {}
        let mut body = String::new();
        reader.read_to_string(&mut body).unwrap();
        (head, body)
    };
    if role == "broken" {
        call("POST /2018-06-01/runtime/init/error", "no configuration");
        std::process::exit(1);
    }
    loop {
        let (head, event) = call("GET /2018-06-01/runtime/invocation/next", "");
        let id = head
            .lines()
            .find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: "))
            .unwrap()
            .to_owned();
        let (kind, answer) = match event.as_str() {
            "fail" => ("error", "failed".to_owned()),
            "hang" => loop {
                std::thread::park();
            },
            "burn" => {
                let started = Instant::now();
                while started.elapsed() < BURN {
                    std::hint::spin_loop();
                }
                ("response", "burnt".to_owned())
            }
            "environment" => ("response", std::env::vars().map(|(name, _)| name + "\n").collect()),
            _ => ("response", event),
        };
        call(&format!("POST /2018-06-01/runtime/invocation/{id}/{kind}"), &answer);
    }
}

fn function(role: &str) -> FunctionCommand {
    FunctionCommand::new(std::env::current_exe().unwrap())
        .argument("--exact")
        .argument("runtime_api::tests::function_process")
        .argument("--nocapture")
        .variable(ROLE, role)
}

#[tokio::test]
async fn events_are_answered_in_order() {
    let api = RuntimeApi::start().unwrap();
    let first = api.push("one");
    let _function = api.spawn(&function("echo")).unwrap();
    let second = api.push("fail");
    assert_ne!(first.request_id(), second.request_id());
    assert_eq!(first.reply(DEADLINE).await.unwrap().outcome, Outcome::Response("one".into()));
    assert_eq!(second.reply(DEADLINE).await.unwrap().outcome, Outcome::Error("failed".into()));
}

#[tokio::test]
async fn the_environment_is_lambdas_and_nothing_else() {
    let api = RuntimeApi::start().unwrap();
    let _function = api.spawn(&function("echo").variable("TABLE", "t")).unwrap();
    let reply = api.push("environment").reply(DEADLINE).await.unwrap();
    let Outcome::Response(names) = reply.outcome else { panic!("{reply:?}") };
    let names = String::from_utf8(names.to_vec()).unwrap();
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "TABLE",
    ] {
        assert!(names.lines().any(|line| line == name), "{name} is missing in {names}");
    }
    assert!(!names.lines().any(|line| line == "PATH" || line == "HOME"), "{names}");
}

#[tokio::test]
async fn cost_is_recorded_at_each_next() {
    let api = RuntimeApi::start().unwrap();
    let function = api.spawn(&function("echo")).unwrap();
    let start = api.idle(0, DEADLINE).await.unwrap();
    let reply = api.push("burn").reply(DEADLINE).await.unwrap();
    assert!(reply.wall >= BURN, "{reply:?}");
    let burnt = api.idle(1, DEADLINE).await.unwrap();
    assert_eq!((start.pid, burnt.pid), (function.pid(), function.pid()));
    assert!(start.age < burnt.age);
    assert!(start.cost.cpu_ns > 0 && start.cost.resident_kib_max > 0, "{start:?}");
    // A machine with other work may share the core while the function spins: at least a tenth is its own.
    let cpu_ns = burnt.cost.cpu_ns - start.cost.cpu_ns;
    assert!(u128::from(cpu_ns) > BURN.as_nanos() / 10, "{cpu_ns}");
    api.push("one").reply(DEADLINE).await.unwrap();
    let calm = api.idle(2, DEADLINE).await.unwrap();
    assert!(calm.cost.cpu_ns - burnt.cost.cpu_ns < cpu_ns, "{calm:?}");
    assert_eq!(api.idles().len(), 3);
}

#[tokio::test]
async fn a_killed_function_leaves_its_event_unanswered_and_the_next_one_works() {
    let api = RuntimeApi::start().unwrap();
    let mut first = api.spawn(&function("echo")).unwrap();
    api.idle(0, DEADLINE).await.unwrap();
    let hanging = api.push("hang");
    // Handed out once the queue is empty.
    while !api.shared.state().queue.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(first.ended().unwrap(), None);
    assert!(!first.kill().unwrap().success());
    let unanswered = hanging.reply(Duration::from_millis(50)).await;
    assert_eq!(unanswered, Err(NoReply::Timeout(Duration::from_millis(50))));
    let waiting = api.push("again");
    let second = api.spawn(&function("echo")).unwrap();
    assert_eq!(waiting.reply(DEADLINE).await.unwrap().outcome, Outcome::Response("again".into()));
    assert!(second.cost().is_some());
}

#[tokio::test]
async fn a_function_that_cannot_start_says_so() {
    let api = RuntimeApi::start().unwrap();
    let log = std::env::temp_dir().join(format!("testkit-{}.log", std::process::id()));
    let mut function = api.spawn(&function("broken").log(&log)).unwrap();
    let deadline = Instant::now() + DEADLINE;
    while function.ended().unwrap().is_none() && Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(function.ended().unwrap().and_then(|status| status.code()), Some(1));
    assert_eq!(api.init_errors(), ["no configuration"]);
    assert!(std::fs::read_to_string(&log).unwrap().contains("running 1 test"));
    std::fs::remove_file(&log).unwrap();
}

#[tokio::test]
async fn an_event_nobody_takes_is_given_up_when_the_api_stops() {
    let api = RuntimeApi::start().unwrap();
    let invocation = api.push("one");
    drop(api);
    assert_eq!(invocation.reply(DEADLINE).await, Err(NoReply::Stopped));
}
