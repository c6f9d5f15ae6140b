//! A component's store: WASI 0.2 with `wasi:http`, and nothing else of the machine.

use crate::host::Host;
use crate::limits::Limits;
use crate::outgoing;
use ::http::HeaderName;
use ::http::uri::Scheme;
use std::sync::{Arc, LazyLock};
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::{
    HostOutgoingRequest as _, Method, OutgoingRequest,
};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody,
    WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// Bytes of one write to a body, and how many such writes are kept: what a slow peer makes us hold.
const BODY_CHUNK: usize = 64 << 10;
const BODY_CHUNKS: usize = 2;
/// Handles that a sandbox may have at once. Nothing else bounds what the host keeps behind them, so
/// each must be small: a `fields` holds `FIELDS_MAX` bytes, a method or an authority `NAME_MAX`.
pub const HANDLES: usize = 1000;
const FIELDS_MAX: usize = 64 << 10;
const NAME_MAX: usize = 8 << 10;

pub struct ComponentState {
    pub limits: Limits,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl ComponentState {
    pub fn new(limits: Limits, wasi: WasiCtx, host: Arc<Host>) -> ComponentState {
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELDS_MAX);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        ComponentState { limits, wasi, http, table, hooks: Hooks { host } }
    }
}

impl WasiView for ComponentState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for ComponentState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// What components import. The two functions that are replaced take text of any length, and keep it.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<ComponentState>> {
    type State<'a> = StoreContextMut<'a, ComponentState>;
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    linker.allow_shadowing(true);
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut state: State<'_>, (request, method): (Resource<OutgoingRequest>, Method)| {
            let long = matches!(&method, Method::Other(name) if name.len() > NAME_MAX);
            let mut http = state.data_mut().http();
            Ok((if long { Err(()) } else { http.set_method(request, method)? },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut state: State<'_>, (request, name): (Resource<OutgoingRequest>, Option<String>)| {
            let long = name.as_ref().is_some_and(|name| name.len() > NAME_MAX);
            let mut http = state.data_mut().http();
            Ok((if long { Err(()) } else { http.set_authority(request, name)? },))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(linker)
}

struct Hooks {
    host: Arc<Host>,
}

fn forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
}

static FORBIDDEN: LazyLock<ForbiddenHeaderFilter> = LazyLock::new(|| Arc::new(forbidden));

type Sent = Result<(::http::Response<WasiBody>, outgoing::Rest)>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        forbidden(name)
    }

    /// The default makes a new one every time it is asked.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        FORBIDDEN.clone()
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
    }

    fn send_request(
        &mut self,
        request: ::http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(outgoing::send(self.host.add_task(), request, options))
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }
}
