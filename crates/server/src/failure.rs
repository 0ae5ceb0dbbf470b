//! How commands end, and which exit code says so: 0 done, 1 failed, 2 wrong usage or invalid input (nothing was changed),
//! 3 done but some rows were rejected.

use std::process::ExitCode;

use caravan_engine::definitions::DefinitionError;
use caravan_model::Finding;
use caravan_store::StoreError;
use serde_json::json;

use crate::report;

/// A command's end.
pub type Outcome = Result<Done, Failure>;

/// A command that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// All of it.
    All,
    /// All but the rows that it reported as rejected.
    SomeRejected,
}

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// What was asked makes no sense, or an input file cannot be taken; nothing was changed.
    Usage {
        /// Stable, `snake_case`.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Mistakes in files that were given; nothing was changed.
    Invalid(Vec<Finding>),
    /// What stands against doing it; nothing was changed.
    Refused(Vec<Finding>),
    /// Something that needed to work did not.
    Failed(anyhow::Error),
    /// It was reported already.
    Reported,
}

impl Failure {
    /// Wrong usage or an input file that cannot be taken.
    pub fn usage(code: &str, message: impl Into<String>) -> Self {
        Self::Usage { code: code.to_owned(), message: message.into() }
    }

    /// A definition error of a command that reads no files: what it finds stands against the command, not the input.
    pub fn refused(error: DefinitionError) -> Self {
        match error {
            DefinitionError::Findings(findings) => Self::Refused(findings),
            other => Self::Failed(other.into()),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Invalid(_) => 2,
            Self::Refused(_) | Self::Failed(_) | Self::Reported => 1,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<DefinitionError> for Failure {
    fn from(error: DefinitionError) -> Self {
        match error {
            DefinitionError::Findings(findings) => Self::Invalid(findings),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Says what went wrong, and gives the exit code.
pub fn exit_code(outcome: Outcome, json: bool) -> ExitCode {
    let failure = match outcome {
        Ok(Done::All) => return ExitCode::SUCCESS,
        Ok(Done::SomeRejected) => return ExitCode::from(3),
        // Whoever read the output has had enough of it (`caravan export | head`).
        Err(Failure::Failed(error)) if is_broken_pipe(&error) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    match &failure {
        Failure::Invalid(findings) | Failure::Refused(findings) => say_findings(findings, json),
        Failure::Usage { code, message } => say(code, message, json),
        Failure::Failed(error) => say(code_of(error), &format!("{error:#}"), json),
        Failure::Reported => {}
    }
    ExitCode::from(failure.code())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

fn code_of(error: &anyhow::Error) -> &'static str {
    error.chain().find_map(|cause| cause.downcast_ref::<StoreError>()).map_or("failed", StoreError::code)
}

fn say(code: &str, message: &str, json: bool) {
    if json {
        report::json(&json!({"error": {"code": code, "message": message}})).ok();
    }
    eprintln!("caravan: {message}");
}

fn say_findings(findings: &[Finding], json: bool) {
    if json {
        report::json(&json!({ "findings": findings })).ok();
    } else {
        report::findings(findings);
    }
    let errors = findings.iter().filter(|f| f.is_error()).count();
    eprintln!("caravan: {}; nothing was changed", report::count(errors, "error", "errors"));
}
