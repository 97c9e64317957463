//! A function's binary as a process with the environment that Lambda gives it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::cost::{self, Cost};

/// How a function's binary is started: an environment without anything of the caller's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, String>,
    log: Option<PathBuf>,
}

impl FunctionCommand {
    /// The binary, with the memory size of 128 MB and its file name as function name.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let environment = [
            ("AWS_LAMBDA_FUNCTION_NAME", name.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        Self { program, arguments: Vec::new(), environment, log: None }
    }

    /// Adds an argument, for a program that starts the binary (`taskset -c 1 <binary>`).
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds or replaces a variable of the environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Appends both output streams to a file; without it they are discarded.
    #[must_use]
    pub fn log(mut self, file: impl Into<PathBuf>) -> Self {
        self.log = Some(file.into());
        self
    }

    pub(super) fn start(&self, runtime_api: SocketAddr) -> io::Result<Function> {
        let (output, errors) = match &self.log {
            None => (Stdio::null(), Stdio::null()),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                (Stdio::from(file.try_clone()?), Stdio::from(file))
            }
        };
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()?;
        Ok(Function { child })
    }
}

/// A running function; dropping it kills it.
#[derive(Debug)]
pub struct Function {
    child: Child,
}

impl Function {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has used so far; `None` when it has ended.
    pub fn cost(&self) -> Option<Cost> {
        cost::read(self.pid())
    }

    /// Kills it as Lambda does: at once, wherever it is.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Its exit status, when it has ended by itself.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell here.
        let _ = self.kill();
    }
}
