//! Puts the files of the page into the binary, as they are and compressed.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, Crc, GzBuilder};

/// Where the page's files are, seen from this package.
const FOLDER: &str = "../../apps/web";

/// What browsers are told that a file is, by the end of its name. Other files
/// (types, notes, settings of tools) are not for browsers.
const MEDIA_TYPES: [(&str, &str); 6] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webmanifest", "application/manifest+json"),
];

fn main() -> io::Result<()> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .ok_or(io::ErrorKind::NotFound)
    };
    let folder = variable("CARGO_MANIFEST_DIR")?.join(FOLDER);
    let out = variable("OUT_DIR")?;
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    collect(&folder, "", &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (number, (path, media_type)) in files.iter().enumerate() {
        let source = folder.join(&path[1..]).canonicalize()?;
        let content = fs::read(&source)?;
        let compressed = out.join(format!("{number}.gz"));
        fs::write(&compressed, compress(&content)?)?;
        let version = version(&content);
        let entry = writeln!(
            table,
            "    File {{ path: {path:?}, media_type: {media_type:?}, version: {version:?}, \
             plain: include_bytes!({source:?}), compressed: include_bytes!({compressed:?}) }},",
        );
        entry.map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

/// All files for browsers in a folder and the folders in it, with their media
/// types.
fn collect(folder: &Path, path: &str, files: &mut Vec<(String, &str)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| io::ErrorKind::InvalidFilename)?;
        let path = format!("{path}/{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
            continue;
        }
        let ends = name.rsplit_once('.').map_or("", |(_, end)| end);
        if let Some((_, media_type)) = MEDIA_TYPES.iter().find(|(end, _)| *end == ends) {
            files.push((path, media_type));
        }
    }
    Ok(())
}

fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// Differs where contents differ. A check sum is enough: nobody gains by a
/// browser that keeps what it has.
fn version(content: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(content);
    format!("{:08x}-{:x}", crc.sum(), content.len())
}
