#!/usr/bin/env bash
# Everything CI runs, in one command: format, lints, docs, the adapter, examples, tests.
# Needs a Rust toolchain with a C linker. The GPU tests run on Mesa's software adapter (lavapipe), which this script
# installs where it is missing, or unpacks under target/mesa when it may not install.
#
#   BOLDLY_TEST_ADAPTER   part of the name of another adapter to run the GPU tests on, a hardware one
#   BOLDLY_CHROMIUM       the browser that looks at reports, if another than chromium on the path
#   BOLDLY_BIDS_VALIDATOR the program bids-validator-deno, if another than the one that is put under target/
#   BOLDLY_DATA           folder of real recordings; CI=true makes missing ones a failure
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD
mesa=$root/target/mesa
packages=(mesa-vulkan-drivers libvulkan1)

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

# The driver description of lavapipe: the system's, or the unpacked one.
lavapipe() {
    local file
    for file in "$mesa"/lvp_icd.json /usr/share/vulkan/icd.d/lvp_icd*.json /etc/vulkan/icd.d/lvp_icd*.json; do
        [[ -e $file ]] && echo "$file" && return
    done
    return 1
}

install_lavapipe() {
    [[ $EUID -eq 0 ]] || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -qq install -y --no-install-recommends "${packages[@]}"
}

# Without root: fetch the missing packages with package lists of our own, and unpack them here.
unpack_lavapipe() {
    local apt=$mesa/apt options missing library
    mkdir -p "$apt"/lists/partial "$apt"/archives/partial "$mesa"/root
    options=(-q -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt" -o Debug::NoLocking=1 -o APT::Sandbox::User=)
    apt-get "${options[@]}" update || return 1
    missing=$(apt-get "${options[@]}" -s install --no-install-recommends "${packages[@]}" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    (cd "$apt/archives" && apt-get "${options[@]}" download $missing) || return 1
    for package in "$apt"/archives/*.deb; do
        dpkg-deb -x "$package" "$mesa/root" || return 1
    done
    rm -rf "$apt"
    library=$(find "$mesa/root" -name libvulkan_lvp.so | head -n 1)
    [[ -n $library ]] || return 1
    dirname "$library" > "$mesa/libraries"
    printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.1.0"}}\n' "$library" > "$mesa/lvp_icd.json"
}

if [[ -z ${BOLDLY_TEST_ADAPTER:-} ]]; then
    if ! lavapipe > /dev/null; then
        command -v apt-get > /dev/null ||
            fail "no lavapipe; install it (mesa-vulkan-drivers, vulkan-swrast), or name an adapter in BOLDLY_TEST_ADAPTER"
        say "getting lavapipe"
        install_lavapipe || unpack_lavapipe || fail "could not get lavapipe; see apt-get's message above"
    fi
    VK_DRIVER_FILES=$(lavapipe)
    export VK_DRIVER_FILES BOLDLY_TEST_ADAPTER=llvmpipe
    if [[ $VK_DRIVER_FILES == "$mesa"/* ]]; then
        libraries=$(cat "$mesa/libraries")
        export LD_LIBRARY_PATH=$libraries:${libraries/\/usr\/lib\//\/lib\/}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
fi
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$(mktemp -d)} # only silences Mesa

# The pages of reports are looked at in Chromium. Where none is there and none can be installed, those tests say so and pass.
if [[ -z ${BOLDLY_CHROMIUM:-} ]]; then
    if ! command -v chromium > /dev/null && [[ $EUID -eq 0 ]] && command -v apt-get > /dev/null; then
        say "getting chromium"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get -q update && apt-get -qq install -y --no-install-recommends chromium; } > /dev/null 2>&1 ||
            say "no chromium to be had: its tests are skipped"
    fi
    if command -v chromium > /dev/null; then
        BOLDLY_CHROMIUM=$(command -v chromium)
        export BOLDLY_CHROMIUM
    fi
fi

# Results are held against the BIDS validator. Where none is there and none can be installed, those tests say so and pass.
if [[ -z ${BOLDLY_BIDS_VALIDATOR:-} ]]; then
    validator=$root/target/bids-validator
    if [[ ! -x $validator/bin/bids-validator-deno ]] && command -v python3 > /dev/null; then
        say "getting the BIDS validator"
        { python3 -m venv "$validator" && "$validator/bin/pip" install --quiet bids-validator-deno==3.0.2; } > /dev/null 2>&1 ||
            say "no BIDS validator to be had: its tests are skipped"
    fi
    if [[ -x $validator/bin/bids-validator-deno ]]; then
        export BOLDLY_BIDS_VALIDATOR=$validator/bin/bids-validator-deno
    fi
fi

# A build from nothing gains nothing from being cut in pieces for the next one, and takes longer (the library 15 minutes of processor time for 9).
[[ -n ${CI:-} ]] && export CARGO_INCREMENTAL=0

say "format"
cargo fmt --check
say "lints"
cargo clippy --locked --all-targets -- -D warnings
say "docs"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
say "adapters"
# With the examples, whose dependencies have what tests ask of them: `cargo run` alone would build the library once more.
cargo build --locked --quiet --bins --examples
adapters=$("${CARGO_TARGET_DIR:-target}/debug/boldly" devices)
printf '%s\n' "$adapters"
grep -qi -- "$BOLDLY_TEST_ADAPTER" <<< "$adapters" || fail "no adapter named $BOLDLY_TEST_ADAPTER above"
say "examples"
for example in examples/*.rs; do
    cargo run --locked --quiet --example "$(basename "$example" .rs)"
done
# The container is built and run where docker is: read-only, without network, as a user of no name.
if command -v docker > /dev/null && docker info > /dev/null 2>&1; then
    say "container"
    .ci/release
    docker build --quiet --file .ci/Dockerfile --target cpu --tag boldly:test .
    study=$(mktemp -d)
    "${CARGO_TARGET_DIR:-target}/debug/boldly" simulate "$study/data" --shape 9,10,8 --voxel-size 12,12,12 --volumes 40 --seed 5 --quiet
    mkdir "$study/out"
    chmod -R a+rX "$study/data" && chmod a+rwx "$study/out"
    contained() {
        docker run --rm --read-only --network none --user 12345:12345 -v "$study/data:/data:ro" -v "$study/out:/out" boldly:test \
            /data /out participant --task pain --contrast pain --strategy 6p --space none --desc-label none --fwhm 20 "$@"
    }
    contained --dry-run > /dev/null
    [[ -z $(ls -A "$study/out") ]] || fail "the container's --dry-run wrote into OUT"
    contained --quiet
    [[ -s $study/out/sub-01.html ]] || fail "the container's run left no page of sub-01"
    # What that user wrote may not be this one's to remove.
    rm -rf "$study" 2> /dev/null || true
fi
# The library once more, with its own tests in it: they are quick, and without optimisation it is built in a fifth of the time.
say "the library's own tests"
cargo test --locked --lib --config profile.dev.package.boldly.opt-level=0
say "tests"
cargo test --locked --bins --test '*'
