//! Outputs of a unit with what a dataset of derivatives says of them: the files that they come from, as BIDS URIs. Source: BIDS 1.11, "BIDS
//! URI", "Common data types and metadata" of derivatives.

use std::path::PathBuf;

use serde_json::json;

use crate::error::Result;
use crate::io::Header;
use crate::io::source::BoldSink;
use crate::maps::{Map, Quantity};
use crate::pipeline::products::{Account, Image, Products, Text};
use crate::pipeline::session::Session;
use crate::pipeline::spec::Command;

/// Passes everything on, maps with their sources.
pub(super) struct WithSources<'a> {
    pub below: &'a mut dyn Products,
    /// URIs.
    pub sources: &'a [String],
    /// The space of the maps.
    pub space: Option<&'a str>,
}

impl Products for WithSources<'_> {
    fn begin(&mut self, session: &Session<'_>, command: &Command) -> Result<()> {
        self.below.begin(session, command)
    }

    fn reads(&mut self, inputs: &[PathBuf]) -> Result<()> {
        self.below.reads(inputs)
    }

    fn maps(&mut self, header: &Header, maps: &[Map]) -> Result<()> {
        let described = |map: &Map| {
            let mut map = map.clone();
            map.asked.insert("Sources".to_owned(), json!(self.sources));
            if let Some(space) = self.space {
                map.asked.insert("SpatialReference".to_owned(), json!(space));
            }
            if map.quantity == Quantity::Mask {
                map.asked.insert("Type".to_owned(), json!("Brain"));
            } else {
                let outside = match map.quantity {
                    Quantity::P | Quantity::PermutationP | Quantity::CorrectedP => 1,
                    _ => 0,
                };
                map.asked.insert("ValueOutsideMask".to_owned(), json!(outside));
            }
            map
        };
        self.below.maps(header, &maps.iter().map(described).collect::<Vec<_>>())
    }

    fn bold<'a>(&'a mut self, image: Image, header: &Header) -> Result<Box<dyn BoldSink + 'a>> {
        self.below.bold(image, header)
    }

    fn table(&mut self, text: Text) -> Result<()> {
        self.below.table(text)
    }

    fn scratch(&self) -> Option<PathBuf> {
        self.below.scratch()
    }

    fn finish(&mut self, session: &Session<'_>, account: Account) -> Result<()> {
        self.below.finish(session, account)
    }
}
