//! What a process has used, as the kernel counts it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Pause between two readings: a process that goes to sleep is counted within it.
const SETTLE_PAUSE: Duration = Duration::from_micros(50);
/// Ends the wait for a process that keeps running in the background: 1 ms in all.
const READINGS_MAX: usize = 20;

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// CPU time of its threads, in nanoseconds. A thread that has ended does not count.
    pub cpu_ns: u64,
    /// The most memory it ever held (`VmHWM`), in KiB.
    pub resident_kib_max: u64,
}

/// Reads the cost of a process that is about to sleep: the kernel counts a thread's time when it
/// stops, so readings are taken until two agree.
pub(super) fn settled(pid: u32) -> Option<Cost> {
    let mut cost = read(pid)?;
    for _ in 0..READINGS_MAX {
        thread::sleep(SETTLE_PAUSE);
        let again = read(pid)?;
        if again.cpu_ns == cost.cpu_ns {
            break;
        }
        cost = again;
    }
    Some(cost)
}

/// Reads what the process has used so far; `None` when it is gone.
pub(super) fn read(pid: u32) -> Option<Cost> {
    let process = Path::new("/proc").join(pid.to_string());
    let mut cpu_ns = 0_u64;
    for thread in fs::read_dir(process.join("task")).ok()? {
        // A thread may end while the folder is read.
        let Ok(schedstat) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        cpu_ns = cpu_ns.saturating_add(schedstat.split_whitespace().next()?.parse().ok()?);
    }
    let status = fs::read_to_string(process.join("status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let resident_kib_max = resident.split_whitespace().next()?.parse().ok()?;
    Some(Cost { cpu_ns, resident_kib_max })
}
