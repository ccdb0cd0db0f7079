//! The shape of the code, as a test: who may use whom, where wgpu lives, what a room consists of, how long a file may
//! be. Each check is a function from a tree of files to the list of what is wrong in it, and has a test that feeds it
//! a made-up tree with that fault.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use source::{code_only, module_of, outside_tests, paths_used};
use tables::{MAY_USE, PIPELINE_MAY_USE};

#[path = "architecture/made_up.rs"]
mod made_up;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/tables.rs"]
mod tables;

/// Rooms that may name another room, and why.
const ROOM_MAY_NAME: &[(&str, &str, &str)] = &[
    (
        "contrast",
        "glm",
        "a contrast is evaluated on a model's fit: it takes the types Model and Fit",
    ),
    ("arma", "glm", "the residuals are those of a fit: it takes the type Fit"),
    ("arma", "lags", "it begins where the residuals are: it takes the type Series"),
    ("lags", "glm", "the residuals summed are those of a fit: it takes the types Model and Fit"),
];

/// Shaders without a room: `gpu` runs this one when it opens a device.
const SHADERS_OF_GPU: &[&str] = &["probe"];

/// Longest file, in lines; most are near 100.
const LONGEST: usize = 500;

/// Modules in order, each with those that it may use.
type Table<'a> = &'a [(&'a str, &'a [&'a str])];

/// Path to text of every tracked kind of file.
type Tree = BTreeMap<String, String>;

/// The files of this checkout, build output and version control left out.
fn checkout() -> Tree {
    fn walk(folder: &Path, root: &Path, tree: &mut Tree) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if ["target", ".git", "boldly-demo", "shared"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, root, tree);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                tree.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tree = Tree::new();
    walk(root, root, &mut tree);
    assert!(tree.len() > 20, "the checkout has only {} text files", tree.len());
    tree
}

fn rust_files<'a>(
    tree: &'a Tree,
    folder: &'a str,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    tree.iter().filter(move |(path, _)| path.starts_with(folder) && path.ends_with(".rs"))
}

/// Arrows that a table does not have. `depth`: 0 for the modules of the crate, 1 for those inside one of them.
fn forbidden_arrows(tree: &Tree, folder: &str, depth: usize, table: Table) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in rust_files(tree, folder) {
        let module = module_of(path);
        let Some(from) = module.get(depth) else { continue };
        let Some((_, may)) = table.iter().find(|(name, _)| name == from) else {
            wrong.push(format!("{path}: module {from} is not in the table"));
            continue;
        };
        for (line, used) in paths_used(&module, &outside_tests(&code_only(text))) {
            let is_beside = used.len() > depth && used[..depth] == module[..depth];
            let to = used.get(depth).filter(|to| table.iter().any(|(name, _)| name == to));
            let Some(to) = to.filter(|_| is_beside) else { continue };
            if to != from && !may.contains(&to.as_str()) {
                wrong.push(format!("{path}:{line}: {from} uses {to}"));
            }
        }
    }
    wrong.dedup();
    wrong
}

/// Modules of one folder that use each other in a circle, in any folder.
fn circles(tree: &Tree) -> Vec<String> {
    let modules: BTreeSet<Vec<String>> =
        rust_files(tree, "src/").map(|(path, _)| module_of(path)).collect();
    let mut arrows: BTreeMap<Vec<String>, BTreeSet<(String, String)>> = BTreeMap::new();
    for (path, text) in rust_files(tree, "src/") {
        let module = module_of(path);
        for (_, used) in paths_used(&module, &outside_tests(&code_only(text))) {
            let common = module.iter().zip(&used).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (module.get(common), used.get(common)) else { continue };
            let is_module = |m: &Vec<String>| m.len() > common && m[..=common] == used[..=common];
            if modules.iter().any(is_module) {
                let folder = arrows.entry(module[..common].to_vec()).or_default();
                folder.insert((from.clone(), to.clone()));
            }
        }
    }
    let mut wrong = Vec::new();
    for (folder, mut arrows) in arrows {
        // What nothing of the folder uses, or what uses nothing of it, is in no circle.
        loop {
            let before = arrows.len();
            let from: BTreeSet<String> = arrows.iter().map(|(from, _)| from.clone()).collect();
            let to: BTreeSet<String> = arrows.iter().map(|(_, to)| to.clone()).collect();
            arrows.retain(|(a, b)| to.contains(a) && from.contains(b));
            if arrows.len() == before {
                break;
            }
        }
        let place = folder.join("::");
        wrong.extend(arrows.iter().map(|(a, b)| format!("in crate::{place}: {a} uses {b}")));
    }
    wrong
}

/// Rooms that enter another room.
fn rooms_entered(tree: &Tree) -> Vec<String> {
    let rooms = rooms(tree);
    let mut wrong = Vec::new();
    for (path, text) in rust_files(tree, "src/kernels/") {
        let module = module_of(path);
        let Some(room) = module.get(1) else { continue };
        for (line, used) in paths_used(&module, &code_only(text)) {
            let ["kernels", other, ..] = used.iter().map(String::as_str).collect::<Vec<_>>()[..]
            else {
                continue;
            };
            let allowed = ROOM_MAY_NAME.iter().any(|(from, to, _)| from == room && *to == other);
            if other != room && rooms.iter().any(|r| r == other) && !allowed {
                wrong.push(format!("{path}:{line}: room {room} enters room {other}"));
            }
        }
    }
    wrong
}

/// The folders of `src/kernels`.
fn rooms(tree: &Tree) -> Vec<String> {
    let mut rooms: Vec<String> = tree
        .keys()
        .filter_map(|path| {
            path.strip_prefix("src/kernels/")?.split_once('/').map(|(room, _)| room.to_string())
        })
        .collect();
    rooms.dedup();
    rooms
}

/// Shaders without their room, rooms without their shader, twin or test.
fn incomplete_rooms(tree: &Tree) -> Vec<String> {
    let shaders =
        tree.keys().filter_map(|path| path.strip_prefix("shaders/")?.strip_suffix(".wgsl"));
    let names = shaders
        .map(String::from)
        .filter(|s| !SHADERS_OF_GPU.contains(&s.as_str()))
        .chain(rooms(tree));
    let mut wrong = Vec::new();
    for room in names.collect::<std::collections::BTreeSet<_>>() {
        for part in [
            format!("shaders/{room}.wgsl"),
            format!("src/kernels/{room}/mod.rs"),
            format!("src/kernels/{room}/gpu.rs"),
            format!("src/kernels/{room}/cpu.rs"),
            format!("tests/{room}.rs"),
        ] {
            if !tree.contains_key(&part) {
                wrong.push(format!("room {room} lacks {part}"));
            }
        }
    }
    wrong
}

/// Shaders whose opening comment does not say what a thread does, or does not name the two Rust files.
fn unintroduced_shaders(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for room in rooms(tree) {
        let path = format!("shaders/{room}.wgsl");
        let Some(text) = tree.get(&path) else { continue };
        let comment = text.lines().map_while(|line| line.strip_prefix("//"));
        let header = comment.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
        for part in [
            "ne thread per".to_string(),
            format!("src/kernels/{room}/gpu.rs"),
            format!("src/kernels/{room}/cpu.rs"),
        ] {
            if !header.contains(&part) {
                wrong.push(format!("{path}: its opening comment lacks {part:?}"));
            }
        }
    }
    wrong
}

/// `wgpu` named in code outside `src/gpu`.
fn wgpu_outside_gpu(tree: &Tree) -> Vec<String> {
    lines_with(
        tree,
        |path| !path.starts_with("src/gpu/"),
        code_only,
        |line| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "wgpu"),
    )
}

/// What must not stay in shipped code.
fn unfinished(tree: &Tree) -> Vec<String> {
    let forbidden = ["todo!(", "unimplemented!(", ".unwrap()", "dbg!("];
    lines_with(
        tree,
        |path| path.starts_with("src/"),
        |code| outside_tests(&code_only(code)),
        |line| forbidden.iter().any(|word| line.contains(word)),
    )
}

/// `path:line: text` of the Rust lines that match, after `prepare`.
fn lines_with(
    tree: &Tree,
    of: impl Fn(&str) -> bool,
    prepare: impl Fn(&str) -> String,
    matches: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in rust_files(tree, "").filter(|(path, _)| of(path)) {
        for (k, line) in prepare(text).lines().enumerate().filter(|(_, line)| matches(line)) {
            found.push(format!("{path}:{}: {}", k + 1, line.trim()));
        }
    }
    found
}

/// Source files longer than [`LONGEST`].
fn too_long(tree: &Tree) -> Vec<String> {
    let source = |path: &str| [".rs", ".wgsl", ".py", ".sh"].iter().any(|end| path.ends_with(end));
    tree.iter()
        .filter(|(path, _)| source(path))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|&(_, lines)| lines > LONGEST)
        .map(|(path, lines)| format!("{path} has {lines} lines; the most is {LONGEST}"))
        .collect()
}

/// Files that name a folder of somebody's machine, or take crates from elsewhere than crates.io.
fn names_a_machine(tree: &Tree) -> Vec<String> {
    // In two halves, so that this file does not name them.
    let folders =
        [("ho", "me"), ("ro", "ot"), ("Us", "ers"), ("wo", "rk"), ("m", "nt"), ("sc", "ratch")];
    let folders: Vec<String> = folders.iter().map(|(a, b)| format!("/{a}{b}/")).collect();
    let mut wrong = Vec::new();
    for (path, text) in tree {
        for (k, line) in text.lines().enumerate() {
            let named = folders.iter().any(|folder| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})$".contains(c))
                })
            });
            let elsewhere = path == "Cargo.lock"
                && line.starts_with("source = ")
                && !line.contains("rust-lang/crates.io-index");
            if named || elsewhere {
                wrong.push(format!("{path}:{}: {}", k + 1, line.trim()));
            }
        }
    }
    wrong
}

/// Files and folders that docs/ARCHITECTURE.md names and the tree does not have, and modules it does not name.
fn untrue_architecture(tree: &Tree) -> Vec<String> {
    let Some(text) = tree.get("docs/ARCHITECTURE.md") else {
        return vec!["no docs/ARCHITECTURE.md".into()];
    };
    let mut wrong = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "`()|,;\"*[]".contains(c)) {
        let word = word.trim_end_matches(['.', ':']);
        let of_tree =
            ["src/", "shaders/", "tests/", "docs/", "examples/", "benches/", "bench-data/"];
        if of_tree.iter().any(|f| word.starts_with(f)) && !word.contains('<') {
            let exists = tree.keys().any(|path| {
                path == word || path.starts_with(&format!("{}/", word.trim_end_matches('/')))
            });
            if !exists {
                wrong.push(format!("docs/ARCHITECTURE.md names {word}, which does not exist"));
            }
        }
    }
    for (module, _) in MAY_USE {
        if !text.contains(module) {
            wrong.push(format!("docs/ARCHITECTURE.md does not name module {module}"));
        }
    }
    wrong
}

fn assert_none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_module_uses_only_what_stands_above_it() {
    let tree = checkout();
    let arrows = forbidden_arrows(&tree, "src/", 0, MAY_USE);
    assert_none("arrows that MAY_USE does not have", &arrows);
    let arrows = forbidden_arrows(&tree, "src/pipeline/", 1, PIPELINE_MAY_USE);
    assert_none("arrows that PIPELINE_MAY_USE does not have", &arrows);
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    assert_none("circles", &circles(&checkout()));
}

#[test]
fn the_tables_point_upwards_only_and_list_every_module() {
    for (table, file) in [(MAY_USE, "src/lib.rs"), (PIPELINE_MAY_USE, "src/pipeline/mod.rs")] {
        let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        for (k, (name, may)) in table.iter().enumerate() {
            assert!(
                may.iter().all(|to| names[..k].contains(to)),
                "{name} may use something that does not stand above it"
            );
        }
        let text = checkout()[file].clone();
        let modules = text.lines().filter_map(|line| {
            line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')
        });
        let missing: Vec<String> =
            modules.filter(|m| !names.contains(m)).map(String::from).collect();
        assert_none(&format!("modules of {file} that the table does not list"), &missing);
    }
}

#[test]
fn no_room_enters_another() {
    assert_none("rooms entered", &rooms_entered(&checkout()));
}

#[test]
fn every_shader_has_its_room_its_twin_and_its_test() {
    let tree = checkout();
    assert!(!rooms(&tree).is_empty());
    assert_none("incomplete rooms", &incomplete_rooms(&tree));
}

#[test]
fn every_shader_says_what_a_thread_does_and_names_its_two_rust_files() {
    assert_none("shaders", &unintroduced_shaders(&checkout()));
}

#[test]
fn wgpu_is_named_in_gpu_only() {
    assert_none("wgpu outside src/gpu", &wgpu_outside_gpu(&checkout()));
}

#[test]
fn nothing_shipped_is_unfinished_or_unwraps() {
    assert_none("unfinished or unwrapping", &unfinished(&checkout()));
}

#[test]
fn no_file_is_too_long() {
    assert_none("long files", &too_long(&checkout()));
}

#[test]
fn no_file_names_a_machine() {
    assert_none("machine paths", &names_a_machine(&checkout()));
}

#[test]
fn the_architecture_page_is_true_to_the_tree() {
    assert_none("docs/ARCHITECTURE.md", &untrue_architecture(&checkout()));
}
