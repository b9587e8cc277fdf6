//! Compiles the C shim against the installed libvpx and links both.

use std::path::Path;
use std::process::exit;

/// The oldest libvpx whose headers the shim was written for.
const OLDEST_LIBVPX: &str = "1.8.0";

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

    for path in &vpx.link_paths {
        println!("cargo:rustc-link-search=native={}", path.display());
    }
    // Distributions without the archive get the shared library, and one more file to ship.
    let archive = vpx
        .link_paths
        .iter()
        .any(|path: &std::path::PathBuf| has_archive(path));
    println!(
        "cargo:rustc-link-lib={}=vpx",
        if archive { "static" } else { "dylib" }
    );
    if std::env::var("CARGO_CFG_UNIX").is_ok() {
        println!("cargo:rustc-link-lib=m");
        println!("cargo:rustc-link-lib=pthread");
    }
}

fn has_archive(folder: &Path) -> bool {
    folder.join("libvpx.a").exists()
}
