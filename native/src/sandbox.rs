//! A sandbox: limits and grants, and the guest between its calls.

use crate::abi;
use crate::command::CommandGuest;
use crate::host::Host;
use crate::http::HttpGuest;
use crate::image::{Image, Program};
use crate::limits::Limits;
use crate::module::ModuleGuest;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use wasmtime::{Engine, ResourceLimiter, Result, Store, ensure, format_err};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// One request's head, owned.
pub struct Request {
    pub method: String,
    pub scheme: String,
    pub authority: String,
    pub path_with_query: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub content_length: Option<u64>,
}

impl Request {
    /// # Safety
    /// What `request` points to must be valid during the call.
    pub unsafe fn copy(request: &abi::Request) -> Result<Request> {
        let text = |text: abi::Str| -> Result<String> { Ok(unsafe { text.text()? }.to_owned()) };
        let fields = unsafe { abi::slice(request.headers, request.headers_len) };
        let field = |pair: &abi::Pair| -> Result<(String, Vec<u8>)> {
            Ok((text(pair.name)?, unsafe { pair.value.bytes() }.to_vec()))
        };
        Ok(Request {
            method: text(request.method)?,
            scheme: text(request.scheme)?,
            authority: text(request.authority)?,
            path_with_query: text(request.path_with_query)?,
            headers: fields.iter().map(field).collect::<Result<_>>()?,
            content_length: request.has_content_length.then_some(request.content_length),
        })
    }
}

/// What a sandbox is made with.
pub struct Spec {
    memory: u64,
    table_elements: u32,
    host_calls: usize,
    env: Vec<(String, String)>,
    dirs: Vec<Dir>,
}

struct Dir {
    host_path: String,
    guest_path: String,
    permissions: FsPerms,
}

impl Spec {
    /// # Safety
    /// What `config` points to must be valid during the call.
    pub unsafe fn copy(config: &abi::SandboxConfig) -> Result<Spec> {
        let text = |text: abi::Str| -> Result<String> { Ok(unsafe { text.text()? }.to_owned()) };
        let variable = |pair: &abi::Pair| Ok((text(pair.name)?, text(pair.value)?));
        let dir = |dir: &abi::Dir| -> Result<Dir> {
            Ok(Dir {
                host_path: text(dir.host_path)?,
                guest_path: text(dir.guest_path)?,
                permissions: if dir.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly },
            })
        };
        let env = unsafe { abi::slice(config.env, config.env_len) };
        let dirs = unsafe { abi::slice(config.dirs, config.dirs_len) };
        Ok(Spec {
            memory: config.memory,
            table_elements: config.table_elements,
            host_calls: config.host_calls as usize,
            env: env.iter().map(variable).collect::<Result<_>>()?,
            dirs: dirs.iter().map(dir).collect::<Result<_>>()?,
        })
    }

    pub fn limits(&self, host: &Arc<Host>) -> Limits {
        Limits::new(self.memory, self.table_elements.into(), host.clone())
    }

    /// A store under this sandbox's limits that yields at every tick.
    pub fn store<T: Send + 'static>(
        &self,
        engine: &Engine,
        state: T,
        limits: impl FnMut(&mut T) -> &mut (dyn ResourceLimiter) + Send + Sync + 'static,
    ) -> Store<T> {
        let mut store = Store::new(engine, state);
        store.limiter(limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    /// WASI with the granted variables and directories, opened here; no arguments, no network.
    pub fn wasi(&self) -> Result<WasiCtxBuilder> {
        let mut wasi = WasiCtxBuilder::new();
        // A pool of threads for files would end the process's being single-threaded.
        wasi.allow_blocking_current_thread(true).envs(&self.env);
        for dir in &self.dirs {
            wasi.preopened_dir(&dir.host_path, &dir.guest_path, dir.permissions)
                .map_err(|error| error.context(format!("open directory {}", dir.host_path)))?;
        }
        Ok(wasi)
    }
}

/// A guest that is not running.
pub enum Guest {
    Module(ModuleGuest),
    Http(HttpGuest),
    Command(Box<CommandGuest>),
}

pub struct Sandbox {
    /// `None` while a call runs, and for ever when that call did not return.
    pub guest: RefCell<Option<Guest>>,
    pub spec: Spec,
    pub host: Arc<Host>,
    pub image: Rc<Image>,
}

impl Sandbox {
    pub fn new(image: Rc<Image>, spec: Spec) -> Result<Sandbox> {
        let config = &image.engine.config;
        ensure!(
            spec.memory <= config.max_memory,
            "the memory limit of {} bytes is above the engine's of {}",
            spec.memory,
            config.max_memory
        );
        ensure!(
            spec.table_elements <= config.max_table_elements,
            "the limit of {} table elements is above the engine's of {}",
            spec.table_elements,
            config.max_table_elements
        );
        let host = Host::new(spec.host_calls);
        let guest = match &image.program {
            Program::Module(module) => {
                Guest::Module(ModuleGuest::new(module.clone(), &spec, &host))
            }
            Program::Http(pre) => Guest::Http(HttpGuest::new(pre.clone(), &spec, &host)?),
            Program::Command(command) => {
                Guest::Command(Box::new(CommandGuest::new(command.clone(), &spec)?))
            }
        };
        Ok(Sandbox { guest: RefCell::new(Some(guest)), spec, host, image })
    }

    pub fn take_guest(&self) -> Result<Guest> {
        self.guest.take().ok_or_else(|| {
            format_err!("the sandbox cannot be called: its last call is running or did not return")
        })
    }
}
