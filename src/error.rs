//! One error type. Each variant is a class with its own exit code; each carries what a person needs to act:
//! the thing, what it is, what it must do or be, and the likely next step.

use std::error::Error as StdError;

/// `Result` with boldly's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in four parts; printed as `{thing} {found}; it must {expected}; {hint}`.
#[derive(Debug)]
pub struct Fault {
    /// The file, column, line, argument or buffer: `design.tsv`.
    pub thing: String,
    /// A verb phrase saying what it is: `has 198 rows`.
    pub found: String,
    /// A verb phrase saying what it must be: `have one row for each of the 200 volumes`. May be empty.
    pub expected: String,
    /// The likely next step: `drop the same dummy scans from both`. May be empty.
    pub hint: String,
    /// The error below this one, if any.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.thing, self.found)?;
        if !self.expected.is_empty() {
            write!(f, "; it must {}", self.expected)?;
        }
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}

/// How a device failed; the pipeline's retry ladder decides by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceFailure {
    /// An allocation did not fit: halve the block and try again.
    OutOfMemory,
    /// The device was lost or did not answer in time: open a new one and try again.
    Lost,
    /// A validation or internal error of the driver: a defect, not retried on the device.
    Rejected,
}

/// Every way boldly fails, one variant a class.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The command line or an option is wrong (exit 2).
    #[error("{0}")]
    Usage(Fault),
    /// A file was read but what it holds cannot be used (exit 65).
    #[error("{0}")]
    BadData(Fault),
    /// A file or a needed piece of metadata is not there (exit 66).
    #[error("{0}")]
    MissingInput(Fault),
    /// The asked-for device does not exist here (exit 69).
    #[error("{0}")]
    NoDevice(Fault),
    /// The device failed while working (exit 75: may be retried).
    #[error("{fault}")]
    Device {
        /// What kind of failure.
        failure: DeviceFailure,
        /// What happened.
        fault: Fault,
    },
    /// Results cannot be written (exit 74).
    #[error("{0}")]
    Output(Fault),
    /// An invariant of boldly itself broke (exit 70).
    #[error("{0}")]
    Internal(Fault),
    /// The user or the system asked to stop (exit 130).
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The same where part of the work is finished and stays (exit 130): which, and how to go on.
    #[error("interrupted; {0}")]
    Stopped(String),
}

fn fault(
    thing: impl Into<String>,
    found: impl Into<String>,
    expected: impl Into<String>,
    hint: impl Into<String>,
) -> Fault {
    Fault {
        thing: thing.into(),
        found: found.into(),
        expected: expected.into(),
        hint: hint.into(),
        source: None,
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $variant:ident;)*) => {$(
        $(#[$doc])*
        /// Arguments: thing, found, expected, hint, as in [`Fault`].
        #[must_use]
        pub fn $name(
            thing: impl Into<String>,
            found: impl Into<String>,
            expected: impl Into<String>,
            hint: impl Into<String>,
        ) -> Error {
            Error::$variant(fault(thing, found, expected, hint))
        }
    )*};
}

impl Error {
    constructors! {
        /// A wrong command line or option.
        usage => Usage;
        /// A file whose content cannot be used.
        bad_data => BadData;
        /// A file or piece of metadata that is not there.
        missing_input => MissingInput;
        /// A device that does not exist here.
        no_device => NoDevice;
        /// A result that cannot be written.
        output => Output;
        /// A broken invariant.
        internal => Internal;
    }

    /// The thing and what it is, for a sentence of another message: what it must be and the next step are that message's.
    #[must_use]
    pub fn found(&self) -> String {
        match self {
            Error::Usage(fault) | Error::BadData(fault) | Error::MissingInput(fault) => {
                format!("{} {}", fault.thing, fault.found)
            }
            other => other.to_string(),
        }
    }

    /// A device that failed while working. Arguments as in [`Fault`].
    #[must_use]
    pub fn device(
        failure: DeviceFailure,
        thing: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: impl Into<String>,
    ) -> Error {
        Error::Device { failure, fault: fault(thing, found, expected, hint) }
    }

    /// The same error with its cause attached.
    #[must_use]
    pub fn caused_by(mut self, cause: impl StdError + Send + Sync + 'static) -> Error {
        if let Some(fault) = self.fault_mut() {
            fault.source = Some(Box::new(cause));
        }
        self
    }

    fn fault_mut(&mut self) -> Option<&mut Fault> {
        match self {
            Error::Usage(f)
            | Error::BadData(f)
            | Error::MissingInput(f)
            | Error::NoDevice(f)
            | Error::Output(f)
            | Error::Internal(f)
            | Error::Device { fault: f, .. } => Some(f),
            Error::Interrupted | Error::Stopped(_) => None,
        }
    }

    /// The same error, its thing named as one of `whose`: the run that a contrast does not fit. A thing that names it already stays as it is.
    #[must_use]
    pub fn of(mut self, whose: &str) -> Error {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let names = |thing: &str| {
            thing.match_indices(whose).any(|(at, _)| {
                !thing[..at].ends_with(is_part) && !thing[at + whose.len()..].starts_with(is_part)
            })
        };
        if let Some(fault) = self.fault_mut().filter(|fault| !names(&fault.thing)) {
            fault.thing = format!("{} of {whose}", fault.thing);
        }
        self
    }

    /// The same error with one more next step.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Error {
        if let Some(fault) = self.fault_mut().filter(|_| !hint.is_empty()) {
            let before = std::mem::take(&mut fault.hint);
            fault.hint =
                if before.is_empty() { hint.to_owned() } else { format!("{before}; {hint}") };
        }
        self
    }

    /// Whether the user or the system asked to stop, which is no failure of what was at work.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self, Error::Interrupted | Error::Stopped(_))
    }

    /// The four parts of the message; none for an interrupt.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Error::Usage(f)
            | Error::BadData(f)
            | Error::MissingInput(f)
            | Error::NoDevice(f)
            | Error::Output(f)
            | Error::Internal(f)
            | Error::Device { fault: f, .. } => Some(f),
            Error::Interrupted | Error::Stopped(_) => None,
        }
    }

    /// The process exit code of this class (sysexits where they fit).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::BadData(_) => 65,
            Error::MissingInput(_) => 66,
            Error::NoDevice(_) => 69,
            Error::Internal(_) => 70,
            Error::Output(_) => 74,
            Error::Device { .. } => 75,
            Error::Interrupted | Error::Stopped(_) => 130,
        }
    }
}
