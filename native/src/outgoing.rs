//! `wasi:http/outgoing-handler`: every request leaves through the host's callbacks.
//!
//! `send` runs as a task of the engine's runtime; the response's body is read by the guest itself.

use crate::abi::Pair;
use crate::host::{Host, Outgoing, Task};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, RequestOptions, Result, WasiBody};

/// Bytes of a response's body asked for at once.
const READ_SIZE: usize = 64 << 10;

/// What is left to do for a request once its response's head is here.
pub type Rest = Box<dyn Future<Output = Result<()>> + Send>;

/// Sends `request` as `task`, waits for the response's head.
pub async fn send(
    task: Task,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<(Response<WasiBody>, Rest)> {
    let (parts, body) = request.into_parts();
    let outgoing = Arc::new(start(task.host(), &parts)?);
    let outgoing_body = outgoing.clone();
    let mut upload =
        Upload { body, chunk: Bytes::new(), ended: false, outgoing: outgoing_body, task };
    let head = poll_fn(|cx| {
        if let Poll::Ready(Err(error)) = upload.poll(cx) {
            return Poll::Ready(Err(error));
        }
        match outgoing.head() {
            Poll::Ready(head) => Poll::Ready(head.map_err(|_| Error::ConnectionTerminated)),
            Poll::Pending => {
                upload.task.park(cx);
                Poll::Pending
            }
        }
    });
    let (status, fields) = match options.and_then(|options| options.first_byte_timeout) {
        None => head.await?,
        Some(limit) => {
            tokio::time::timeout(limit, head).await.map_err(|_| Error::ConnectionReadTimeout)??
        }
    };
    let mut response = Response::new(ResponseBody { outgoing }.boxed_unsync());
    *response.status_mut() = status.try_into().map_err(|_| Error::HttpProtocolError)?;
    *response.headers_mut() = headers(fields)?;
    Ok((response, Box::new(async move { poll_fn(|cx| upload.poll(cx)).await })))
}

fn start(host: &Arc<Host>, parts: &http::request::Parts) -> Result<Outgoing> {
    let fields = Pair::of(&parts.headers);
    let uri = &parts.uri;
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let scheme = uri.scheme_str().unwrap_or("https");
    host.outgoing_start(scheme, authority.as_str(), parts.method.as_str(), path, &fields)
        .map_err(|_| Error::ConnectionLimitReached)?
        .ok_or(Error::HttpRequestDenied)
}

fn headers(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let name = HeaderName::from_bytes(&name).map_err(|_| Error::HttpProtocolError)?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| Error::HttpProtocolError)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Moves a request's body to the host.
struct Upload {
    body: WasiBody,
    chunk: Bytes,
    ended: bool,
    outgoing: Arc<Outgoing>,
    task: Task,
}

impl Upload {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.ended {
            if !self.chunk.is_empty() {
                match self.outgoing.write(&self.chunk) {
                    Poll::Ready(Ok(taken)) => {
                        drop(self.chunk.split_to(taken.min(self.chunk.len())))
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Error::ConnectionTerminated)),
                    Poll::Pending => {
                        self.task.park(cx);
                        return Poll::Pending;
                    }
                }
                continue;
            }
            match pin!(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.ended = true;
                    self.outgoing.end();
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                // Trailers have no way through the host; they are dropped.
                Poll::Ready(Some(Ok(frame))) => self.chunk = frame.into_data().unwrap_or_default(),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A response's body, pulled from the host while the guest reads it.
struct ResponseBody {
    outgoing: Arc<Outgoing>,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.outgoing.read(READ_SIZE).map(|read| match read {
            Ok(bytes) => bytes.map(|bytes| Ok(Frame::data(bytes))),
            Err(_) => Some(Err(Error::HttpResponseIncomplete)),
        })
    }
}
