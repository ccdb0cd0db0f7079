//! What a story tells whoever watches it: stages, progress, notes and warnings. The command line draws bars from it;
//! tests listen or stay [`Quiet`].

/// A listener. All methods may be called from the thread that runs the story only.
pub trait Watch {
    /// A stage with `total` steps begins; it ends when the next begins or the story ends.
    fn stage(&self, name: &str, total: usize);
    /// One step of the stage is done.
    fn step(&self);
    /// A fact worth a line.
    fn note(&self, line: &str);
    /// Something a person should look at; kept in the sidecar too.
    fn warn(&self, line: &str);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Watch for Quiet {
    fn stage(&self, _name: &str, _total: usize) {}
    fn step(&self) {}
    fn note(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}

/// Keeps notes and warnings as lines, for a text that is shown at once.
#[derive(Debug, Default)]
pub struct Lines(std::cell::RefCell<Vec<String>>);

impl Lines {
    /// What was told, in order.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.0.into_inner()
    }
}

impl Watch for Lines {
    fn stage(&self, _name: &str, _total: usize) {}
    fn step(&self) {}
    fn note(&self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
    fn warn(&self, line: &str) {
        self.0.borrow_mut().push(format!("warning: {line}"));
    }
}

/// Passes everything on and keeps the warnings.
pub struct Journal<'a> {
    below: &'a dyn Watch,
    warnings: std::cell::RefCell<Vec<String>>,
}

impl<'a> Journal<'a> {
    /// A journal in front of another listener.
    #[must_use]
    pub fn new(below: &'a dyn Watch) -> Journal<'a> {
        Journal { below, warnings: std::cell::RefCell::default() }
    }

    /// Forget the warnings: another command begins.
    pub fn clear(&self) {
        self.warnings.borrow_mut().clear();
    }

    /// Keep warnings that were told before, which hold here too.
    pub fn keep(&self, warnings: Vec<String>) {
        self.warnings.borrow_mut().splice(0..0, warnings);
    }

    /// The warnings so far, in order.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }
}

impl Watch for Journal<'_> {
    fn stage(&self, name: &str, total: usize) {
        self.below.stage(name, total);
    }
    fn step(&self) {
        self.below.step();
    }
    fn note(&self, line: &str) {
        self.below.note(line);
    }
    fn warn(&self, line: &str) {
        self.warnings.borrow_mut().push(line.to_owned());
        self.below.warn(line);
    }
}

/// Passes progress on, and neither notes nor warnings.
pub(crate) struct ProgressAlone<'a>(pub(crate) &'a dyn Watch);

impl Watch for ProgressAlone<'_> {
    fn stage(&self, name: &str, total: usize) {
        self.0.stage(name, total);
    }
    fn step(&self) {
        self.0.step();
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}
