//! Values of the options that make a model, from text.

use crate::design::Drift;
use crate::design::hrf::{Model, Response};
use crate::pipeline::spec::ResponseFile;

/// What reads itself from text.
pub(super) fn parsed<T: std::str::FromStr<Err = String>>(
    text: &str,
) -> std::result::Result<T, String> {
    text.parse()
}

/// `--hrf`.
#[derive(Debug, Clone)]
pub(super) struct Hrf {
    pub response: Response,
    pub file: Option<ResponseFile>,
}

pub(super) fn hrf(text: &str) -> std::result::Result<Hrf, String> {
    let Some(file) = text.strip_prefix("file:") else {
        let response: Response = text.parse()?;
        if response.model == Model::Own {
            return Err("a response of one's own is file:FILE or file:FILE@SECONDS".to_owned());
        }
        return Ok(Hrf { response, file: None });
    };
    let (path, step_s) = match file.rsplit_once('@') {
        Some((path, step)) => (path, Some(seconds(step)?)),
        None => (file, None),
    };
    if path.is_empty() {
        return Err("it must name a file: file:FILE or file:FILE@SECONDS".to_owned());
    }
    let file = Some(ResponseFile { path: path.into(), step_s });
    Ok(Hrf { response: Model::Own.into(), file })
}

pub(super) fn drift(text: &str) -> std::result::Result<Drift, String> {
    let (model, number) = text.split_once(':').unwrap_or((text, ""));
    let bad = || {
        "it must be cosine:SECONDS, polynomial:ORDER, legendre:ORDER, legendre:A or none".to_owned()
    };
    match (model, number) {
        ("none", "") => Ok(Drift::None),
        ("cosine", "") => Ok(Drift::default()),
        ("cosine", seconds) => {
            seconds.parse().map(|cutoff_s| Drift::Cosine { cutoff_s }).map_err(|_| bad())
        }
        ("polynomial", order) => {
            order.parse().map(|order| Drift::Polynomial { order }).map_err(|_| bad())
        }
        ("legendre", "A" | "a" | "") => Ok(Drift::Legendre { order: None }),
        ("legendre", order) => {
            order.parse().map(|order| Drift::Legendre { order: Some(order) }).map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

/// A time above 0.
pub(super) fn seconds(text: &str) -> std::result::Result<f64, String> {
    let above_0 = |s: &f64| s.is_finite() && *s > 0.0;
    text.parse().ok().filter(above_0).ok_or_else(|| "it must be a number of seconds above 0".into())
}
