//! Commands that end at once in one folder, and one that was killed there.

use super::*;

#[test]
fn of_two_analyses_that_give_their_names_at_once_one_stands_whole_and_the_other_is_refused() {
    let folder = study();
    let dir = folder.path();
    fs::create_dir(dir.join("out")).unwrap();
    let turn = fs::File::create(dir.join("out/.boldly-commit.lock")).unwrap();
    turn.lock().unwrap();
    let lines = [glm("out"), glm("out").replace("--contrast pain", "--contrast control")];
    let started = lines.each_ref().map(|line| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_boldly"));
        command.args(line.split(' ')).current_dir(dir).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    });
    let n_waiting = || {
        let names = fs::read_dir(dir.join("out")).unwrap().map(|e| e.unwrap().file_name());
        let names = names.map(|n| n.to_string_lossy().into_owned());
        names.filter(|n| n.ends_with(".lock") && n.len() > 40).count()
    };
    for _ in 0..600 {
        if n_waiting() == 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(n_waiting(), 2, "both have begun to write");
    drop(turn);
    let ended = started.map(|child| child.wait_with_output().unwrap());
    let mut codes = ended.each_ref().map(|output| output.status.code());
    codes.sort_unstable();
    let texts = ended.map(|output| said(&output));
    assert_eq!(codes, [Some(0), Some(2)], "{texts:?}");
    assert!(texts.concat().contains("holds another analysis"), "{texts:?}");
    run(dir, "verify out -q");
    let names = fs::read_dir(dir.join("out")).unwrap().map(|e| e.unwrap().file_name());
    let names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
    let of = |contrast: &str| names.iter().any(|name| name.contains(contrast));
    assert!(of("control") != of("pain"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
}

/// As a kill leaves it: every map has its name, and no sidecar has. Gives how many.
fn kill_among_renames(out: &Path) -> usize {
    let id = "0123456789abcdef0123456789abcdef";
    let sidecars: Vec<_> = fs::read_dir(out).unwrap().map(|e| e.unwrap().path()).collect();
    let sidecars = sidecars.iter().filter(|p| p.extension().is_some_and(|e| e == "json"));
    let mut files = Vec::new();
    for (n, path) in sidecars.enumerate() {
        let temporary = format!(".boldly-{id}-{n}.tmp");
        fs::rename(path, out.join(&temporary)).unwrap();
        let target = json!({ "path": path.file_name().unwrap().to_str(), "held": null });
        files.push(json!({ "temporary": temporary, "target": target, "is_sidecar": true }));
    }
    assert!(files.len() > 5);
    let target = json!({ "path": "design.tsv", "held": null });
    let temporary = format!(".boldly-{id}-given.tmp");
    files.push(json!({ "temporary": temporary, "target": target, "is_sidecar": false }));
    let commit = json!({ "Commit": { "files": &files, "removed": [], "folders": [""] } });
    fs::write(out.join(format!(".boldly-{id}.commit")), commit.to_string()).unwrap();
    let system = fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    fs::write(out.join(format!(".boldly-{id}.lock")), system).unwrap();
    files.len()
}

#[test]
fn a_command_that_was_killed_among_its_renames_is_finished_by_the_next_one_which_says_so() {
    let folder = study();
    let dir = folder.path();
    run(dir, &glm("out"));
    let out = dir.join("out");
    let n = kill_among_renames(&out);
    let bold = boldly::simulate::write::paths::BOLD;
    let line = format!("glm study/{bold} --design out/design.tsv --contrast pain --out again");
    let text = said(&boldly(dir, &line));
    assert!(text.contains("design.tsv is of a") && text.contains("verify"), "{text}");
    let says = format!(
        "an earlier command was ended while it gave its files their names; that is finished now ({n} files)"
    );
    let text = said(&succeeded("verify", boldly(dir, "verify out")));
    assert!(text.contains(&says), "{text}");
    kill_among_renames(&out);
    let output = succeeded("glm", boldly(dir, &glm("out").replace(" -q", "")));
    let text = said(&output);
    assert!(text.contains(&format!("warning: out: {says}")), "{text}");
    run(dir, "verify out -q");
    assert!(
        fs::read_dir(&out).unwrap().all(|e| !e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.'))
    );
}
