//! The shaders and their variants. A variant replaces the values of `alias Acc`, `alias In`, `alias Out`, `const STEP`
//! and `const QUADS`, no other line; [`variants`] lists all that the host can ask for.

use wgpu::naga;

use crate::error::{DeviceFailure, Error, Result};

/// A shader file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the shader of the room of that name")]
pub enum Shader {
    Smooth,
    Nuisance,
    Glm,
    Contrast,
    Covariance,
    Probe,
}

/// What a shader sums in, and what its sums are kept in between passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acc {
    /// Everywhere.
    F32,
    /// Where the adapter has it.
    F64,
}

/// A shader with its named lines set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Which file.
    pub shader: Shader,
    /// `alias Acc`.
    pub acc: Acc,
    /// `alias In`: an element of what it reads.
    pub reads: Acc,
    /// `alias Out`: an element of what it writes.
    pub writes: Acc,
    /// `const STEP`.
    pub step: u32,
    /// `const QUADS`: columns in fours.
    pub quads: u32,
}

/// The numbers of column quads that variants exist for; others take the next one, with columns of zeros.
const QUADS: [u32; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64];

impl Acc {
    /// Bytes of a value.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Acc::F32 => 4,
            Acc::F64 => 8,
        }
    }

    fn wgsl(self) -> String {
        match self {
            Acc::F32 => "f32".into(),
            Acc::F64 => "f64".into(),
        }
    }
}

impl Variant {
    /// A shader as its file stands, but for the step.
    pub(crate) fn step(shader: Shader, step: u32) -> Variant {
        Variant { shader, acc: Acc::F32, reads: Acc::F32, writes: Acc::F32, step, quads: 1 }
    }

    /// The WGSL.
    #[must_use]
    pub fn source(&self) -> String {
        let file = match self.shader {
            Shader::Smooth => include_str!("../../shaders/smooth.wgsl"),
            Shader::Nuisance => include_str!("../../shaders/nuisance.wgsl"),
            Shader::Glm => include_str!("../../shaders/glm.wgsl"),
            Shader::Contrast => include_str!("../../shaders/contrast.wgsl"),
            Shader::Covariance => include_str!("../../shaders/covariance.wgsl"),
            Shader::Probe => include_str!("../../shaders/probe.wgsl"),
        };
        let lines = [
            ("alias Acc = ", self.acc.wgsl()),
            ("alias In = ", self.reads.wgsl()),
            ("alias Out = ", self.writes.wgsl()),
            ("const STEP: u32 = ", format!("{}u", self.step)),
            ("const QUADS: u32 = ", format!("{}u", self.quads)),
        ];
        let mut source = String::with_capacity(file.len());
        for line in file.lines() {
            match lines.iter().find(|(start, _)| line.starts_with(start)) {
                Some((start, value)) => source.extend([start, value.as_str(), ";\n"]),
                None => source.extend([line, "\n"]),
            }
        }
        source
    }

    /// The parsed module.
    pub(super) fn parse(&self) -> Result<naga::Module> {
        let source = self.source();
        naga::front::wgsl::parse_str(&source).map_err(|e| self.invalid(e.emit_to_string(&source)))
    }

    /// Check the WGSL as the adapters' driver will see it.
    ///
    /// # Errors
    /// A rejected device error that holds naga's message.
    pub fn validate(&self) -> Result<()> {
        let module = self.parse()?;
        naga::valid::Validator::new(
            naga::valid::ValidationFlags::all(),
            naga::valid::Capabilities::FLOAT64,
        )
        .validate(&module)
        .map_err(|e| self.invalid(e.emit_to_string(&self.source())))?;
        Ok(())
    }

    fn invalid(&self, message: String) -> Error {
        Error::device(
            DeviceFailure::Rejected,
            format!("{self:?}"),
            format!("is not valid WGSL: {message}"),
            "",
            "this is a defect of boldly; please report it",
        )
    }
}

/// The fours of columns a shader is built with to hold `n_columns`.
///
/// # Errors
/// A rejected device error when there are more than the device path takes.
pub(crate) fn quads_for(stage: &str, n_columns: usize) -> Result<u32> {
    let needed = n_columns.div_ceil(4).max(1);
    QUADS.into_iter().find(|&quads| quads as usize >= needed).ok_or_else(|| {
        Error::device(
            DeviceFailure::Rejected,
            stage,
            format!("has {n_columns} columns"),
            format!("have at most {} on a GPU", 4 * QUADS[QUADS.len() - 1]),
            "use --device cpu",
        )
    })
}

/// Every variant the host can build.
#[must_use]
pub fn variants() -> Vec<Variant> {
    let mut all: Vec<Variant> = (0..4).map(|step| Variant::step(Shader::Smooth, step)).collect();
    // From the f32 block to f64 between the passes, and back.
    let (block, between) = (Acc::F32, Acc::F64);
    for (step, reads, writes) in [
        (0, block, between),
        (0, between, between),
        (0, between, block),
        (1, block, between),
        (2, block, between),
        (3, between, block),
    ] {
        let variant = Variant::step(Shader::Smooth, step);
        all.push(Variant { acc: Acc::F64, reads, writes, ..variant });
    }
    for acc in [Acc::F32, Acc::F64] {
        all.push(Variant { acc, ..Variant::step(Shader::Probe, 0) });
        for step in 0..2 {
            all.push(Variant { acc, ..Variant::step(Shader::Contrast, step) });
        }
        all.push(Variant { acc, ..Variant::step(Shader::Covariance, 1) });
        for quads in QUADS {
            all.push(Variant { acc, quads, ..Variant::step(Shader::Nuisance, 0) });
            all.push(Variant { acc, quads, ..Variant::step(Shader::Covariance, 0) });
            for step in 0..3 {
                all.push(Variant { acc, quads, ..Variant::step(Shader::Glm, step) });
            }
        }
    }
    all
}
