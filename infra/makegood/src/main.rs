//! The operator's command line: `makegood --help`.

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use lambda::config::Env;
use makegood::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    makegood::run(&arguments, &Env::process(), &mut io::stdout().lock(), &mut io::stderr().lock()).await
}
