//! Every input that the fuzz targets kept, replayed without a fuzzer: none may panic.

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, clippy::expect_used, reason = "it is a crate of its own under fuzz")]
mod targets;

#[test]
fn every_input_of_the_fuzz_corpus_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let inputs = fs::read_dir(corpus.join(name)).expect("a folder of inputs");
        let mut paths: Vec<_> = inputs.map(|entry| entry.expect("an input").path()).collect();
        paths.sort();
        assert!(paths.len() > 20, "{name} has {} inputs", paths.len());
        for path in paths {
            let bytes = fs::read(&path).expect("a readable input");
            let done = std::panic::catch_unwind(|| target(&bytes));
            assert!(done.is_ok(), "{name} panics on {}", path.display());
        }
    }
}
