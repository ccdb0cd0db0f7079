//! The checksum that a sidecar's text carries of itself, so that one that was edited by hand is known.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::io::hash;

/// The last field of the `boldly` object: a checksum of the sidecar's text, in which it stands as an empty string.
const DIGEST: &str = "digest";
/// boldly's object.
const OWN: &str = "boldly";

fn blank_digest() -> String {
    format!("\"{DIGEST}\": \"\"")
}

/// A sidecar's text without its digest.
pub(super) struct Blank {
    text: String,
    pub(super) found: String,
}

impl Blank {
    pub(super) fn of(text: &str) -> Option<Blank> {
        let opening = format!("\"{DIGEST}\": \"");
        let (before, rest) = text.rsplit_once(&opening)?;
        let (found, after) = rest.split_once('"')?;
        Some(Blank { text: format!("{before}{opening}\"{after}"), found: found.to_owned() })
    }

    pub(super) fn digest(&self) -> String {
        hash::bytes(self.text.as_bytes()).hex().to_owned()
    }
}

/// A sidecar's text with its digest.
pub(super) fn sidecar_text(
    own: serde_json::Result<Value>,
    bids: Map<String, Value>,
) -> Result<String> {
    let text = own.and_then(|mut own| {
        let mut top = bids;
        // A table's column may be called so: then this object says of the column, too, what it is.
        if let (Some(Value::Object(column)), Some(own)) =
            (top.shift_remove(OWN), own.as_object_mut())
        {
            own.extend(column);
        }
        own[DIGEST] = Value::String(String::new());
        top.insert(OWN.to_owned(), own);
        serde_json::to_string_pretty(&Value::Object(top))
    });
    let text = text.map(|text| text + "\n").map_err(|e| {
        Error::internal("a sidecar", "cannot be written as JSON", "be plain text", "").caused_by(e)
    })?;
    let digest = Blank::of(&text).map(|blank| blank.digest());
    Ok(match (digest, text.rfind(&blank_digest())) {
        (Some(digest), Some(at)) => {
            let (before, after) = text.split_at(at + blank_digest().len() - 1);
            format!("{before}{digest}{after}")
        }
        _ => text,
    })
}
