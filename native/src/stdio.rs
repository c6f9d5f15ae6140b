//! A guest's standard streams: the request's body in, response or log lines out.

use crate::cgi::CgiOutput;
use crate::host::{Host, Output};
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite, empty, sink};
use wasmtime::format_err;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError};

/// Bytes asked of the host at once.
const CHUNK: usize = 64 << 10;
/// Bytes of a log that are taken before others of the cell have their turn: each may be a line.
const LOG_CHUNK: usize = 1 << 10;

/// A guest may ignore how much it may write.
fn too_much() -> StreamError {
    StreamError::trap("the guest wrote more than it may at once")
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard input: the request's body. Clones share one position.
#[derive(Clone)]
pub struct BodyInput {
    host: Arc<Host>,
    state: Arc<Mutex<InputState>>,
}

#[derive(Default)]
struct InputState {
    buffer: Bytes,
    end: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    Clean,
    Failed,
}

impl BodyInput {
    pub fn new(host: Arc<Host>) -> BodyInput {
        BodyInput { host, state: Arc::default() }
    }

    /// Ready when bytes are buffered or the body has ended.
    fn fill(&self) -> Poll<()> {
        let mut state = lock(&self.state);
        if !state.buffer.is_empty() || state.end.is_some() {
            return Poll::Ready(());
        }
        match self.host.body_read(CHUNK) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(Some(bytes))) => state.buffer = bytes,
            Poll::Ready(Ok(None)) => state.end = Some(End::Clean),
            Poll::Ready(Err(_)) => state.end = Some(End::Failed),
        }
        Poll::Ready(())
    }
}

#[async_trait]
impl Pollable for BodyInput {
    async fn ready(&mut self) {
        poll_fn(|_| self.fill()).await;
    }
}

impl InputStream for BodyInput {
    fn read(&mut self, size: usize) -> Result<Bytes, StreamError> {
        let _ = self.fill();
        let mut state = lock(&self.state);
        if !state.buffer.is_empty() {
            let size = size.min(state.buffer.len());
            return Ok(state.buffer.split_to(size));
        }
        match state.end {
            None => Ok(Bytes::new()),
            Some(End::Clean) => Err(StreamError::Closed),
            Some(End::Failed) => Err(StreamError::LastOperationFailed(format_err!(
                "the request's body could not be read"
            ))),
        }
    }
}

impl IsTerminal for BodyInput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for BodyInput {
    /// Only WASI 0.3 reads this one, which no guest of ours can import.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

/// Standard output of a command: its response, or a program's output. Clones share it.
#[derive(Clone)]
pub struct ResponseOutput(Arc<Mutex<CgiOutput>>);

impl ResponseOutput {
    pub fn new(output: CgiOutput) -> ResponseOutput {
        ResponseOutput(Arc::new(Mutex::new(output)))
    }

    /// Ends the response of a guest that left with `status` and waits until it is written.
    pub async fn finish(&self, status: i32) -> wasmtime::Result<()> {
        lock(&self.0).finish(status);
        let written = poll_fn(|_| lock(&self.0).poll_flush()).await;
        written.map_err(|_| format_err!("the response could not be written"))
    }
}

#[async_trait]
impl Pollable for ResponseOutput {
    async fn ready(&mut self) {
        poll_fn(|_| lock(&self.0).poll_room()).await;
    }
}

impl OutputStream for ResponseOutput {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        let mut output = lock(&self.0);
        if bytes.len() > output.room().map_err(|_| StreamError::Closed)? {
            return Err(too_much());
        }
        output.write(&bytes).map_err(|_| StreamError::Closed)
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        lock(&self.0).room().map_err(|_| StreamError::Closed)
    }
}

impl IsTerminal for ResponseOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for ResponseOutput {
    /// As for [`BodyInput::async_stream`].
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

/// How output reaches the host's log.
#[derive(Clone, Copy)]
pub enum Pieces {
    /// Whole lines, without their newline.
    Lines,
    AsWritten,
}

/// Output that is only logged.
#[derive(Clone)]
pub struct LogOutput {
    host: Arc<Host>,
    output: Output,
    pieces: Pieces,
    room: usize,
}

impl LogOutput {
    pub fn new(host: Arc<Host>, output: Output, pieces: Pieces) -> LogOutput {
        LogOutput { host, output, pieces, room: LOG_CHUNK }
    }
}

#[async_trait]
impl Pollable for LogOutput {
    /// With no room left, ready at the call's next poll.
    async fn ready(&mut self) {
        poll_fn(|cx| {
            if self.room > 0 {
                return Poll::Ready(());
            }
            self.room = LOG_CHUNK;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl OutputStream for LogOutput {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(too_much)?;
        match self.pieces {
            Pieces::Lines => self.host.log(self.output, &bytes),
            Pieces::AsWritten => self.host.log_as_written(self.output, &bytes),
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(self.room)
    }
}

impl IsTerminal for LogOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogOutput {
    /// As for [`BodyInput::async_stream`].
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_more_than_there_is_room_for_is_trapped() {
        let host = Host::new(0);
        let mut outputs: [Box<dyn OutputStream>; 2] = [
            Box::new(ResponseOutput::new(CgiOutput::without_head(host.clone()))),
            Box::new(LogOutput::new(host, Output::Stderr, Pieces::Lines)),
        ];
        for output in &mut outputs {
            let room = output.check_write().unwrap();
            let wrote = output.write(vec![b'x'; room + 1].into());
            assert!(matches!(wrote, Err(StreamError::Trap(_))), "{room}");
        }
    }
}
