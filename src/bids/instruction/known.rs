//! The catalogue of transformations: what each takes and makes.
//!
//! Source: the transformations of BIDS Stats Models (pybids-transforms-v1), and those of bidspm, which are marked.

/// How outputs are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// One for each input; the inputs' own names without.
    Each,
    /// One for each input, which must be named.
    EachNamed,
    /// One of all inputs, which must be named.
    One,
    /// It names what it makes itself.
    None,
}

/// What an argument may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holds {
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A number, or text.
    NumberOrText,
    /// A number of Hz above 0, or `TR`.
    Rate,
    /// Numbers.
    Numbers,
    /// Whole numbers from 0, each once.
    Delays,
    /// Any text.
    Text,
    /// One name, or several.
    Names,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// An object of old and new values, or bidspm's list of `key` and `value`.
    Pairs,
}

/// An argument of a transformation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Argument {
    pub name: &'static str,
    pub holds: Holds,
    /// Whether it must be there.
    pub needed: bool,
}

/// A transformation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// By the specification's spelling.
    pub name: &'static str,
    pub takes_input: bool,
    pub outputs: Outputs,
    pub arguments: &'static [Argument],
    /// Of bidspm only.
    pub is_bidspm: bool,
}

const fn may(name: &'static str, holds: Holds) -> Argument {
    Argument { name, holds, needed: false }
}

const fn must(name: &'static str, holds: Holds) -> Argument {
    Argument { name, holds, needed: true }
}

const fn known(name: &'static str, outputs: Outputs, arguments: &'static [Argument]) -> Known {
    Known { name, takes_input: true, outputs, arguments, is_bidspm: false }
}

const fn bidspm(name: &'static str, outputs: Outputs, arguments: &'static [Argument]) -> Known {
    Known { name, takes_input: true, outputs, arguments, is_bidspm: true }
}

use Holds::{Delays, Flag, Names, Number, NumberOrText, Numbers, OneOf, Pairs, Rate, Text};
use Outputs::{Each, EachNamed, None, One};

const ATTRIBUTES: Holds = OneOf(&["amplitude", "value", "onset", "duration"]);
const WHERE_VALUE: &[Argument] = &[must("Value", Number), may("Query", Text)];

/// All that are known, in alphabetical order.
pub const KNOWN: &[Known] = &[
    bidspm("Add", Each, WHERE_VALUE),
    known("And", One, &[]),
    known(
        "Assign",
        Each,
        &[must("Target", Names), may("InputAttr", ATTRIBUTES), may("TargetAttr", ATTRIBUTES)],
    ),
    bidspm("Concatenate", One, &[]),
    Known {
        name: "Constant",
        takes_input: false,
        outputs: One,
        arguments: &[may("Value", Number)],
        is_bidspm: true,
    },
    known(
        "Convolve",
        Each,
        &[
            may("Model", OneOf(&["spm", "glover", "fir"])),
            may("Derivative", Flag),
            may("Dispersion", Flag),
            may("FirDelays", Delays),
        ],
    ),
    known("Copy", EachNamed, &[]),
    known("Delete", None, &[]),
    known("Demean", Each, &[]),
    bidspm("Divide", Each, WHERE_VALUE),
    known("DropNA", Each, &[]),
    known(
        "Factor",
        None,
        &[
            may("Constraint", OneOf(&["none", "drop_one", "mean_zero"])),
            may("RefLevel", NumberOrText),
            may("Sep", Text),
        ],
    ),
    known("Filter", Each, &[must("Query", Text), may("By", Names)]),
    known("Group", One, &[]),
    bidspm("LabelIdenticalRows", Each, &[may("Cumulative", Flag)]),
    known(
        "Lag",
        Each,
        &[
            may("Shift", Number),
            may("Order", Number),
            may("Mode", OneOf(&["nearest", "constant"])),
            may("Constant", Number),
            may("Difference", Flag),
        ],
    ),
    bidspm("Multiply", Each, WHERE_VALUE),
    known("Not", Each, &[]),
    known("Or", One, &[]),
    known("Orthogonalize", Each, &[must("Other", Names), may("Dense", Flag)]),
    bidspm("Power", Each, WHERE_VALUE),
    known("Product", One, &[]),
    known("Rename", EachNamed, &[]),
    known("Replace", Each, &[must("Replace", Pairs), may("Attribute", ATTRIBUTES_OR_ALL)]),
    known("Resample", Each, &[must("SamplingRate", Rate)]),
    known(
        "Scale",
        Each,
        &[
            may("Demean", Flag),
            may("Rescale", Flag),
            may("ReplaceNA", OneOf(&["none", "off", "before", "after"])),
        ],
    ),
    known("Select", None, &[]),
    known("Split", None, &[must("By", Names)]),
    bidspm("Subtract", Each, WHERE_VALUE),
    known("Sum", One, &[may("Weights", Numbers)]),
    known(
        "Threshold",
        Each,
        &[may("Threshold", Number), may("Binarize", Flag), may("Above", Flag), may("Signed", Flag)],
    ),
    known("ToDense", Each, &[may("SamplingRate", Rate)]),
];

const ATTRIBUTES_OR_ALL: Holds = OneOf(&["amplitude", "value", "onset", "duration", "all"]);

/// bidspm's own transformations that are not carried out, each with what may be done in its place.
pub const NOT_DONE: [(&str, &str); 5] = [
    (
        "Mean",
        "Demean takes the mean off a variable; of several columns Sum with Weights is their mean",
    ),
    ("Median", "put it into the tables as a column of its own"),
    ("Std", "Scale divides a variable by its standard deviation"),
    ("StdDev", "Scale divides a variable by its standard deviation"),
    (
        "MergeIdenticalRows",
        "merge the rows in the events file: one event from the first onset to the last end",
    ),
];
