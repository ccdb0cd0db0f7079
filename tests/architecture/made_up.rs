//! Each check sees the fault it is for, in a made-up tree, and nothing where there is none.

use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    files.iter().map(|&(path, text)| (path.to_string(), text.to_string())).collect()
}

fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    forbidden_arrows(&tree(files), "src/", 0, MAY_USE)
}

#[test]
fn an_arrow_inside_pipeline_against_the_order_is_seen() {
    let inside =
        |path, text| forbidden_arrows(&tree(&[(path, text)]), "src/pipeline/", 1, PIPELINE_MAY_USE);
    let wrong = ["src/pipeline/spec/order.rs:1: spec uses glm"];
    assert_eq!(inside("src/pipeline/spec/order.rs", "use crate::pipeline::glm::run;"), wrong);
    assert_eq!(inside("src/pipeline/spec/order.rs", "use super::super::{glm, tsnr::X};").len(), 2);
    let text = "use crate::pipeline::spec::Role;\nuse crate::glm::spec;\nuse super::files::Role;";
    assert_none(text, &inside("src/pipeline/glm.rs", text));
}

#[test]
fn a_circle_is_seen_in_whichever_folder_it_is() {
    let of = |a, b| {
        let files = [
            ("src/io/mod.rs", ""),
            ("src/io/a.rs", a),
            ("src/io/b/mod.rs", b),
            ("src/io/c.rs", ""),
        ];
        circles(&tree(&files))
    };
    let wrong = ["in crate::io: a uses b", "in crate::io: b uses a"];
    assert_eq!(of("use super::b::B;", "use crate::io::a::A;"), wrong);
    assert_none("one way", &of("use super::b::B;\nuse super::{c, Io};", "use super::c::C;"));
}

#[test]
fn an_arrow_against_the_order_is_seen_however_it_is_written() {
    for (text, line) in [
        ("use crate::design::Design;", 1),
        ("\nuse crate::{error::Error, design};", 2),
        ("fn f() { crate::design::build() }", 1),
        ("use super::super::design::Design;", 1),
        ("use crate::{\n    error::{Error, Result},\n    design::{self, hrf},\n};", 1),
    ] {
        let wrong = arrows(&[("src/physio/beats.rs", text)]);
        assert_eq!(wrong, [format!("src/physio/beats.rs:{line}: physio uses design")], "{text}");
    }
    for text in [
        "use crate::error::Result;",
        "// crate::design::build",
        "/// As [`crate::design`] does.",
        "const S: &str = \"crate::design::x\";",
        "const S: &str = r#\"crate::design::x\"#;",
        "#[cfg(test)]\nmod tests {\n    use crate::design::Design;\n}",
        "use super::phase;",
    ] {
        assert_none(text, &arrows(&[("src/physio/beats.rs", text)]));
    }
    assert_eq!(arrows(&[("src/misc.rs", "")]), ["src/misc.rs: module misc is not in the table"]);
}

#[test]
fn a_room_that_enters_another_is_seen() {
    let with = |path, text| {
        rooms_entered(&tree(&[
            (path, text),
            ("src/kernels/glm/mod.rs", ""),
            ("src/kernels/smooth/mod.rs", ""),
        ]))
    };
    let wrong = ["src/kernels/smooth/gpu.rs:1: room smooth enters room glm"];
    assert_eq!(with("src/kernels/smooth/gpu.rs", "use crate::kernels::glm::Model;"), wrong);
    assert_eq!(with("src/kernels/smooth/gpu.rs", "use super::super::glm;"), wrong);
    assert_none(
        "own door",
        &with("src/kernels/smooth/gpu.rs", "use super::Taps;\nuse crate::kernels::smooth::Taps;"),
    );
    assert_none(
        "listed",
        &with("src/kernels/contrast/mod.rs", "use crate::kernels::glm::{Fit, Model};"),
    );
}

#[test]
fn a_shader_without_its_room_is_seen() {
    let wrong =
        incomplete_rooms(&tree(&[("shaders/smooth.wgsl", ""), ("src/kernels/smooth/mod.rs", "")]));
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert_eq!(
        incomplete_rooms(&tree(&[("src/kernels/glm/mod.rs", "")]))[0],
        "room glm lacks shaders/glm.wgsl"
    );
    assert_none("the probe has no room", &incomplete_rooms(&tree(&[("shaders/probe.wgsl", "")])));
}

#[test]
fn a_shader_that_does_not_say_what_it_does_is_seen() {
    let with = |header: &str| {
        let shader = format!("{header}\n\nstruct Params {{}} // src/kernels/glm/cpu.rs\n");
        unintroduced_shaders(&tree(&[
            ("shaders/glm.wgsl", &shader),
            ("src/kernels/glm/mod.rs", ""),
        ]))
    };
    let full =
        "// y = x. One\n// thread per voxel.\n// src/kernels/glm/gpu.rs, src/kernels/glm/cpu.rs";
    assert_none("a full header", &with(full));
    assert_eq!(with(&full.replace("cpu.rs", "")).len(), 1);
    assert_eq!(with("").len(), 3);
}

#[test]
fn wgpu_in_a_room_is_seen() {
    let wrong = wgpu_outside_gpu(&tree(&[
        ("src/kernels/smooth/gpu.rs", "fn f(b: &wgpu::Buffer) {}"),
        ("src/gpu/mod.rs", "use wgpu::Buffer;"),
        ("src/cli/devices.rs", "// wgpu lists them\nlet what = \"wgpu\";"),
    ]));
    assert_eq!(wrong, ["src/kernels/smooth/gpu.rs:1: fn f(b: &wgpu::Buffer) {}"]);
}

#[test]
fn a_todo_or_an_unwrap_is_seen_outside_tests_only() {
    for text in ["fn f() { todo!() }", "fn f() { unimplemented!() }", "let c = '\"'; x.unwrap();"] {
        assert_eq!(unfinished(&tree(&[("src/io/read.rs", text)])).len(), 1, "{text}");
    }
    let fine = "fn f() { x.unwrap_or(0) } // todo!()\n#[cfg(test)]\nmod tests { fn g() { x.unwrap(); } }\n";
    assert_none(
        "tests",
        &unfinished(&tree(&[("src/io/read.rs", fine), ("tests/io.rs", "x.unwrap();")])),
    );
    assert_eq!(
        unfinished(&tree(&[("src/io/read.rs", &format!("{fine}fn h() {{ y.unwrap(); }}"))])).len(),
        1
    );
}

#[test]
fn a_long_file_is_seen() {
    let lines = |n: usize| "x\n".repeat(n);
    let wrong = too_long(&tree(&[
        ("src/a.rs", &lines(LONGEST + 1)),
        ("src/b.rs", &lines(LONGEST)),
        ("Cargo.lock", &lines(9999)),
    ]));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn a_machine_path_is_seen() {
    let folder = format!("/{}{}/", "ho", "me");
    for line in
        [format!("{folder}me/data"), format!("open(\"{folder}me\")"), format!("see {folder}me.")]
    {
        assert_eq!(names_a_machine(&tree(&[("docs/a.md", &line)])).len(), 1, "{line}");
    }
    assert_none(
        "a part of a relative path",
        &names_a_machine(&tree(&[("docs/a.md", &format!("their{folder}x"))])),
    );
    let lock = "source = \"registry+https://example.org/index\"";
    assert_eq!(names_a_machine(&tree(&[("Cargo.lock", lock)])).len(), 1);
}

#[test]
fn an_architecture_page_that_names_what_is_not_there_is_seen() {
    let names: Vec<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let page = |extra: &str| {
        tree(&[
            ("docs/ARCHITECTURE.md", &format!("{} {extra}", names.join(" "))),
            ("src/io/read.rs", ""),
        ])
    };
    assert_none(
        "what is there",
        &untrue_architecture(&page("`src/io/read.rs` src/io/, shaders/<room>.wgsl")),
    );
    assert_eq!(untrue_architecture(&page("`src/io/reed.rs`")).len(), 1);
    assert!(!untrue_architecture(&tree(&[("docs/ARCHITECTURE.md", "error")])).is_empty());
}
