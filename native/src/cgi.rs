//! A command's side of a request: CGI-like variables in, a response out of standard output.

use crate::abi::Pair;
use crate::host::{Failed, Host};
use crate::sandbox::Request;
use std::sync::Arc;
use std::task::Poll;

/// Output that may wait for the host.
const BUFFER: usize = 64 << 10;
/// A head longer than this is no head.
const HEAD_MAX: usize = 16 << 10;
const HEAD_FIELDS: [&str; 3] = ["status", "content-type", "location"];

/// The variables of `request`. `Proxy` is left out: HTTP_PROXY would redirect the guest's own calls.
pub fn environment(request: &Request) -> Vec<(String, String)> {
    let (path, query) =
        request.path_with_query.split_once('?').unwrap_or((&request.path_with_query, ""));
    let mut variables = vec![
        ("REQUEST_METHOD".to_owned(), request.method.clone()),
        ("SCRIPT_NAME".to_owned(), String::new()),
        ("PATH_INFO".to_owned(), path.to_owned()),
        ("QUERY_STRING".to_owned(), query.to_owned()),
    ];
    if let Some(length) = request.content_length {
        variables.push(("CONTENT_LENGTH".to_owned(), length.to_string()));
    }
    let fields_at = variables.len();
    for (name, value) in &request.headers {
        let name = match name.to_ascii_uppercase().replace('-', "_") {
            name if name == "CONTENT_TYPE" => name,
            name if name == "CONTENT_LENGTH" || name == "PROXY" => continue,
            name => format!("HTTP_{name}"),
        };
        let value = String::from_utf8_lossy(value);
        match variables[fields_at..].iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.push_str(", ");
                known.push_str(&value);
            }
            None => variables.push((name, value.into_owned())),
        }
    }
    variables
}

/// Standard output as a response: an optional head of CGI header lines, then the body.
pub struct CgiOutput {
    host: Arc<Host>,
    /// Or there is none.
    head_sent: bool,
    failed: bool,
    /// What the host has not taken; before the head is decided, all of the output.
    buffer: Vec<u8>,
}

/// What the first bytes of output are.
enum Start {
    /// Not to be told yet.
    Open,
    /// Body from the first byte.
    Body,
    Head {
        status: u16,
        fields: Vec<(String, String)>,
        len: usize,
    },
}

impl CgiOutput {
    pub fn new(host: Arc<Host>) -> CgiOutput {
        CgiOutput { host, head_sent: false, failed: false, buffer: Vec::new() }
    }

    /// Of a program, whose output is a body from the first byte and has no head.
    pub fn without_head(host: Arc<Host>) -> CgiOutput {
        CgiOutput { head_sent: true, ..CgiOutput::new(host) }
    }

    /// Bytes that may be written now.
    pub fn room(&mut self) -> Result<usize, Failed> {
        if self.buffer.len() >= BUFFER {
            let _ = self.poll_flush();
        }
        if self.failed { Err(Failed) } else { Ok(BUFFER.saturating_sub(self.buffer.len())) }
    }

    pub fn poll_room(&mut self) -> Poll<()> {
        match self.room() {
            Ok(0) => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.buffer.extend_from_slice(bytes);
        if !self.head_sent {
            match start(&self.buffer) {
                Start::Open if self.buffer.len() <= HEAD_MAX => return Ok(()),
                Start::Open | Start::Body => self.send_head(200, &[]),
                Start::Head { status, fields, len } => {
                    self.buffer.drain(..len);
                    self.send_head(status, &fields);
                }
            }
        }
        match self.poll_flush() {
            Poll::Ready(Err(failed)) => Err(failed),
            _ => Ok(()),
        }
    }

    /// The guest is gone: decides the head if that is still open.
    pub fn finish(&mut self, status: i32) {
        if !self.head_sent {
            let silent_failure = status != 0 && self.buffer.is_empty();
            self.send_head(if silent_failure { 500 } else { 200 }, &[]);
        }
    }

    /// Ready when the host has taken everything.
    pub fn poll_flush(&mut self) -> Poll<Result<(), Failed>> {
        while self.head_sent && !self.failed && !self.buffer.is_empty() {
            match self.host.body_write(&self.buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(taken)) => drop(self.buffer.drain(..taken.min(self.buffer.len()))),
                Poll::Ready(Err(_)) => self.failed = true,
            }
        }
        if self.failed { Poll::Ready(Err(Failed)) } else { Poll::Ready(Ok(())) }
    }

    fn send_head(&mut self, status: u16, fields: &[(String, String)]) {
        const MEDIA: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
        let pair = |name: &str, value: &str| Pair::new(name, value.as_bytes());
        let mut pairs: Vec<_> = fields.iter().map(|(name, value)| pair(name, value)).collect();
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(MEDIA.0)) {
            pairs.push(pair(MEDIA.0, MEDIA.1));
        }
        self.head_sent = true;
        self.failed |= self.host.respond(status, &pairs).is_err();
    }
}

/// Tells a head from a body. Only output whose first line is one of `HEAD_FIELDS` can be a head.
fn start(output: &[u8]) -> Start {
    let first = output.split(|&byte| byte == b':').next().unwrap_or_default();
    let first = first.to_ascii_lowercase();
    let named = HEAD_FIELDS.iter().any(|name| name.as_bytes() == first);
    if first.len() == output.len() {
        let prefix = HEAD_FIELDS.iter().any(|name| name.as_bytes().starts_with(&first));
        return if prefix { Start::Open } else { Start::Body };
    }
    if !named {
        return Start::Body;
    }
    let (mut status, mut fields, mut len) = (None, Vec::new(), 0);
    for line in output.split_inclusive(|&byte| byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else { return Start::Open };
        len += line.len();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            let redirect = fields.iter().any(|(name, _): &(String, String)| name == "location");
            let status = status.unwrap_or(if redirect { 302 } else { 200 });
            return Start::Head { status, fields, len };
        }
        let Some((name, value)) = field(text) else { return Start::Body };
        if name == "status" {
            let code = value.split(' ').next().and_then(|code| code.parse().ok());
            match code.filter(|code| (200..=599).contains(code)) {
                Some(code) => status = Some(code),
                None => return Start::Body,
            }
        } else {
            fields.push((name, value));
        }
    }
    Start::Open
}

fn field(line: &[u8]) -> Option<(String, String)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let valid = !name.is_empty() && name.chars().all(token);
    valid.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Start, start};

    fn head(output: &[u8]) -> Option<(u16, usize, usize)> {
        match start(output) {
            Start::Head { status, fields, len } => Some((status, fields.len(), len)),
            Start::Open | Start::Body => None,
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line() {
        assert_eq!(head(b"Status: 404 Not Found\r\nX: 1\r\n\r\nbody"), Some((404, 1, 31)));
        assert_eq!(head(b"content-type: text/x\n\nbody"), Some((200, 1, 22)));
        assert_eq!(head(b"Location: /elsewhere\n\n"), Some((302, 1, 22)));
    }

    #[test]
    fn a_head_may_come_in_pieces() {
        let output = b"Status: 200\r\nContent-Type: text/x\r\n\r\n";
        for len in 0..output.len() {
            assert!(matches!(start(&output[..len]), Start::Open), "{len} bytes");
        }
        assert!(head(output).is_some());
    }

    #[test]
    fn anything_else_is_body_at_once() {
        let bodies: [&[u8]; 6] = [
            b"hello",
            b"{\"a\": 1}",
            b"Note: this is text\n\n",
            b"Status: teapot\n\n",
            b"Status: 999\n\n",
            b"Status: 200\nno field\n\n",
        ];
        for body in bodies {
            assert!(matches!(start(body), Start::Body), "{}", String::from_utf8_lossy(body));
        }
    }
}
