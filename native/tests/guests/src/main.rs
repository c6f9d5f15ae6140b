//! `strata-native-guests CORE.wat WORLD.wit > component.wasm`
//!
//! CORE is a module written by the canonical ABI; WORLD's interfaces come from the examples.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::{env, fs, io};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const INTERFACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/wit");

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let (core, world) = args.next().zip(args.next()).ok_or("usage: CORE.wat WORLD.wit")?;
    let mut resolve = Resolve::default();
    resolve.push_dir(INTERFACES)?;
    let package = resolve.push_str(&world, &fs::read_to_string(&world)?)?;
    let world = resolve.select_world(&[package], None)?;
    let mut module = wat::parse_file(core)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let component = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
    io::stdout().write_all(&component)?;
    Ok(())
}
