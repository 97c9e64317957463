//! Which edges of the code an input takes, and how often: counters that the compiler puts into the code.
//!
//! `-Cpasses=sancov-module` with `-sanitizer-coverage-inline-8bit-counters` makes one byte for each edge, and
//! calls [`__sanitizer_cov_8bit_counters_init`] before `main` with the place where they are.
//! Source: <https://clang.llvm.org/docs/SanitizerCoverage.html>.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Counters that are looked at together: most are zero.
const WORD: usize = 16;

static FIRST: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Notes where the counters are. Each part of the program names all of them, as the linker has put them
/// together.
///
/// # Safety
///
/// `first` and `end` are the bounds of one array that lives as long as the program.
#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(first: *mut u8, end: *mut u8) {
    FIRST.store(first, Ordering::Relaxed);
    COUNT.store(end.addr() - first.addr(), Ordering::Relaxed);
}

/// What has been seen of each edge: a bit for each class of how often it was taken in one run.
pub struct Edges {
    seen: Vec<[u8; WORD]>,
    /// What the last run counted.
    counts: Vec<[u8; WORD]>,
}

impl Edges {
    /// Nothing seen.
    ///
    /// # Panics
    ///
    /// If the program was compiled without counters.
    pub fn new() -> Self {
        let count = COUNT.load(Ordering::Relaxed);
        assert!(count > 0, "the program has no counters; `make fuzz` compiles it with them");
        let words = vec![[0; WORD]; count.div_ceil(WORD)];
        Self { seen: words.clone(), counts: words }
    }

    /// Runs `target`, and says whether it took an edge that is new, or one more often than before.
    pub fn run(&mut self, target: impl FnOnce()) -> bool {
        let first = FIRST.load(Ordering::Relaxed);
        let count = COUNT.load(Ordering::Relaxed);
        // SAFETY: the counters are an array of this length that nothing else refers to, and `counts` has at
        // least as many bytes. The copy is made at once, because what looks at the counters has counters too.
        unsafe {
            first.write_bytes(0, count);
            target();
            first.copy_to_nonoverlapping(self.counts.as_mut_ptr().cast(), count);
        }
        let mut is_new = false;
        for (counts, seen) in self.counts.iter().zip(&mut self.seen) {
            if *counts == [0; WORD] {
                continue;
            }
            for (count, seen) in counts.iter().zip(seen) {
                let class = class(*count);
                is_new |= *seen & class != class;
                *seen |= class;
            }
        }
        is_new
    }

    /// How many edges were taken by any run, and how many there are.
    pub fn figures(&self) -> (usize, usize) {
        let taken = self.seen.iter().flatten().filter(|seen| **seen != 0).count();
        (taken, COUNT.load(Ordering::Relaxed))
    }
}

/// The class of a count: a loop that is taken 9 times is not news after one of 8.
fn class(count: u8) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        128.. => 128,
    }
}
