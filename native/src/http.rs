//! `wasi:http/incoming-handler`: one request in, its response out while the guest goes on running.

use crate::abi::Pair;
use crate::component::ComponentState;
use crate::engine::Engine;
use crate::host::{Host, Output};
use crate::limits::Denied;
use crate::sandbox::{Request, Spec};
use crate::stdio::{LogOutput, Pieces};
use ::http::uri::{Authority, PathAndQuery};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use bytes::Bytes;
use http_body::{Body, Frame};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use wasmtime::{Result, Store, bail, format_err};
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{Error, WasiHttpView};

/// Bytes of the request's body asked for at once.
const READ_SIZE: usize = 64 << 10;

type Response = ::http::Response<HyperOutgoingBody>;
/// Where the guest's `response-outparam.set` puts its answer.
type Answer = Arc<Mutex<Option<Result<Response, ErrorCode>>>>;

pub struct HttpGuest {
    pre: Rc<ProxyPre<ComponentState>>,
    store: Store<ComponentState>,
    proxy: Option<Proxy>,
}

impl HttpGuest {
    pub fn new(
        pre: Rc<ProxyPre<ComponentState>>,
        spec: &Spec,
        host: &Arc<Host>,
    ) -> Result<HttpGuest> {
        let mut wasi = spec.wasi()?;
        wasi.stdout(LogOutput::new(host.clone(), Output::Stdout, Pieces::Lines))
            .stderr(LogOutput::new(host.clone(), Output::Stderr, Pieces::Lines));
        let state = ComponentState::new(spec.limits(host), wasi.build(), host.clone());
        let store = spec.store(pre.engine(), state, |state| &mut state.limits);
        Ok(HttpGuest { pre, store, proxy: None })
    }

    pub fn denied(&self) -> Denied {
        self.store.data().limits.denied()
    }

    /// Answers `request`. Done when the guest has returned and the response is written.
    pub async fn handle(
        &mut self,
        engine: &Engine,
        host: &Arc<Host>,
        request: Request,
    ) -> Result<()> {
        let scheme = match request.scheme.as_str() {
            "https" => Scheme::Https,
            _ => Scheme::Http,
        };
        let answer = Answer::default();
        let set = answer.clone();
        let mut view = self.store.data_mut().http();
        let incoming = view.new_incoming_request(scheme, incoming(request, host)?)?;
        let outparam = view.new_response_outparam_from_callback(move |response| {
            *set.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        })?;

        let mut guest = pin!(async {
            let proxy = match &mut self.proxy {
                Some(proxy) => proxy,
                none => none.insert(self.pre.instantiate_async(&mut self.store).await?),
            };
            host.set_instantiated();
            proxy
                .wasi_http_incoming_handler()
                .call_handle(&mut self.store, incoming, outparam)
                .await
        });
        let mut returned = false;
        let mut response = Outgoing::Awaited(answer);
        poll_fn(|cx| {
            let ticks = engine.ticks();
            loop {
                if !returned && let Poll::Ready(result) = guest.as_mut().poll(cx) {
                    result?;
                    returned = true;
                }
                let progress = response.advance(cx, host)?;
                match (returned, progress) {
                    (true, Progress::Done) => return Poll::Ready(Ok(())),
                    (true, Progress::None) if matches!(response, Outgoing::Awaited(_)) => {
                        return Poll::Ready(Err(format_err!("the guest gave no response")));
                    }
                    // The guest may have waited for what was written just now, but it goes on at
                    // once only within its tick.
                    (false, Progress::Some) if engine.ticks() == ticks => {}
                    (false, Progress::Some) => {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    _ => return Poll::Pending,
                }
            }
        })
        .await
    }
}

/// The response on its way to the host.
enum Outgoing {
    Awaited(Answer),
    Body { body: HyperOutgoingBody, chunk: Bytes },
    Done,
}

#[derive(Clone, Copy)]
enum Progress {
    None,
    Some,
    Done,
}

impl Outgoing {
    /// Does what can be done now.
    fn advance(&mut self, cx: &mut Context<'_>, host: &Host) -> Result<Progress> {
        let mut progress = Progress::None;
        loop {
            match self {
                Outgoing::Done => return Ok(Progress::Done),
                Outgoing::Awaited(answer) => {
                    let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
                    match answer {
                        None => return Ok(Progress::None),
                        Some(Err(code)) => bail!("the guest answered with the error {code:?}"),
                        Some(Ok(response)) => *self = send_head(host, response)?,
                    }
                }
                Outgoing::Body { body, chunk } if chunk.is_empty() => {
                    match Pin::new(body).poll_frame(cx) {
                        Poll::Pending => return Ok(progress),
                        Poll::Ready(None) => *self = Outgoing::Done,
                        // Trailers have no way through the host; they are dropped.
                        Poll::Ready(Some(Ok(frame))) => {
                            *chunk = frame.into_data().unwrap_or_default();
                        }
                        Poll::Ready(Some(Err(error))) => {
                            bail!("the guest did not finish its response's body: {error}")
                        }
                    }
                }
                Outgoing::Body { chunk, .. } => match host.body_write(chunk) {
                    Poll::Pending => return Ok(progress),
                    Poll::Ready(Ok(taken)) => drop(chunk.split_to(taken.min(chunk.len()))),
                    // The peer is gone: the guest sees a closed stream and may still end well.
                    Poll::Ready(Err(_)) => *self = Outgoing::Done,
                },
            }
            progress = Progress::Some;
        }
    }
}

fn send_head(host: &Host, response: Response) -> Result<Outgoing> {
    let (head, body) = response.into_parts();
    match host.respond(head.status.as_u16(), &Pair::of(&head.headers)) {
        Ok(()) => Ok(Outgoing::Body { body, chunk: Bytes::new() }),
        Err(_) => bail!("the response was refused"),
    }
}

fn incoming(request: Request, host: &Arc<Host>) -> Result<::http::Request<RequestBody>> {
    // HTTP/1.0 needs no authority, but wasi:http does.
    let authority = match request.authority.as_str() {
        "" => Authority::from_static("localhost"),
        authority => Authority::try_from(authority)?,
    };
    let uri = Uri::builder()
        .scheme(if request.scheme == "https" { "https" } else { "http" })
        .authority(authority)
        .path_and_query(PathAndQuery::try_from(request.path_with_query)?);
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in request.headers {
        headers.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_maybe_shared(Bytes::from(value))?,
        );
    }
    let body = RequestBody { host: host.clone(), left: request.content_length };
    let mut incoming = ::http::Request::new(body);
    *incoming.method_mut() = Method::from_bytes(request.method.as_bytes())?;
    *incoming.uri_mut() = uri.build()?;
    *incoming.headers_mut() = headers;
    Ok(incoming)
}

/// The request's body, pulled from the host while the guest reads it.
struct RequestBody {
    host: Arc<Host>,
    /// What Content-Length still promises.
    left: Option<u64>,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        // One byte more than promised lets the host say "no more" instead of us believing it.
        let promised = self
            .left
            .map_or(READ_SIZE, |left| usize::try_from(left).unwrap_or(READ_SIZE).saturating_add(1));
        self.host.body_read(promised.min(READ_SIZE)).map(|read| match read {
            Ok(bytes) => bytes.map(|bytes| {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                Ok(Frame::data(bytes))
            }),
            Err(_) => Some(Err(Error::ConnectionTerminated)),
        })
    }
}
