//! Quiet for drivers: a layer of Mesa looks for a Wayland display whenever Vulkan lists its devices, and where nothing says where
//! displays are it writes "XDG_RUNTIME_DIR is invalid or not set" into the user's terminal, once or more a command.
//!
//! Only the environment can silence it, which a running process cannot change without unsafe code; it can give itself up for a
//! new start of itself (exec: the same process, two milliseconds). That is done where a driver may be opened, and once.

#[cfg(target_os = "linux")]
use std::path::Path;

/// The place where displays would be, and are not.
#[cfg(target_os = "linux")]
const NOWHERE: &str = "/dev/null";
#[cfg(target_os = "linux")]
const NAME: &str = "XDG_RUNTIME_DIR";

/// Starts the process anew with the variable set, where that helps; goes on where it cannot.
#[cfg(target_os = "linux")]
pub(super) fn hush() {
    use std::os::unix::process::CommandExt;
    let words: Vec<String> =
        std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    // What is no absolute path Mesa takes for none.
    let is_known = std::env::var_os(NAME).is_some_and(|path| Path::new(&path).is_absolute());
    if is_known || !may_open(&words) && !crate::gpu::may_have_hardware() {
        return;
    }
    // Under a name of its own (boldly, boldly-0.1.0) it is not run by something else: a loader, a debugger.
    let Ok(program) = std::env::current_exe() else { return };
    if !program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("boldly")) {
        return;
    }
    let mut words = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    let _ = again.args(words).env(NAME, NOWHERE).exec(); // comes back only where it failed
}

/// Elsewhere no driver says it.
#[cfg(not(target_os = "linux"))]
pub(super) fn hush() {}

/// Whether a command line asks for a driver by itself.
#[cfg(target_os = "linux")]
fn may_open(words: &[String]) -> bool {
    let device =
        words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--device") {
            Some("") => words.get(at + 1).cloned(),
            Some(value) => value.strip_prefix('=').map(str::to_owned),
            None => None,
        });
    match device.as_deref() {
        Some("cpu" | "auto") => false,
        Some(_) => true,
        None => words.get(1).is_some_and(|command| command == "devices"),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_opened_where_a_device_other_than_the_cpu_is_asked_for() {
        let may = |line: &str| may_open(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(may("boldly glm x --device gpu") && may("boldly smooth x --device=llvmpipe"));
        assert!(may("boldly devices") && may("boldly devices --device NVIDIA"));
        assert!(!may("boldly glm x --device cpu") && !may("boldly smooth x --device=cpu"));
        assert!(!may("boldly glm x") && !may("boldly glm x --device auto"));
    }
}
