//! Shaders and their variants. A room owns its shader; a variant of it replaces the values of named lines, `alias NAME = `
//! and `const NAME: u32 = `, no other line.

use wgpu::naga;

use crate::error::{DeviceFailure, Error, Result};

/// A shader file, and all variants of it that the host can ask for.
#[derive(Debug)]
pub struct Shader {
    /// The room, and the file's name.
    pub name: &'static str,
    /// The file.
    pub wgsl: &'static str,
    /// Every set of constants it is built with.
    pub constants: fn() -> Vec<Constants>,
}

/// Names of lines and their values.
pub type Constants = Vec<(&'static str, Constant)>;

/// The value of a named line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constant {
    /// Of an `alias`: a type.
    Type(Acc),
    /// Of a `const`.
    Number(u32),
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
#[derive(Debug, Clone)]
pub struct Variant {
    /// Which file.
    pub shader: &'static Shader,
    /// Its lines.
    pub constants: Constants,
}

/// The numbers of column quads that variants exist for; others take the next one, with columns of zeros.
pub(crate) const QUADS: [u32; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64];

impl Acc {
    /// Both.
    pub(crate) const ALL: [Acc; 2] = [Acc::F32, Acc::F64];

    /// Values as they are kept, in 32-bit words.
    pub(crate) fn words(self, values: &[f64]) -> Vec<u32> {
        match self {
            Acc::F32 => values.iter().map(|&value| (value as f32).to_bits()).collect(),
            Acc::F64 => bytemuck::pod_collect_to_vec(values),
        }
    }

    /// Bytes of a value.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Acc::F32 => 4,
            Acc::F64 => 8,
        }
    }
}

impl From<Acc> for Constant {
    fn from(acc: Acc) -> Constant {
        Constant::Type(acc)
    }
}

impl From<u32> for Constant {
    fn from(number: u32) -> Constant {
        Constant::Number(number)
    }
}

impl Constant {
    /// The line that gives `name` this value.
    fn line(self, name: &str) -> String {
        match self {
            Constant::Type(Acc::F32) => format!("alias {name} = f32;"),
            Constant::Type(Acc::F64) => format!("alias {name} = f64;"),
            Constant::Number(number) => format!("const {name}: u32 = {number}u;"),
        }
    }
}

impl PartialEq for Variant {
    fn eq(&self, other: &Variant) -> bool {
        (self.shader.name, &self.constants) == (other.shader.name, &other.constants)
    }
}

impl Eq for Variant {}

impl std::hash::Hash for Variant {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.shader.name, &self.constants).hash(state);
    }
}

impl Shader {
    /// Every variant that the host can ask for.
    #[must_use]
    pub fn variants(&'static self) -> Vec<Variant> {
        let all = (self.constants)().into_iter();
        all.map(|constants| Variant { shader: self, constants }).collect()
    }
}

impl Variant {
    /// The WGSL.
    #[must_use]
    pub fn source(&self) -> String {
        let lines: Vec<String> =
            self.constants.iter().map(|(name, value)| value.line(name)).collect();
        // Up to the value: `alias Acc = `.
        let start = |line: &str| line.find("= ").map_or(0, |at| at + 2);
        let mut source = String::with_capacity(self.shader.wgsl.len());
        for line in self.shader.wgsl.lines() {
            let set = lines.iter().find(|set| line.starts_with(&set[..start(set)]));
            source.extend([set.map_or(line, String::as_str), "\n"]);
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
            self.name(),
            format!("is not valid WGSL: {message}"),
            "",
            "this is a defect of boldly; please report it",
        )
    }

    /// The shader and its constants, for messages.
    pub(super) fn name(&self) -> String {
        format!("{} {:?}", self.shader.name, self.constants)
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
