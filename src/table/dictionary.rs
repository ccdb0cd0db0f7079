//! A table's data dictionary, the JSON beside it. Source: BIDS 1.11, "Tabular files": an object for each column with `Description` and, where they
//! apply, `LongName`, `Units` and `Levels`. Facts of the whole table stand beside the columns.

use serde_json::{Map, Value, json};

/// What a fact's key begins with where a column has the fact's own.
const OF_TABLE: &str = "Table";

/// What is said of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry(Map<String, Value>);

impl Entry {
    /// With its `Description`.
    #[must_use]
    pub fn of(description: impl Into<String>) -> Entry {
        Entry(Map::new()).with("Description", description.into())
    }

    /// The same with its `LongName`.
    #[must_use]
    pub fn called(self, long_name: impl Into<String>) -> Entry {
        self.with("LongName", long_name.into())
    }

    /// The same with its `Units`; of none, an empty text, it has none.
    #[must_use]
    pub fn in_units(self, units: &str) -> Entry {
        if units.is_empty() { self } else { self.with("Units", units) }
    }

    /// The same with its `Levels`: the words of its cells, and what each means.
    #[must_use]
    pub fn levels(self, levels: &[(&str, &str)]) -> Entry {
        let of = levels.iter().map(|(level, means)| ((*level).to_owned(), json!(means)));
        self.with("Levels", Value::Object(of.collect()))
    }

    /// The same with a key more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Entry {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Of keys that are there: an object with its `Description`. Words are one by themselves.
    #[must_use]
    pub fn made(keys: Value) -> Entry {
        match keys {
            Value::Object(keys) => Entry(keys),
            Value::String(description) => Entry::of(description),
            other => Entry::of(other.to_string()),
        }
    }
}

impl From<Entry> for Value {
    fn from(entry: Entry) -> Value {
        Value::Object(entry.0)
    }
}

impl From<&str> for Entry {
    fn from(description: &str) -> Entry {
        Entry::of(description)
    }
}

impl From<String> for Entry {
    fn from(description: String) -> Entry {
        Entry::of(description)
    }
}

/// What is said of a table and of the columns that it may have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataDictionary {
    facts: Map<String, Value>,
    columns: Vec<(String, Entry)>,
}

impl DataDictionary {
    /// With what the whole table is.
    #[must_use]
    pub fn of(description: impl Into<String>) -> DataDictionary {
        DataDictionary::default().fact("Description", description.into())
    }

    /// Of fields that are there, columns among them.
    #[must_use]
    pub fn made(fields: Map<String, Value>) -> DataDictionary {
        DataDictionary { facts: fields, columns: Vec::new() }
    }

    /// The same with a fact of the whole table.
    #[must_use]
    pub fn fact(mut self, key: impl Into<String>, value: impl Into<Value>) -> DataDictionary {
        self.facts.insert(key.into(), value.into());
        self
    }

    /// The same with a column; what was said of one of its name first stays.
    #[must_use]
    pub fn column(mut self, name: impl Into<String>, says: impl Into<Entry>) -> DataDictionary {
        self.columns.push((name.into(), says.into()));
        self
    }

    /// The same with columns.
    #[must_use]
    pub fn columns<N: Into<String>, E: Into<Entry>>(
        self,
        all: impl IntoIterator<Item = (N, E)>,
    ) -> DataDictionary {
        all.into_iter().fold(self, |own, (name, says)| own.column(name, says))
    }

    /// The fields of a JSON that tables of all its columns share.
    #[must_use]
    pub fn all(&self) -> Map<String, Value> {
        self.fields(self.columns.iter().map(|(name, _)| name.as_str()))
    }

    /// The fields of the JSON beside a table with these columns: the facts, then an entry for each column, in the table's order; what the
    /// table has not is not described. A column that is called as a fact is has that key, as BIDS says; where both are objects the entry holds what
    /// the fact says too, else the fact's key begins with `Table`: `TableDescription`.
    #[must_use]
    pub fn fields<'a>(&self, header: impl Iterator<Item = &'a str>) -> Map<String, Value> {
        let mut fields = self.facts.clone();
        let mut entries: Vec<(&str, Map<String, Value>)> = Vec::new();
        for name in header {
            let said = self.columns.iter().find(|(own, _)| own == name);
            let is_new = entries.iter().all(|(other, _)| *other != name);
            entries.extend(said.filter(|_| is_new).map(|(_, entry)| (name, entry.0.clone())));
        }
        let is_column = |key: &str| entries.iter().any(|(name, _)| *name == key);
        let mut moved = Vec::new();
        for (key, fact) in
            self.facts.iter().filter(|(key, fact)| is_column(key) && !fact.is_object())
        {
            let mut free = format!("{OF_TABLE}{key}");
            while is_column(&free) || self.facts.contains_key(&free) {
                free.insert_str(0, OF_TABLE);
            }
            fields.shift_remove(key);
            moved.push((free, fact.clone()));
        }
        fields.extend(moved);
        for (name, mut entry) in entries {
            if let Some(Value::Object(fact)) = fields.shift_remove(name) {
                let more = fact.into_iter().filter(|(key, _)| !entry.contains_key(key));
                entry.extend(more.collect::<Vec<_>>());
            }
            fields.insert(name.to_owned(), Value::Object(entry));
        }
        fields
    }
}

/// The first column of a header that has no object with a `Description` among the fields of the JSON beside its table.
#[must_use]
pub fn undescribed<'a>(
    mut header: impl Iterator<Item = &'a str>,
    fields: &Map<String, Value>,
) -> Option<&'a str> {
    let says = |name: &str| fields.get(name)?.get("Description")?.as_str();
    header.find(|name| says(name).is_none_or(|description| description.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(dictionary: &DataDictionary, header: &[&str]) -> Value {
        Value::Object(dictionary.fields(header.iter().copied()))
    }

    #[test]
    fn each_column_of_a_table_has_an_object_and_columns_that_it_has_not_have_none() {
        let side = Entry::of("Which side").called("Side").levels(&[("l", "left"), ("r", "right")]);
        let dictionary = DataDictionary::of("Peaks")
            .fact("DegreesOfFreedom", 12)
            .column("side", side)
            .columns([("t", Entry::of("Statistic")), ("x", Entry::of("Place").in_units("mm"))])
            .column("run", "The run");
        let want = json!({
            "Description": "Peaks",
            "DegreesOfFreedom": 12,
            "x": { "Description": "Place", "Units": "mm" },
            "t": { "Description": "Statistic" },
            "side": { "Description": "Which side", "LongName": "Side", "Levels": { "l": "left", "r": "right" } },
        });
        assert_eq!(value(&dictionary, &["x", "t", "side"]), want);
    }

    #[test]
    fn a_column_that_is_called_as_a_fact_has_its_key_and_the_fact_stays_under_another() {
        let dictionary = DataDictionary::of("A table")
            .fact("SamplingFrequency", 0.5)
            .fact("insula", json!({ "HoldsSeed": "3 voxels", "Description": "of the fact" }))
            .columns(
                ["Description", "TableDescription", "SamplingFrequency", "insula"].map(|n| (n, n)),
            );
        let want = json!({
            "TableTableDescription": "A table",
            "TableSamplingFrequency": 0.5,
            "Description": { "Description": "Description" },
            "TableDescription": { "Description": "TableDescription" },
            "SamplingFrequency": { "Description": "SamplingFrequency" },
            "insula": { "Description": "insula", "HoldsSeed": "3 voxels" },
        });
        let header = ["Description", "TableDescription", "SamplingFrequency", "insula"];
        assert_eq!(value(&dictionary, &header), want);
    }

    #[test]
    fn a_column_without_an_object_that_describes_it_is_found() {
        let fields = |value: Value| value.as_object().cloned().expect("an object");
        let header = || ["a", "b"].into_iter();
        let all = json!({ "a": { "Description": "A" }, "b": { "Description": "B" } });
        assert_eq!(undescribed(header(), &fields(all)), None);
        for b in [json!("B"), json!({ "Units": "s" }), json!({ "Description": " " }), Value::Null] {
            let lacks = json!({ "a": { "Description": "A" }, "b": b });
            assert_eq!(undescribed(header(), &fields(lacks)), Some("b"));
        }
        assert_eq!(undescribed(header(), &Map::new()), Some("a"));
    }
}
