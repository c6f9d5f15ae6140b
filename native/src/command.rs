//! WASI commands: one process-like run per request, preview 1 modules and 0.2 components.

use crate::cgi::{self, CgiOutput};
use crate::component::{ComponentState, HANDLES};
use crate::exit::exit_status;
use crate::host::{Host, Output};
use crate::limits::{Denied, Limits};
use crate::sandbox::{Request, Spec};
use crate::stdio::{BodyInput, LogOutput, Pieces, ResponseOutput};
use std::rc::Rc;
use std::sync::Arc;
use wasmtime::{Error, InstancePre, Result, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{WasiCtxBuilder, WasiView};

/// What a command that answers a request sees as its own name.
const NAME: &str = "command";

/// How a command is started.
pub enum Start {
    /// It answers a request: variables of CGI, and a response out of standard output.
    Request(Request),
    /// It runs as a program: these arguments, its own name first, and streams as they are.
    Program(Vec<String>),
}

pub struct CommandState {
    pub limits: Limits,
    wasi: WasiP1Ctx,
}

impl CommandState {
    pub fn wasi(&mut self) -> &mut WasiP1Ctx {
        &mut self.wasi
    }
}

/// How a run ended, and which limits it had hit.
pub struct Ended {
    pub status: Result<i32>,
    pub denied: Denied,
}

/// Streams and variables of one run.
struct Run {
    wasi: WasiCtxBuilder,
    output: ResponseOutput,
}

impl Run {
    fn new(mut wasi: WasiCtxBuilder, host: &Arc<Host>, start: &Start) -> Run {
        let (output, pieces) = match start {
            Start::Request(request) => {
                wasi.arg(NAME).envs(&cgi::environment(request));
                (CgiOutput::new(host.clone()), Pieces::Lines)
            }
            Start::Program(arguments) => {
                wasi.args(arguments);
                (CgiOutput::without_head(host.clone()), Pieces::AsWritten)
            }
        };
        let output = ResponseOutput::new(output);
        wasi.stdin(BodyInput::new(host.clone())).stdout(output.clone()).stderr(LogOutput::new(
            host.clone(),
            Output::Stderr,
            pieces,
        ));
        Run { wasi, output }
    }
}

/// A command, linked.
pub enum CommandProgram {
    Module(InstancePre<CommandState>),
    Component(CommandPre<ComponentState>),
}

/// A command between its runs: each has a store of its own, only the open directories can wait.
pub struct CommandGuest {
    program: Rc<CommandProgram>,
    wasi: Option<WasiCtxBuilder>,
}

impl CommandGuest {
    pub fn new(program: Rc<CommandProgram>, spec: &Spec) -> Result<CommandGuest> {
        Ok(CommandGuest { program, wasi: Some(spec.wasi()?) })
    }

    pub async fn run(&mut self, spec: &Spec, host: &Arc<Host>, start: &Start) -> Ended {
        let opened = self.wasi.take().map_or_else(|| spec.wasi(), Ok);
        let wasi = match opened {
            Ok(wasi) => wasi,
            Err(error) => return Ended { status: Err(error), denied: Denied::default() },
        };
        match &*self.program {
            CommandProgram::Module(pre) => run_module(pre, wasi, spec, host, start).await,
            CommandProgram::Component(pre) => run_component(pre, wasi, spec, host, start).await,
        }
    }
}

async fn run_module(
    pre: &InstancePre<CommandState>,
    wasi: WasiCtxBuilder,
    spec: &Spec,
    host: &Arc<Host>,
    start: &Start,
) -> Ended {
    let mut run = Run::new(wasi, host, start);
    let mut wasi = run.wasi.build_p1();
    wasi.ctx().table.set_max_capacity(HANDLES);
    let state = CommandState { limits: spec.limits(host), wasi };
    let store = spec.store(pre.module().engine(), state, |state| &mut state.limits);
    let enter = async |store: &mut _| start_module(pre, store, host).await;
    run_alone(store, |state| &state.limits, enter, &run.output).await
}

async fn start_module(
    pre: &InstancePre<CommandState>,
    store: &mut Store<CommandState>,
    host: &Host,
) -> Result<i32> {
    let instance = pre.instantiate_async(&mut *store).await?;
    host.set_instantiated();
    let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
    start.call_async(store, ()).await.map(|()| 0)
}

async fn run_component(
    pre: &CommandPre<ComponentState>,
    wasi: WasiCtxBuilder,
    spec: &Spec,
    host: &Arc<Host>,
    start: &Start,
) -> Ended {
    let mut run = Run::new(wasi, host, start);
    let state = ComponentState::new(spec.limits(host), run.wasi.build(), host.clone());
    let store = spec.store(pre.engine(), state, |state| &mut state.limits);
    let enter = async |store: &mut _| start_component(pre, store, host).await;
    run_alone(store, |state| &state.limits, enter, &run.output).await
}

async fn start_component(
    pre: &CommandPre<ComponentState>,
    store: &mut Store<ComponentState>,
    host: &Host,
) -> Result<i32> {
    let command = pre.instantiate_async(&mut *store).await?;
    host.set_instantiated();
    let result = command.wasi_cli_run().call_run(store).await?;
    Ok(if result.is_ok() { 0 } else { 1 })
}

/// Runs the guest of `store`, then turns its `exit` into a status and writes what is left of its
/// response.
async fn run_alone<T: 'static>(
    mut store: Store<T>,
    limits: fn(&T) -> &Limits,
    enter: impl AsyncFnOnce(&mut Store<T>) -> Result<i32>,
    output: &ResponseOutput,
) -> Ended {
    let returned = enter(&mut store).await;
    let denied = limits(store.data()).denied();
    // The guest's memory is free before a slow client has read its answer.
    drop(store);
    let status = returned.or_else(|error: Error| exit_status(&error).ok_or(error));
    let status = match status {
        Ok(status) => output.finish(status).await.map(|()| status),
        Err(error) => Err(error),
    };
    Ended { status, denied }
}
