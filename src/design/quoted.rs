//! Text of a table or a command line as messages quote it.

/// Text cut to what a message can hold.
pub(super) fn short(text: &str) -> String {
    let mut cut: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if text.chars().count() > 40 {
        cut.push_str("...");
    }
    cut
}
