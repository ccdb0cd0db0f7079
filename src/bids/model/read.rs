//! A model's top level.

use std::collections::BTreeMap;

use super::filter::{entity_of, filter, twice};
use super::{Model, edges, json, node};
use crate::bids::Notes;
use crate::bids::place::{Place, below, list, short, wrong};
use crate::error::{Error, Result};

/// Keys of a model.
const KEYS: &[&str] = &["Name", "BIDSModelVersion", "Description", "Input", "Nodes", "Edges"];

/// The versions of the specification that this follows.
const VERSIONS: &[&str] = &["1.0.0"];

/// Most nodes: real models have at most 6.
const MOST_NODES: usize = 1000;

impl Model {
    /// The model that a file's text holds. What is meant though the specification says it otherwise is taken, with a note each: `Level` in
    /// any case, a scalar for a list, no `Type` (`glm`), `Type` for `Test`, `Conditions` for `Contrasts`, `FEMA` for a node of `Type: meta`, a list of
    /// instructions without its `Transformer`, another `Transformer` that is known, no `BIDSModelVersion`, a key twice with the same value,
    /// a form left blank. Whether what was read can be fitted is [`Model::check`]'s to say.
    ///
    /// # Errors
    /// Bad data with the JSON pointer of the place: what is no JSON (line and column), a key that an object has twice with different values,
    /// `Steps` (models before 1.0), an unknown key, transformation or argument (with the one probably meant), a key that is needed and
    /// absent, another type of value, two nodes of one name (or one label in file names), an edge to nowhere, a circle of edges, a node above
    /// the run level to which no edge leads.
    pub fn read(text: &str, notes: &mut Notes) -> Result<Model> {
        let value = json::value(text, notes)?;
        if value.get("Steps").is_some() {
            return Err(Error::bad_data(
                "/Steps",
                "is the form that models had before version 1.0",
                "be Nodes: a list of objects with Level, Name, GroupBy, Model and Contrasts",
                "see https://bids-standard.github.io/stats-models/legacy.html for how to rewrite it",
            ));
        }
        let top = Place::open(&value, "", "a model", KEYS)?;
        version(&top, notes)?;
        let nodes = match list(top.need("Nodes")?, "/Nodes")? {
            [] => return Err(wrong("/Nodes", &value["Nodes"], "have at least one node")),
            nodes if nodes.len() > MOST_NODES => {
                let expected = format!("have at most {MOST_NODES} nodes");
                return Err(wrong("/Nodes", &value["Nodes"], &expected));
            }
            nodes => nodes,
        };
        let nodes = nodes.iter().enumerate();
        let nodes: Vec<_> =
            nodes.map(|(i, value)| node::read(value, i, notes)).collect::<Result<_>>()?;
        node::distinct(&nodes)?;
        let edges = edges::read(&top, &nodes, notes)?;
        Ok(Model {
            name: name(&top)?,
            description: top.text("Description")?.to_owned(),
            input: input(&top, notes)?,
            nodes,
            edges,
        })
    }
}

fn name(top: &Place) -> Result<String> {
    Ok(top.name("Name")?.to_owned())
}

fn version(top: &Place, notes: &mut Notes) -> Result<()> {
    let version = top.text("BIDSModelVersion")?;
    if version.is_empty() {
        let said = "is absent; the model is read as one of version 1.0.0";
        notes.add("/BIDSModelVersion", said);
    } else if !VERSIONS.contains(&version) {
        notes.add(
            "/BIDSModelVersion",
            format!("is {:?}; the model is read as one of version 1.0.0", short(version)),
        );
    }
    Ok(())
}

/// `Input`: entities and the labels allowed.
fn input(top: &Place, notes: &mut Notes) -> Result<BTreeMap<String, Vec<String>>> {
    let Some(value) = top.get("Input") else { return Ok(BTreeMap::new()) };
    let input = filter(value, "/Input", "the entities of the runs", notes)?;
    let mut named = BTreeMap::new();
    for (name, labels) in input {
        let pointer = below("/Input", &name);
        let long = entity_of(&name, &pointer)?;
        if named.insert(long.to_owned(), labels).is_some() {
            return Err(twice(&pointer, long));
        }
    }
    Ok(named)
}
