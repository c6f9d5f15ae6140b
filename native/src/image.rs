//! Native code, mapped, with everything that can be prepared once per artifact.

use crate::command::CommandProgram;
use crate::component::ComponentState;
use crate::engine::Engine;
use crate::module::{ModuleProgram, is_command};
use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Mutex;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{CustomCodeMemory, Error, Module, Precompiled, Result, bail, format_err};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A guest of one of the kinds, ready to be instantiated.
pub enum Program {
    Http(Rc<ProxyPre<ComponentState>>),
    Command(Rc<CommandProgram>),
    Module(Rc<ModuleProgram>),
}

impl Program {
    /// Links a core module. Fails when it imports what no host of ours provides.
    pub fn of_module(engine: &Engine, module: &Module) -> Result<Program> {
        if is_command(module) {
            let command = engine.commands.instantiate_pre(module)?;
            return Ok(Program::Command(Rc::new(CommandProgram::Module(command))));
        }
        Ok(Program::Module(Rc::new(ModuleProgram::new(engine, module)?)))
    }

    /// Links a component by what it exports.
    pub fn of_component(engine: &Engine, component: &Component) -> Result<Program> {
        let pre: InstancePre<ComponentState> = engine.components.instantiate_pre(component)?;
        if let Ok(http) = ProxyPre::new(pre.clone()) {
            return Ok(Program::Http(Rc::new(http)));
        }
        match CommandPre::new(pre) {
            Ok(command) => Ok(Program::Command(Rc::new(CommandProgram::Component(command)))),
            Err(_) => bail!(
                "the component exports neither wasi:http/incoming-handler nor wasi:cli/run \
                 (version 0.2)"
            ),
        }
    }
}

pub struct Image {
    pub program: Program,
    pub engine: Rc<Engine>,
}

impl Image {
    /// Maps the native code in `fd`.
    ///
    /// # Safety
    /// `fd` must hold what `compile` made, unmodified, and nobody may change it.
    pub unsafe fn load(engine: &Rc<Engine>, fd: BorrowedFd<'_>) -> Result<Image> {
        let file = File::from(fd.try_clone_to_owned()?);
        let mapping = Mapping::new(&file)?;
        let program = match wasmtime::Engine::detect_precompiled(mapping.bytes()) {
            Some(Precompiled::Module) => {
                drop(mapping);
                // SAFETY: the caller vouches for the file.
                let module = unsafe { Module::deserialize_open_file(&engine.wasm, file)? };
                Program::of_module(engine, &module)?
            }
            Some(Precompiled::Component) => {
                // The engine opens a component's file by path only, and a confined cell has none.
                // SAFETY: as above; the mapping is unmapped by the code's own destructor.
                let component = engine.mappings.adopt(mapping, |memory| unsafe {
                    Component::deserialize_raw(&engine.wasm, memory)
                })?;
                Program::of_component(engine, &component)?
            }
            None => bail!("not native code of this engine"),
        };
        Ok(Image { program, engine: engine.clone() })
    }
}

/// A private, read-only mapping of a whole file.
struct Mapping(NonNull<[u8]>);

// SAFETY: the mapping is owned and immutable.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(file: &File) -> Result<Mapping> {
        let len = usize::try_from(file.metadata()?.len())?;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ,
                libc::MAP_PRIVATE,
                file.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            let cause = Error::from(std::io::Error::last_os_error());
            return Err(cause.context("map native code"));
        }
        let base = NonNull::new(base.cast()).ok_or_else(|| format_err!("mapped at zero"))?;
        Ok(Mapping(NonNull::slice_from_raw_parts(base, len)))
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as `self` lives.
        unsafe { self.0.as_ref() }
    }

    fn contains(&self, address: *const u8) -> bool {
        self.bytes().as_ptr_range().contains(&address)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is the one that `new` mapped, and nobody refers to it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), self.0.len()) };
    }
}

/// Owns the mappings that code was made from in place. The engine says when it is done with one:
/// code may outlive its image, because pool slots remember the last image they held.
#[derive(Default)]
pub struct CodeMappings(Mutex<Vec<Mapping>>);

impl CodeMappings {
    /// Lets `load` make code from `mapping`, which lives until the engine unpublishes that code, or
    /// until `load` fails.
    fn adopt<T>(
        &self,
        mapping: Mapping,
        load: impl FnOnce(NonNull<[u8]>) -> Result<T>,
    ) -> Result<T> {
        let memory = mapping.0;
        self.lock().push(mapping);
        load(memory).inspect_err(|_| self.release(memory.cast().as_ptr()))
    }

    fn release(&self, address: *const u8) {
        self.lock().retain(|mapping| !mapping.contains(address));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Mapping>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl CustomCodeMemory for CodeMappings {
    fn required_alignment(&self) -> usize {
        // SAFETY: sysconf has no preconditions.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
    }

    fn publish_executable(&self, code: *const u8, len: usize) -> Result<()> {
        // SAFETY: the engine passes the page-aligned text of code that it is about to run.
        let done = unsafe {
            libc::mprotect(code.cast_mut().cast(), len, libc::PROT_READ | libc::PROT_EXEC)
        };
        if done != 0 {
            return Err(Error::from(std::io::Error::last_os_error()).context("publish code"));
        }
        Ok(())
    }

    fn unpublish_executable(&self, code: *const u8, _: usize) -> Result<()> {
        self.release(code);
        Ok(())
    }
}
