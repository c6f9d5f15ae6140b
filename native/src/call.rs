//! A call: one future, polled by the host on its own loop.

use crate::abi::HostTable;
use crate::command::{CommandGuest, Start};
use crate::exit::Exit;
use crate::http::HttpGuest;
use crate::image::Program;
use crate::limits::Denied;
use crate::module::ModuleGuest;
use crate::sandbox::{Guest, Request, Sandbox};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasmtime::{Result, Val, bail, format_err};

struct Outcome {
    exit: Exit,
    values: Vec<Val>,
    /// The guest, when it can be called again.
    guest: Option<Guest>,
}

type Run = Pin<Box<dyn Future<Output = Outcome>>>;

pub struct Call {
    /// `None` once the call is done.
    future: Option<Run>,
    /// Bare modules have no timers and no tasks.
    needs_runtime: bool,
    waker: Waker,
    exit: Exit,
    values: Vec<Val>,
    sandbox: Rc<Sandbox>,
}

impl Call {
    pub fn http(sandbox: Rc<Sandbox>, request: Request, table: HostTable) -> Result<Call> {
        // One future per kind: the largest would make the leanest slow.
        Ok(match sandbox.take_guest()? {
            Guest::Module(guest) => {
                let future = Box::pin(handle_module(sandbox.clone(), guest));
                Call::new(sandbox, future, false, table)
            }
            Guest::Http(guest) => {
                let future = Box::pin(handle_http(sandbox.clone(), guest, request));
                Call::new(sandbox, future, true, table)
            }
            Guest::Command(guest) => {
                let future = Box::pin(run_command(sandbox.clone(), guest, Start::Request(request)));
                Call::new(sandbox, future, true, table)
            }
        })
    }

    /// Errors start with "invalid: " when this is no command or the arguments cannot be any.
    pub fn command(sandbox: Rc<Sandbox>, arguments: Vec<String>, table: HostTable) -> Result<Call> {
        let Program::Command(_) = &sandbox.image.program else {
            bail!("invalid: only commands run as programs")
        };
        if arguments.iter().any(|argument| argument.contains('\0')) {
            bail!("invalid: an argument has a NUL byte in it")
        }
        let Guest::Command(guest) = sandbox.take_guest()? else {
            bail!("the sandbox is not of its image's kind")
        };
        let future = Box::pin(run_command(sandbox.clone(), guest, Start::Program(arguments)));
        Ok(Call::new(sandbox, future, true, table))
    }

    /// Errors start with "not found: " or "invalid: " when the name or the arguments do not fit.
    pub fn export(
        sandbox: Rc<Sandbox>,
        name: &str,
        args: Vec<Val>,
        table: HostTable,
    ) -> Result<Call> {
        let Program::Module(program) = &sandbox.image.program else {
            bail!("invalid: only bare modules have typed exports")
        };
        let Some(function) = program.find(name) else {
            bail!("not found: the module exports no typed function `{name}`")
        };
        program.check(function, &args).map_err(|wrong| format_err!("invalid: {wrong}"))?;
        let Guest::Module(guest) = sandbox.take_guest()? else {
            bail!("the sandbox is not of its image's kind")
        };
        let future = Box::pin(call_export(sandbox.clone(), guest, function, args));
        Ok(Call::new(sandbox, future, false, table))
    }

    fn new(sandbox: Rc<Sandbox>, future: Run, needs_runtime: bool, table: HostTable) -> Call {
        sandbox.host.attach(table);
        Call {
            future: Some(future),
            needs_runtime,
            waker: Waker::from(sandbox.host.clone()),
            exit: Exit::returned(0),
            values: Vec::new(),
            sandbox,
        }
    }

    /// Runs the guest until it is done or waits. A panic is an exit like any other.
    pub fn poll(&mut self) -> Poll<&Exit> {
        let Some(future) = &mut self.future else { return Poll::Ready(&self.exit) };
        let engine = &self.sandbox.image.engine;
        let host = &self.sandbox.host;
        let mut cx = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if !self.needs_runtime {
                return future.as_mut().poll(&mut cx);
            }
            host.wake_tasks();
            if host.has_tasks() {
                engine.turn();
            }
            let polled = {
                let _entered = engine.runtime.enter();
                future.as_mut().poll(&mut cx)
            };
            // What the guest has just started or written should go out now, not at the next turn.
            if polled.is_pending() && host.has_tasks() {
                engine.turn();
            }
            polled
        }));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Outcome {
                exit: Exit::internal(panic_message(&*panic)),
                values: Vec::new(),
                guest: None,
            },
        };
        self.exit = outcome.exit;
        self.values = outcome.values;
        self.end();
        self.sandbox.guest.replace(outcome.guest);
        Poll::Ready(&self.exit)
    }

    pub fn instantiated(&self) -> bool {
        self.sandbox.host.instantiated()
    }

    pub fn results(&self) -> &[Val] {
        &self.values
    }

    /// Unwinds the guest, if it still runs, and cuts it off its host.
    fn end(&mut self) {
        let future = self.future.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
        self.sandbox.host.detach();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.end();
        }
    }
}

pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("of an unknown kind"))
}

async fn call_export(
    sandbox: Rc<Sandbox>,
    mut guest: ModuleGuest,
    function: usize,
    args: Vec<Val>,
) -> Outcome {
    let result = guest.call(&sandbox.host, function, &args).await;
    let denied = guest.denied();
    Outcome::new(&sandbox, result, denied, Guest::Module(guest))
}

async fn handle_module(sandbox: Rc<Sandbox>, mut guest: ModuleGuest) -> Outcome {
    let result = guest.handle(&sandbox.host).await;
    let denied = guest.denied();
    Outcome::new(&sandbox, result.map(|()| Vec::new()), denied, Guest::Module(guest))
}

async fn handle_http(sandbox: Rc<Sandbox>, mut guest: HttpGuest, request: Request) -> Outcome {
    let result = guest.handle(&sandbox.image.engine, &sandbox.host, request).await;
    let denied = guest.denied();
    Outcome::new(&sandbox, result.map(|()| Vec::new()), denied, Guest::Http(guest))
}

async fn run_command(sandbox: Rc<Sandbox>, mut guest: Box<CommandGuest>, start: Start) -> Outcome {
    let ended = guest.run(&sandbox.spec, &sandbox.host, &start).await;
    let status = *ended.status.as_ref().unwrap_or(&0);
    let result = ended.status.map(|_| Vec::new());
    let mut outcome = Outcome::new(&sandbox, result, ended.denied, Guest::Command(guest));
    outcome.exit.status = status;
    outcome
}

impl Outcome {
    /// A guest that returned can be called again; one that died is dropped.
    fn new(sandbox: &Sandbox, result: Result<Vec<Val>>, denied: Denied, guest: Guest) -> Outcome {
        let failed = sandbox.host.failed();
        match result {
            Ok(values) => Outcome { exit: Exit::returned(0), values, guest: Some(guest) },
            Err(error) => {
                Outcome { exit: Exit::of(&error, denied, failed), values: Vec::new(), guest: None }
            }
        }
    }
}
