//! What somebody else left under the name of an output is refused before anything is read: here what would be read is gone.

use boldly::io::{Intent, Outputs, read_map};

use super::*;

/// Files below a folder, relative to it.
fn listed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> =
        entries.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The first name of each kind: whatever its entities, it is refused in one way, and a name that is not foreseen is a defect that any debug run shows.
fn one_of_a_kind(made: &[String]) -> Vec<&String> {
    let mut seen = Vec::new();
    let kind = |name: &&String| name.rsplit('_').next().map(str::to_owned);
    made.iter()
        .filter(|name| {
            !seen.contains(&kind(name)) && {
                seen.push(kind(name));
                true
            }
        })
        .collect()
}

/// Runs a command that writes into `folder` alone, takes `input` away, and puts a file of another maker in the place of each output.
#[track_caller]
fn each_is_refused(dir: &Path, line: &str, folder: &str, input: &str) {
    let out = dir.join(folder);
    run(dir, line);
    let made = listed(&out);
    assert!(made.len() > 1, "{line}: {made:?}");
    fs::rename(dir.join(input), dir.join("away")).unwrap();
    for name in one_of_a_kind(&made) {
        fs::remove_dir_all(&out).unwrap();
        fs::create_dir(&out).unwrap();
        fs::write(out.join(name), "mine").unwrap();
        refused(dir, line, 2, &[name, "nothing says that boldly made it", "--overwrite"]);
        assert_eq!(fs::read_to_string(out.join(name)).unwrap(), "mine", "{line}: {name}");
        assert_eq!(listed(&out), [name.as_str()], "{line}");
    }
    fs::rename(dir.join("away"), dir.join(input)).unwrap();
}

#[test]
fn what_another_left_under_the_name_of_an_output_is_refused_before_a_block_is_read() {
    let folder = study();
    let dir = folder.path();
    let (bold, physio) = (format!("study/{}", paths::BOLD), format!("study/{}", paths::PHYSIO));
    let fit = glm("out/") + " --f-contrast both=pain;control --contrast pain-control --residuals";
    each_is_refused(dir, &fit, "out", &bold);
    // an input in the place of an output
    fs::create_dir(dir.join("o")).unwrap();
    fs::copy(dir.join("study").join(paths::MASK), dir.join("o/mask.nii.gz")).unwrap();
    let line = glm("o").replace(&format!("study/{}", paths::MASK), "o/mask.nii.gz");
    fs::rename(dir.join(&bold), dir.join("away")).unwrap();
    for more in ["", " --overwrite"] {
        refused(dir, &format!("{line}{more}"), 2, &["o/mask.nii.gz", "also an input"]);
    }
    fs::rename(dir.join("away"), dir.join(&bold)).unwrap();
    fs::create_dir(dir.join("clean")).unwrap();
    let maps = clean("clean/x_bold.nii") + " --maps clean";
    each_is_refused(dir, &maps, "clean", &bold);
    let line = format!("physio --bold {bold} --physio {physio} --out p/ -q");
    fs::create_dir(dir.join("p")).unwrap();
    each_is_refused(dir, &line, "p", &physio);
    let line = format!("smooth {bold} --fwhm 15 --out s/x.nii.gz -q --device cpu");
    each_is_refused(dir, &line, "s", &bold);
    let line = format!("confounds {bold} --mask study/{} --out f/x.tsv -q", paths::MASK);
    each_is_refused(dir, &(line + " --device cpu"), "f", &bold);
    let seeds = "--seed pag=sphere:0,0,0:30 --seed rest=sphere:40,0,0:30 --coordinates native";
    let line = format!("connect {bold} {seeds} --out c -q --device cpu");
    each_is_refused(dir, &line, "c", &bold);
    // a name that no output has is nobody's business
    let mine = dir.join("p/contrast-pain_stat-t_statmap.nii.gz");
    fs::write(mine, "mine").unwrap();
    run(dir, &format!("physio --bold {bold} --physio {physio} --out p/ -q --overwrite"));
}

#[test]
fn the_same_holds_of_a_group_whatever_its_contrasts_are_called() {
    let folder = study();
    let dir = folder.path();
    let (_, header, values) = read_map(&dir.join("study").join(paths::TRUE_PAIN)).unwrap();
    let mut table = "subject\teffect\n".to_owned();
    let mut outputs = Outputs::new();
    for subject in 0..6_usize {
        let noise = |(at, v): (usize, &f32)| v + ((at * 31 + subject * 17) % 23) as f32 - 10.0;
        let own: Vec<f32> = values.iter().enumerate().map(noise).collect();
        let name = format!("m{subject}.nii");
        outputs.map(&dir.join(&name), &header.for_map(Intent::None), &own).unwrap();
        table += &format!("s{subject}\t{name}\n");
    }
    outputs.commit().unwrap();
    fs::write(dir.join("maps.tsv"), table).unwrap();
    let line = format!(
        "group --maps maps.tsv --model one-sample --permutations 20 --correct fdr,bonferroni --svc s=sphere:0,0,0:20 --roi b=study/{} --out g -q \
         --device cpu",
        paths::BRAINSTEM
    );
    each_is_refused(dir, &line, "g", "maps.tsv");
    let line = "group --maps maps.tsv --model one-sample --permutations 20 --shard 1/2 --out h -q --device cpu";
    each_is_refused(dir, line, "h", "maps.tsv");
}
