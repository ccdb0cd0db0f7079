//! Sentences of commands as a page has them: files by what they are called in their dataset, and not by where that lies on one machine.

use std::path::Path;

use super::super::named;
use super::super::unit::Unit;
use super::Plan;

/// A sentence about a unit: of the files that are its run's own what their names say beyond it, and without the name of its one contrast before
/// it, so that units of which the same is said share a line.
pub(super) fn of_unit(text: &str, unit: &Unit, plan: &Plan) -> String {
    let text = match unit.estimates.as_slice() {
        [one] => text.strip_prefix(&format!("{}: ", one.contrast)).unwrap_or(text),
        _ => text,
    };
    let own = named::of_tables(&unit.entities);
    match own.is_empty() {
        true => plainly(text, plan),
        false => plainly(&without_run(text, &format!("{own}_")), plan),
    }
}

/// A sentence with the paths of datasets and results taken from their files: of the raw dataset and of the results as they lie there, of
/// derivatives beside it behind their folder's name.
pub(super) fn plainly(text: &str, plan: &Plan) -> String {
    let mut roots = vec![(&*plan.found.raw.root, String::new()), (&*plan.spec.out, String::new())];
    for (_, of) in &plan.found.derivatives {
        let name = of.root.file_name().unwrap_or_default().to_string_lossy();
        roots.push((&of.root, format!("{name}/")));
    }
    roots.into_iter().fold(text.to_owned(), |text, (root, name)| {
        let whole = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let text = without_root(&text, &whole, &name);
        if whole == root { text } else { without_root(&text, root, &name) }
    })
}

/// Where a file's path may begin in a sentence.
fn begins(before: &str) -> bool {
    before
        .chars()
        .next_back()
        .is_none_or(|letter| letter.is_whitespace() || "([\"'`=".contains(letter))
}

/// The text with `name` for a folder, where files in it are named.
fn without_root(text: &str, root: &Path, name: &str) -> String {
    let root = format!("{}/", root.display().to_string().trim_end_matches('/'));
    replaced(text, &root, |before| begins(before).then_some((before.len(), name)))
}

/// The text with `*_` for whatever stands before `own` in a path, and for it.
fn without_run(text: &str, own: &str) -> String {
    replaced(text, own, |before| {
        let is_break = |letter: char| letter.is_whitespace() || "([\"'`=".contains(letter);
        let at = before
            .rfind(is_break)
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let folder = &before[at..];
        (folder.is_empty() || folder.ends_with('/')).then_some((at, "*_"))
    })
}

/// The text with something else in the place of a part, wherever it is wanted: of the text before the part, up to where that stays and what
/// comes behind.
fn replaced<'a>(
    text: &str,
    part: &str,
    wanted: impl Fn(&str) -> Option<(usize, &'a str)>,
) -> String {
    let (mut made, mut left) = (String::new(), text);
    while let Some(at) = left.find(part) {
        let (before, behind) = (&left[..at], &left[at + part.len()..]);
        match wanted(before) {
            Some((stays, by)) => {
                made += &before[..stays];
                made += by;
            }
            None => made += &left[..at + part.len()],
        }
        left = behind;
    }
    made + left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_run_are_called_by_what_tells_them_from_its_others() {
        let text = "2 s (/data/sub-1/func/sub-1_task-a_desc-preproc_bold.json) is used; sub-1_task-a_bold.nii.gz and mysub-1_task-a_x say 1 s";
        let wanted =
            "2 s (*_desc-preproc_bold.json) is used; *_bold.nii.gz and mysub-1_task-a_x say 1 s";
        assert_eq!(without_run(text, "sub-1_task-a_"), wanted);
    }

    #[test]
    fn folders_go_where_a_path_begins_and_nowhere_else() {
        let of = |text: &str| without_root(text, Path::new("/data/ds"), "ds/");
        assert_eq!(of("/data/ds/sub-1/x.tsv (/data/ds/y) has"), "ds/sub-1/x.tsv (ds/y) has");
        assert_eq!(of("/other/data/ds/x and /data/ds2/x"), "/other/data/ds/x and /data/ds2/x");
        assert_eq!(without_root("study/a of mystudy/a", Path::new("study"), ""), "a of mystudy/a");
    }
}
