//! What a command found.

/// What a command that could do its work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandOutcome {
    /// Everything is as it should be.
    Sound,
    /// Something is not: exit code 1.
    Fault,
}

impl CommandOutcome {
    /// A fault if either found one.
    pub(crate) fn and(self, other: Self) -> Self {
        if self == Self::Sound { other } else { self }
    }
}
