//! Methods in words, to be copied: sentences, and the works that they rest on by number.

use super::html::escaped;

/// A sentence, and the works it rests on.
pub type Sentence = (String, &'static [&'static str]);

/// Paragraphs and the references they have named so far.
#[derive(Default)]
pub(super) struct Text {
    paragraphs: Vec<String>,
    references: Vec<&'static str>,
}

impl Text {
    /// Sentences, each with the works it rests on.
    pub fn paragraph(&mut self, sentences: &[(String, &[&'static str])]) {
        let all: Vec<String> =
            sentences.iter().map(|(text, from)| self.sentence(text, from)).collect();
        self.paragraphs.push(all.join(" "));
    }

    /// A sentence with the numbers of its references before the full stop.
    fn sentence(&mut self, text: &str, from: &[&'static str]) -> String {
        let numbers: Vec<String> = from.iter().map(|r| self.number(r).to_string()).collect();
        match (numbers.is_empty(), text.strip_suffix('.')) {
            (false, Some(stem)) => format!("{stem} [{}].", numbers.join(", ")),
            _ => text.to_owned(),
        }
    }

    fn number(&mut self, reference: &'static str) -> usize {
        let at = self.references.iter().position(|own| *own == reference);
        at.unwrap_or_else(|| {
            self.references.push(reference);
            self.references.len() - 1
        }) + 1
    }

    /// The paragraphs, and the works in the order in which they are named.
    pub fn html(&self) -> String {
        let mut html = String::new();
        self.paragraphs.iter().for_each(|p| html += &format!("<p>{}</p>\n", escaped(p)));
        html += "<h3>References</h3>\n<ol class=\"references\">\n";
        self.references.iter().for_each(|r| html += &format!("<li>{}</li>\n", escaped(r)));
        html + "</ol>\n"
    }
}
