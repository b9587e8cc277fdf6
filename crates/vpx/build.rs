//! Compiles the C shim against the installed libvpx and links both.

use std::path::PathBuf;
use std::process::exit;

/// The oldest libvpx whose headers the shim was written for.
const OLDEST_LIBVPX: &str = "1.8.0";

const ARCHIVE: &str = "libvpx.a";

fn main() {
    println!("cargo:rerun-if-changed=src/shim.c");
    let vpx = pkg_config::Config::new()
        .atleast_version(OLDEST_LIBVPX)
        .cargo_metadata(false)
        .probe("vpx")
        .unwrap_or_else(|error| {
            eprintln!("{error}");
            eprintln!();
            eprintln!(
                "visavis needs libvpx {OLDEST_LIBVPX} or newer with its headers, and pkg-config."
            );
            eprintln!("  Debian, Ubuntu:  apt install libvpx-dev pkg-config");
            eprintln!("  Fedora:          dnf install libvpx-devel pkgconf");
            eprintln!("  Arch:            pacman -S libvpx pkgconf");
            eprintln!("  macOS:           brew install libvpx pkgconf");
            exit(1);
        });

    cc::Build::new()
        .file("src/shim.c")
        .includes(&vpx.include_paths)
        .opt_level(2)
        .warnings(true)
        .extra_warnings(true)
        .compile("visavis_vpx_shim");

    let mut folders = vpx.link_paths;
    folders.extend(system_folder());
    for folder in &folders {
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
    // Distributions without the archive get the shared library, and one more file to ship.
    let archive = folders.iter().any(|folder| folder.join(ARCHIVE).exists());
    println!(
        "cargo:rustc-link-lib={}=vpx",
        if archive { "static" } else { "dylib" }
    );
    if std::env::var("CARGO_CFG_UNIX").is_ok() {
        println!("cargo:rustc-link-lib=m");
        println!("cargo:rustc-link-lib=pthread");
    }
}

/// The folder of the archive among those that the compiler looks in by itself: pkg-config does not
/// name them.
fn system_folder() -> Option<PathBuf> {
    let mut compiler = cc::Build::new().get_compiler().to_command();
    let answer = compiler.arg(format!("-print-file-name={ARCHIVE}")).output();
    let path = PathBuf::from(String::from_utf8(answer.ok()?.stdout).ok()?.trim());
    path.is_absolute()
        .then(|| path.parent().map(PathBuf::from))?
}
