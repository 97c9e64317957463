//! The machine: which core runs the function, which one everything else, and what to call it.

use std::fs;
use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of this run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    /// For the function and for everything else; none on a machine with a single core.
    apart: Option<(usize, usize)>,
}

impl Cores {
    /// Keeps this thread, and every thread that it starts later, away from the function's core.
    pub(crate) fn part() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        // Interrupts land on the first core more often than on the last one.
        let (stub, function) = (cores.next(), cores.next_back());
        let apart = function.zip(stub);
        if let Some((_, stub)) = apart {
            stay_on(stub)?;
        }
        Ok(Self { apart })
    }

    /// Runs `start`, whose new process stays on the function's core.
    pub(crate) fn for_function<T>(self, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some((function, stub)) = self.apart else { return start() };
        stay_on(function)?;
        let started = start();
        stay_on(stub)?;
        started
    }
}

fn stay_on(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Processor, cores and kernel in one line.
pub(crate) fn description() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, {} Linux {}", std::env::consts::ARCH, kernel.trim())
}
