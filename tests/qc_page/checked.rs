//! A small reader of the page: every tag is closed, every attribute quoted, and what a browser or a screen reader relies on
//! is there. Stricter than HTML asks, so that a page which passes is XML-like throughout.

use std::collections::{HashMap, HashSet};

const VOID: [&str; 3] = ["meta", "img", "input"];

/// One element, in the order of the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    pub name: String,
    pub attributes: HashMap<String, String>,
    /// Names from the root down to its parent.
    pub within: Vec<String>,
    /// All text inside, entities resolved.
    pub text: String,
    /// The first two elements inside.
    pub first: Vec<String>,
}

impl Element {
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.attributes.get(name).is_some_and(|v| v == value)
    }

    pub fn class(&self, class: &str) -> bool {
        self.attributes.get("class").is_some_and(|c| c.split(' ').any(|c| c == class))
    }
}

fn resolved(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out += before;
        let end = entity.find(';').unwrap_or_else(|| panic!("a bare & in {text:?}"));
        out.push(match &entity[1..end] {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("an unknown entity {other:?}"),
        });
        rest = &entity[end + 1..];
    }
    out + rest
}

/// Reads the page; panics where it is not well formed.
pub fn elements(page: &str) -> Vec<Element> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("begins with its doctype");
    let (mut all, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        let at = rest.find('<').unwrap_or(rest.len());
        let text = &rest[..at];
        let in_style = open.last().is_some_and(|&e| all[e].name == "style");
        assert!(in_style || !text.contains('>'), "a bare > in {:?}", &text[..text.len().min(80)]);
        let text = if in_style { text.to_owned() } else { resolved(text) };
        open.iter().for_each(|&e| all[e].text += &text);
        if at == rest.len() {
            break;
        }
        let end = rest[at..].find('>').expect("a tag that ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap_or_else(|| panic!("</{name}> closes nothing"));
            assert_eq!(all[last].name, name, "closed in the wrong order");
            continue;
        }
        let (tag, closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let element = element(tag, open.iter().map(|&e| all[e].name.clone()).collect());
        if let Some(&e) = open.last()
            && all[e].first.len() < 2
        {
            let name = element.name.clone();
            all[e].first.push(name);
        }
        let is_void = closed || VOID.contains(&element.name.as_str());
        all.push(element);
        if !is_void {
            open.push(all.len() - 1);
        }
    }
    assert!(
        open.is_empty(),
        "not closed: {:?}",
        open.iter().map(|&e| &all[e].name).collect::<Vec<_>>()
    );
    all
}

fn element(tag: &str, within: Vec<String>) -> Element {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "a tag {tag:?}");
    let mut attributes = HashMap::new();
    while !rest.trim().is_empty() {
        let (key, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("unquoted in {tag:?}"));
        let (value, after) = after.split_once('"').expect("a closing quote");
        assert!(!value.contains('<'), "a bare < in {value:?}");
        let twice = attributes.insert(key.trim().to_owned(), resolved(value));
        assert!(twice.is_none(), "{key} twice in {tag:?}");
        rest = after;
    }
    Element { name: name.to_owned(), attributes, within, text: String::new(), first: Vec::new() }
}

/// The same of a page with a viewer, whose policy forbids it to ask for anything. Returns its elements, scripts left out.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn checked_with_scripts(page: &str) -> Vec<Element> {
    const POLICY: &str =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ";
    let at = page.find(POLICY).expect("a policy");
    let end = at + page[at..].find('>').unwrap() + 1;
    assert!(!page[at..end].contains("http:") && !page[at..end].contains("https:"));
    let mut rest = page[end..].to_owned();
    while let Some(begin) = rest.find("<script") {
        let end = begin + rest[begin..].find("</script>").expect("a script that ends") + 9;
        assert!(!rest[begin..end].contains("src="), "a script from elsewhere");
        rest.replace_range(begin..end, "");
    }
    checked(&format!("{}{rest}", &page[..at]))
}

/// Everything that must hold of every page. Returns its elements.
pub fn checked(page: &str) -> Vec<Element> {
    let all = elements(page);
    let named = |name: &'static str| all.iter().filter(move |e| e.name == name);
    for word in
        ["http", "://", "\"//", "@import", "url(", "<script", "<link", "<iframe", "javascript:"]
    {
        assert!(!page.contains(word), "the page holds {word:?}");
    }
    assert!(named("html").all(|e| e.has("lang", "en")));
    // A name that is cut has a title of its own, within a drawing.
    let of_names = named("title").filter(|e| e.within.last().is_some_and(|of| of == "g")).count();
    let n_titles = 1 + named("svg").count() + of_names;
    for (name, n) in [("title", n_titles), ("h1", 1), ("main", 1), ("header", 1)] {
        assert_eq!(named(name).count(), n, "{name}");
    }

    for head in named("th") {
        assert!(!head.text.trim().is_empty(), "a head of a column or row without a word");
    }
    let mut ids = HashSet::new();
    for id in all.iter().filter_map(|e| e.attributes.get("id")) {
        assert!(ids.insert(id.clone()), "the id {id} twice");
        assert!(!id.contains(char::is_whitespace), "the id {id:?}");
    }
    for element in &all {
        for key in ["aria-labelledby", "aria-describedby"] {
            for id in element.attributes.get(key).iter().flat_map(|v| v.split(' ')) {
                assert!(ids.contains(id), "{key} names {id}, which is not there");
            }
        }
        if let Some(target) = element.attributes.get("href") {
            if target.starts_with("data:text/tab-separated-values;base64,") {
                assert!(element.attributes.contains_key("download"));
                continue;
            }
            if target.starts_with("data:image/png;base64,") {
                assert_eq!(element.name, "image");
                continue;
            }
            // A node's page names that of its test, which lies in a folder beside it.
            if target.ends_with("_group.html") && !target.contains(':') && !target.starts_with('/')
            {
                continue;
            }
            let id = target.strip_prefix('#').expect("links within the page only");
            assert!(ids.contains(id), "a link to {id}, which is not there");
        }
    }

    let mut level = 1;
    for heading in all.iter().filter(|e| e.name.len() == 2 && e.name.starts_with('h')) {
        if let Ok(next) = heading.name[1..].parse::<usize>() {
            assert!(next <= level + 1, "h{next} after h{level}");
            assert!(!heading.text.trim().is_empty());
            level = next;
        }
    }

    assert!(named("svg").count() > 0);
    for svg in named("svg") {
        assert!(svg.has("role", "img") && svg.first == ["title", "desc"], "{svg:?}");
        assert!(svg.attributes.contains_key("aria-labelledby"));
    }
    for text in named("title").chain(named("desc")) {
        assert!(text.text.trim().len() > 3, "{text:?}");
        assert!(!text.text.contains("NaN") && !text.text.contains("inf "), "{text:?}");
    }
    for drawn in all.iter().filter(|e| e.within.iter().any(|w| w == "svg")) {
        for (key, value) in &drawn.attributes {
            let is_pixels = value.starts_with("data:image/png;base64,");
            let bad = ["NaN", "inf", "undefined"].iter().any(|w| value.contains(w)) && !is_pixels;
            assert!(!bad, "{key}=\"{}\"", &value[..value.len().min(60)]);
            if key == "d" {
                let letters = "MLlhz -.0123456789";
                assert!(value.starts_with('M') && value.chars().all(|c| letters.contains(c)));
            }
        }
    }
    for image in named("img") {
        assert!(image.attributes["alt"].len() > 10);
        let kinds = ["data:image/png;base64,iVBOR", "data:image/svg+xml;base64,"];
        assert!(kinds.iter().any(|kind| image.attributes["src"].starts_with(kind)));
    }
    for table in named("table") {
        assert_eq!(table.first, ["caption", "thead"]);
    }
    for head in named("th") {
        assert!(head.has("scope", "col") || head.has("scope", "row"));
    }
    all
}
