//! Puts the C API's headers beside the archive, in `<target>/<profile>/include`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DEP_WASMTIME_C_API_INCLUDE");
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or(io::ErrorKind::NotFound);
    let headers = variable("DEP_WASMTIME_C_API_INCLUDE")?;
    // <target>/<profile>/build/<package>/out
    let out = variable("OUT_DIR")?;
    let profile = out.ancestors().nth(3).ok_or(io::ErrorKind::NotFound)?;
    copy(&headers, &profile.join("include"))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
