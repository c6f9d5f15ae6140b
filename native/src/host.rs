//! One sandbox's way to its host: the callback table of the call that is running, as typed functions.
//!
//! A `Host` lives as long as its sandbox and is attached to one call after the other. While it is
//! detached every function fails and none reaches C: a task or stream that outlives its call is
//! harmless.

use crate::abi::{self, HostTable, Pair, Str};
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// The host's answer to a read or write was `STRATA_IO_FAILED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// A guest's output stream, as `log` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Stdout = 1,
    Stderr = 2,
}

/// Longest output line that is kept together.
const LINE_MAX: usize = 8 * 1024;

pub struct Host {
    table: Cell<Option<HostTable>>,
    /// Counts calls: an outgoing request of an earlier call is not one of this call.
    generation: Cell<u64>,
    failed: Cell<bool>,
    instantiated: Cell<bool>,
    host_calls: usize,
    outgoing: RefCell<Vec<i64>>,
    /// Tasks run on the engine's runtime, not in the call's own future: how many there are, and those
    /// that wait for the host.
    tasks: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
    lines: [RefCell<Vec<u8>>; 2],
    memory_peak: Cell<u64>,
}

// SAFETY: the library belongs to one thread and starts none (strata_native.h). Wakers, streams and
// bodies must be Send or Sync by their traits' bounds, but never leave that thread.
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    /// A detached host that grants `host_calls` outgoing requests at once.
    pub fn new(host_calls: usize) -> Arc<Host> {
        Arc::new(Host {
            table: Cell::new(None),
            generation: Cell::new(0),
            failed: Cell::new(false),
            instantiated: Cell::new(false),
            host_calls,
            outgoing: RefCell::default(),
            tasks: Cell::new(0),
            waiting: RefCell::default(),
            lines: Default::default(),
            memory_peak: Cell::new(0),
        })
    }

    pub fn attach(&self, table: HostTable) {
        self.table.set(Some(table));
        self.generation.set(self.generation.get() + 1);
        self.failed.set(false);
        self.instantiated.set(false);
    }

    /// Ends the call: its last output lines go out, its outgoing requests are deleted.
    pub fn detach(&self) {
        self.flush_lines();
        if let Some(table) = self.table.take() {
            for handle in self.outgoing.take() {
                (table.outgoing_delete)(table.ctx, handle);
            }
        }
        self.waiting.take();
    }

    /// The largest total of linear memory so far, in bytes.
    pub fn memory_peak(&self) -> u64 {
        self.memory_peak.get()
    }

    pub fn note_memory(&self, total: u64) {
        self.memory_peak.set(self.memory_peak.get().max(total));
    }

    pub fn failed(&self) -> bool {
        self.failed.get()
    }

    pub fn instantiated(&self) -> bool {
        self.instantiated.get()
    }

    pub fn set_instantiated(&self) {
        self.instantiated.set(true);
    }

    /// Reads the request's body: the bytes read, `None` at its end.
    pub fn body_read(&self, max: usize) -> Poll<Result<Option<Bytes>, Failed>> {
        self.read(max, |table, to, cap| (table.body_read)(table.ctx, to, cap))
    }

    /// Sets the response's head.
    pub fn respond(&self, status: u16, headers: &[Pair]) -> Result<(), Failed> {
        let Some(table) = self.table.get() else { return Err(Failed) };
        match (table.respond)(table.ctx, status, headers.as_ptr(), headers.len()) {
            0 => Ok(()),
            _ => Err(self.fail()),
        }
    }

    /// Writes response body; returns how many bytes were taken, more than 0.
    pub fn body_write(&self, bytes: &[u8]) -> Poll<Result<usize, Failed>> {
        let Some(table) = self.table.get() else { return Poll::Ready(Err(Failed)) };
        self.wrote((table.body_write)(table.ctx, bytes.as_ptr(), bytes.len()))
    }

    /// Adds guest output; whole lines go to the host, without their newline.
    pub fn log(&self, output: Output, text: &[u8]) {
        let mut line = self.lines[output as usize - 1].borrow_mut();
        for part in text.split_inclusive(|&byte| byte == b'\n') {
            for piece in part.chunks(LINE_MAX) {
                line.extend_from_slice(piece);
                if line.ends_with(b"\n") {
                    line.pop();
                    self.emit(output, &mut line);
                } else if line.len() >= LINE_MAX {
                    self.emit(output, &mut line);
                }
            }
        }
    }

    /// Adds guest output; it goes to the host at once.
    pub fn log_as_written(&self, output: Output, text: &[u8]) {
        if let Some(table) = self.table.get() {
            (table.log)(table.ctx, output as i32, text.as_ptr(), text.len());
        }
    }

    fn flush_lines(&self) {
        for output in [Output::Stdout, Output::Stderr] {
            let mut line = self.lines[output as usize - 1].borrow_mut();
            if !line.is_empty() {
                self.emit(output, &mut line);
            }
        }
    }

    fn emit(&self, output: Output, line: &mut Vec<u8>) {
        self.log_as_written(output, line);
        line.clear();
    }

    /// Announces a task; it is counted until the result is dropped.
    pub fn add_task(self: &Arc<Self>) -> Task {
        self.tasks.set(self.tasks.get() + 1);
        Task(self.clone())
    }

    pub fn has_tasks(&self) -> bool {
        self.tasks.get() > 0
    }

    /// Lets the tasks that wait for the host look again.
    pub fn wake_tasks(&self) {
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    /// Starts an outgoing request. `Ok(None)` when the host denies it.
    pub fn outgoing_start(
        self: &Arc<Self>,
        scheme: &str,
        authority: &str,
        method: &str,
        path_with_query: &str,
        headers: &[Pair],
    ) -> Result<Option<Outgoing>, TooManyRequests> {
        if self.outgoing.borrow().len() >= self.host_calls {
            return Err(TooManyRequests);
        }
        let Some(table) = self.table.get() else { return Ok(None) };
        let text = |text: &str| Str::from(text.as_bytes());
        let handle = (table.outgoing_start)(
            table.ctx,
            text(scheme),
            text(authority),
            text(method),
            text(path_with_query),
            headers.as_ptr(),
            headers.len(),
        );
        if handle <= 0 {
            return Ok(None);
        }
        self.outgoing.borrow_mut().push(handle);
        Ok(Some(Outgoing { host: self.clone(), handle, generation: self.generation.get() }))
    }

    fn fail(&self) -> Failed {
        self.failed.set(true);
        Failed
    }

    fn wrote(&self, taken: i64) -> Poll<Result<usize, Failed>> {
        match taken {
            abi::IO_PENDING | abi::IO_END => Poll::Pending,
            taken => Poll::Ready(usize::try_from(taken).map_err(|_| self.fail())),
        }
    }

    fn read(
        &self,
        max: usize,
        from: impl FnOnce(&HostTable, *mut u8, usize) -> i64,
    ) -> Poll<Result<Option<Bytes>, Failed>> {
        let Some(table) = self.table.get() else { return Poll::Ready(Err(Failed)) };
        let mut buffer = Vec::with_capacity(max);
        let read = match from(&table, buffer.as_mut_ptr(), max) {
            abi::IO_END => return Poll::Ready(Ok(None)),
            abi::IO_PENDING => return Poll::Pending,
            read => read,
        };
        match usize::try_from(read) {
            Ok(len) if len <= max => {
                // SAFETY: the host has written `len` bytes, which is within the capacity.
                unsafe { buffer.set_len(len) };
                Poll::Ready(Ok(Some(buffer.into())))
            }
            _ => Poll::Ready(Err(self.fail())),
        }
    }
}

/// The call's waker: tells the host that the call wants to be polled.
impl Wake for Host {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(table) = self.table.get() {
            (table.wake)(table.ctx);
        }
    }
}

/// A task of a call, see [`Host::add_task`].
pub struct Task(Arc<Host>);

impl Task {
    pub fn host(&self) -> &Arc<Host> {
        &self.0
    }

    /// Makes this task run again when the call is polled next.
    pub fn park(&self, cx: &Context<'_>) {
        self.0.waiting.borrow_mut().push(cx.waker().clone());
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.tasks.set(self.0.tasks.get() - 1);
    }
}

/// No slot is free for another outgoing request.
#[derive(Clone, Copy, Debug)]
pub struct TooManyRequests;

/// One outgoing request. Deleted with its last reference or with its call.
pub struct Outgoing {
    host: Arc<Host>,
    handle: i64,
    generation: u64,
}

/// A response's head: its status and fields.
pub type Head = (u16, Vec<(Vec<u8>, Vec<u8>)>);

extern "C" fn add_field(fields: *mut c_void, name: Str, value: Str) {
    // SAFETY: `fields` is the vector that `Outgoing::head` passed, and the host lends us the texts.
    unsafe {
        let fields = &mut *fields.cast::<Vec<(Vec<u8>, Vec<u8>)>>();
        fields.push((name.bytes().to_vec(), value.bytes().to_vec()));
    }
}

impl Outgoing {
    /// The table, while the call that started the request is still running.
    fn table(&self) -> Result<HostTable, Failed> {
        let current = self.generation == self.host.generation.get();
        self.host.table.get().filter(|_| current).ok_or(Failed)
    }

    pub fn write(&self, bytes: &[u8]) -> Poll<Result<usize, Failed>> {
        let table = self.table()?;
        let taken = (table.outgoing_write)(table.ctx, self.handle, bytes.as_ptr(), bytes.len());
        self.host.wrote(taken)
    }

    pub fn end(&self) {
        if let Ok(table) = self.table() {
            (table.outgoing_end)(table.ctx, self.handle);
        }
    }

    pub fn head(&self) -> Poll<Result<Head, Failed>> {
        let table = self.table()?;
        let mut status = 0;
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let each = (&raw mut fields).cast();
        match (table.outgoing_head)(table.ctx, self.handle, &mut status, each, add_field) {
            1 => Poll::Ready(Ok((status, fields))),
            abi::IO_PENDING => Poll::Pending,
            _ => Poll::Ready(Err(self.host.fail())),
        }
    }

    pub fn read(&self, max: usize) -> Poll<Result<Option<Bytes>, Failed>> {
        self.table()?;
        self.host.read(max, |table, to, cap| (table.outgoing_read)(table.ctx, self.handle, to, cap))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let Ok(table) = self.table() else { return };
        self.host.outgoing.borrow_mut().retain(|&open| open != self.handle);
        (table.outgoing_delete)(table.ctx, self.handle);
    }
}
