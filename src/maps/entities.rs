//! Names of outputs, in the manner of BIDS derivatives.

/// What the name of an output says: `sub-01_task-pain`, `desc-cardiac`, `stat-F`, `statmap`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entities {
    /// `key-value` in the order of the name.
    pairs: Vec<(&'static str, String)>,
    /// The last word: `statmap`, `mask`, `design`.
    suffix: &'static str,
}

impl Entities {
    /// A name of this suffix alone.
    #[must_use]
    pub fn of(suffix: &'static str) -> Entities {
        Entities { pairs: Vec::new(), suffix }
    }

    /// The same with one more entity.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Entities {
        self.pairs.push((key, value.into()));
        self
    }

    /// Of the map of degrees of freedom beside these.
    pub(super) fn of_dof(&self) -> Entities {
        let mut of_dof = self.clone();
        let own = of_dof.pairs.iter_mut().find(|(key, _)| *key == "stat");
        own.into_iter().for_each(|(_, value)| *value = "dof".to_owned());
        of_dof
    }

    /// The value of an entity.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| *own == key).map(|(_, value)| value.as_str())
    }

    /// `contrast-pain_stat-t_statmap`, behind a prefix where there is one.
    #[must_use]
    pub fn stem(&self, prefix: &str) -> String {
        let pairs = self.pairs.iter().map(|(key, value)| format!("{key}-{value}"));
        let parts: Vec<String> = (!prefix.is_empty())
            .then(|| prefix.to_owned())
            .into_iter()
            .chain(pairs)
            .chain([self.suffix.to_owned()])
            .collect();
        parts.join("_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_prefix_its_entities_and_its_suffix() {
        let t = Entities::of("statmap").with("contrast", "pain").with("stat", "t");
        assert_eq!(t.stem(""), "contrast-pain_stat-t_statmap");
        assert_eq!(t.stem("sub-01"), "sub-01_contrast-pain_stat-t_statmap");
        assert_eq!(Entities::of("mask").stem(""), "mask");
    }
}
