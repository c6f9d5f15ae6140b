//! Drives the library as a host does: through its C functions, on one thread.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::process::Command;
use std::ptr;
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strata_native::*;

pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;

pub const RETURNED: i32 = 0;
pub const TRAP: i32 = 1;
pub const MEMORY: i32 = 2;
pub const HOST: i32 = 3;
pub const EXHAUSTED: i32 = 5;
pub const STACK: i32 = 6;
pub const TABLE: i32 = 7;

pub fn config() -> EngineConfig {
    EngineConfig {
        max_sandboxes: 16,
        max_memory: 64 * MIB,
        memory_reservation: 64 * MIB,
        max_table_elements: 10_000,
        keep_resident: 0,
        pooling: true,
    }
}

fn take_text(text: *mut c_char) -> String {
    assert!(!text.is_null());
    let owned = unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    unsafe { strata_string_free(text) };
    owned
}

fn text(text: &str) -> Str {
    text.as_bytes().into()
}

fn copied(text: Str) -> String {
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

// What the C functions hand out is opaque.
pub struct Engine(*const c_void);
pub struct Image(*const c_void);
pub struct Sandbox(*const c_void);

impl Drop for Engine {
    fn drop(&mut self) {
        unsafe { strata_engine_delete(self.0.cast()) }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        unsafe { strata_image_delete(self.0.cast()) }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        unsafe { strata_sandbox_delete(self.0.cast()) }
    }
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Engine {
    pub fn new(config: &EngineConfig) -> Engine {
        Engine::try_new(config).unwrap()
    }

    pub fn try_new(config: &EngineConfig) -> Result<Engine, String> {
        let mut error = ptr::null_mut();
        let engine = unsafe { strata_engine_new(config, &mut error) };
        if engine.is_null() { Err(take_text(error)) } else { Ok(Engine(engine.cast())) }
    }

    pub fn key(&self) -> String {
        take_text(unsafe { strata_engine_key(self.0.cast()) })
    }

    pub fn tick(&self) {
        unsafe { strata_engine_tick(self.0.cast()) }
    }

    /// Runs `body` while another thread ticks, as a host's timer does.
    pub fn while_ticking(&self, body: impl FnOnce()) {
        struct Shared(*const c_void);
        // SAFETY: only `tick` is called on the other thread, which is two atomic additions.
        unsafe impl Sync for Shared {}
        impl Shared {
            fn tick(&self) {
                unsafe { strata_engine_tick(self.0.cast()) }
            }
        }
        let (shared, done) = (Shared(self.0), AtomicBool::new(false));
        let stop = StopOnDrop(&done);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    shared.tick();
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let _stop = stop;
            body();
        });
    }

    pub fn turn(&self) {
        unsafe { strata_engine_turn(self.0.cast()) }
    }

    pub fn compile(&self, wasm: impl AsRef<[u8]>) -> Result<Vec<u8>, String> {
        let wasm = wasm.as_ref();
        let (mut out, mut len, mut error) = (ptr::null_mut(), 0, ptr::null_mut());
        let engine = self.0.cast();
        let done = unsafe {
            strata_compile(engine, wasm.as_ptr(), wasm.len(), &mut out, &mut len, &mut error)
        };
        if done != 0 {
            return Err(take_text(error));
        }
        let native = unsafe { std::slice::from_raw_parts(out, len) }.to_vec();
        unsafe { strata_bytes_free(out, len) };
        Ok(native)
    }

    /// Loads native code from a sealed memfd.
    pub fn load(&self, native: &[u8]) -> Result<Image, String> {
        let fd = sealed(native);
        let mut error = ptr::null_mut();
        let image = unsafe { strata_image_load(self.0.cast(), fd, &mut error) };
        unsafe { libc::close(fd) };
        if image.is_null() { Err(take_text(error)) } else { Ok(Image(image.cast())) }
    }

    /// Compiles and loads.
    pub fn image(&self, wasm: impl AsRef<[u8]>) -> Image {
        self.load(&self.compile(wasm).unwrap()).unwrap()
    }
}

fn sealed(bytes: &[u8]) -> c_int {
    let name = CString::new("native").unwrap();
    unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        assert!(fd >= 0);
        let written = libc::write(fd, bytes.as_ptr().cast(), bytes.len());
        assert_eq!(written, bytes.len() as isize);
        let seals =
            libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
        assert_eq!(libc::fcntl(fd, libc::F_ADD_SEALS, seals), 0);
        fd
    }
}

impl Image {
    pub fn kind(&self) -> i32 {
        unsafe { strata_image_kind(self.0.cast()) }
    }

    pub fn exports(&self) -> String {
        take_text(unsafe { strata_image_exports(self.0.cast()) })
    }

    pub fn sandbox(&self) -> Sandbox {
        self.sandbox_with(&Options::default()).unwrap()
    }

    pub fn sandbox_with(&self, options: &Options) -> Result<Sandbox, String> {
        let pair = |(name, value): &(&str, &str)| Pair { name: text(name), value: text(value) };
        let env: Vec<_> = options.env.iter().map(pair).collect();
        let dir = |(host, guest, writable): &(&Path, &str, bool)| Dir {
            host_path: text(host.to_str().unwrap()),
            guest_path: text(guest),
            writable: *writable,
        };
        let dirs: Vec<_> = options.dirs.iter().map(dir).collect();
        let config = SandboxConfig {
            memory: options.memory,
            table_elements: options.table_elements,
            host_calls: options.host_calls,
            cpu_clock_start: 0,
            env: env.as_ptr(),
            env_len: env.len(),
            dirs: dirs.as_ptr(),
            dirs_len: dirs.len(),
        };
        let mut error = ptr::null_mut();
        let sandbox = unsafe { strata_sandbox_new(self.0.cast(), &config, &mut error) };
        if sandbox.is_null() { Err(take_text(error)) } else { Ok(Sandbox(sandbox.cast())) }
    }
}

pub struct Options<'a> {
    pub memory: u64,
    pub table_elements: u32,
    pub host_calls: u32,
    pub env: Vec<(&'a str, &'a str)>,
    pub dirs: Vec<(&'a Path, &'a str, bool)>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            memory: 16 * MIB,
            table_elements: 10_000,
            host_calls: 4,
            env: vec![],
            dirs: vec![],
        }
    }
}

impl Options<'_> {
    /// For engines with small tables.
    pub fn small() -> Self {
        Options { table_elements: 1000, ..Options::default() }
    }
}

/// The other end of the callbacks: hands out `body`, keeps what it is given.
#[derive(Default)]
pub struct Host {
    pub body: VecDeque<Vec<u8>>,
    /// What a read answers when `body` is empty: the end, or one of the negative codes.
    pub body_end: i64,
    /// Bytes of response taken before writes answer `write_full`.
    pub room: Option<usize>,
    pub write_full: i64,
    pub refuse_head: bool,
    /// Of a program: its output has no head.
    pub headless: bool,
    pub wakes: usize,
    pub head: Option<(u16, Vec<(String, String)>)>,
    pub response: Vec<u8>,
    pub logs: Vec<(i32, String)>,
    pub grant: bool,
    pub asked: Vec<String>,
    pub uploaded: Vec<u8>,
    pub upload_ended: bool,
    pub answer: Option<(u16, VecDeque<Vec<u8>>)>,
    pub open: i64,
}

impl Host {
    pub fn with_body(body: &[u8]) -> Host {
        Host { body: VecDeque::from([body.to_vec()]), ..Host::default() }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.response).unwrap()
    }

    pub fn status(&self) -> u16 {
        self.head.as_ref().unwrap().0
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = &self.head.as_ref().unwrap().1;
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub type Shared = RefCell<Host>;

fn shared<'a>(ctx: *mut c_void) -> &'a Shared {
    unsafe { &*ctx.cast::<Shared>() }
}

fn give(parts: &mut VecDeque<Vec<u8>>, to: *mut u8, cap: usize) -> Option<i64> {
    let mut part = parts.pop_front()?;
    let len = part.len().min(cap);
    unsafe { ptr::copy_nonoverlapping(part.as_ptr(), to, len) };
    let rest = part.split_off(len);
    if !rest.is_empty() {
        parts.push_front(rest);
    }
    Some(len as i64)
}

extern "C" fn wake(ctx: *mut c_void) {
    shared(ctx).borrow_mut().wakes += 1;
}

extern "C" fn body_read(ctx: *mut c_void, to: *mut u8, cap: usize) -> i64 {
    let mut host = shared(ctx).borrow_mut();
    let end = host.body_end;
    give(&mut host.body, to, cap).unwrap_or(end)
}

extern "C" fn respond(ctx: *mut c_void, status: u16, fields: *const Pair, len: usize) -> i64 {
    let mut host = shared(ctx).borrow_mut();
    assert!(host.head.is_none(), "a second head");
    if host.refuse_head {
        return IO_FAILED;
    }
    let fields = if len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(fields, len) } };
    let fields = fields.iter().map(|pair| (copied(pair.name), copied(pair.value))).collect();
    host.head = Some((status, fields));
    0
}

extern "C" fn body_write(ctx: *mut c_void, from: *const u8, len: usize) -> i64 {
    let mut host = shared(ctx).borrow_mut();
    assert!(host.head.is_none() == host.headless && len > 0);
    let taken = host.room.map_or(len, |room| room.min(len));
    if taken == 0 {
        return host.write_full;
    }
    if let Some(room) = &mut host.room {
        *room -= taken;
    }
    host.response.extend_from_slice(unsafe { std::slice::from_raw_parts(from, taken) });
    taken as i64
}

extern "C" fn log(ctx: *mut c_void, stream: c_int, from: *const u8, len: usize) {
    let line = unsafe { std::slice::from_raw_parts(from, len) };
    let line = String::from_utf8(line.to_vec()).unwrap();
    shared(ctx).borrow_mut().logs.push((stream, line));
}

extern "C" fn outgoing_start(
    ctx: *mut c_void,
    scheme: Str,
    authority: Str,
    method: Str,
    path: Str,
    _: *const Pair,
    _: usize,
) -> i64 {
    let mut host = shared(ctx).borrow_mut();
    let asked =
        format!("{} {}://{}{}", copied(method), copied(scheme), copied(authority), copied(path));
    host.asked.push(asked);
    if !host.grant {
        return 0;
    }
    host.open += 1;
    7
}

extern "C" fn outgoing_write(ctx: *mut c_void, handle: i64, from: *const u8, len: usize) -> i64 {
    assert_eq!(handle, 7);
    let bytes = unsafe { std::slice::from_raw_parts(from, len) };
    shared(ctx).borrow_mut().uploaded.extend_from_slice(bytes);
    len as i64
}

extern "C" fn outgoing_end(ctx: *mut c_void, handle: i64) {
    assert_eq!(handle, 7);
    shared(ctx).borrow_mut().upload_ended = true;
}

extern "C" fn outgoing_head(
    ctx: *mut c_void,
    _: i64,
    status: *mut u16,
    each_ctx: *mut c_void,
    each: EachField,
) -> i64 {
    let Some((code, _)) = &shared(ctx).borrow().answer else { return IO_PENDING };
    unsafe { *status = *code };
    each(each_ctx, text("content-type"), text("text/plain"));
    1
}

extern "C" fn outgoing_read(ctx: *mut c_void, _: i64, to: *mut u8, cap: usize) -> i64 {
    let mut host = shared(ctx).borrow_mut();
    let (_, parts) = host.answer.as_mut().unwrap();
    give(parts, to, cap).unwrap_or(IO_END)
}

extern "C" fn outgoing_delete(ctx: *mut c_void, handle: i64) {
    assert_eq!(handle, 7);
    shared(ctx).borrow_mut().open -= 1;
}

fn table(host: &Shared) -> HostTable {
    HostTable {
        ctx: ptr::from_ref(host).cast_mut().cast(),
        wake,
        body_read,
        respond,
        body_write,
        log,
        outgoing_start,
        outgoing_write,
        outgoing_end,
        outgoing_head,
        outgoing_read,
        outgoing_delete,
    }
}

pub struct Call {
    raw: *mut c_void,
    host: Rc<Shared>,
}

impl Drop for Call {
    fn drop(&mut self) {
        unsafe { strata_call_delete(self.raw.cast()) }
    }
}

pub struct Exit {
    pub reason: i32,
    pub status: i32,
    pub detail: String,
    pub instantiated: bool,
}

/// A request with the fields that most tests leave alone.
pub struct Head<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub length: Option<u64>,
}

impl<'a> Head<'a> {
    pub fn get(path: &'a str) -> Head<'a> {
        Head { method: "GET", path, headers: vec![], length: None }
    }
}

impl Sandbox {
    pub fn http(&self, head: &Head<'_>, host: Host) -> Result<Call, String> {
        let pair = |(name, value): &(&str, &str)| Pair { name: text(name), value: text(value) };
        let headers: Vec<_> = head.headers.iter().map(pair).collect();
        let request = Request {
            method: text(head.method),
            scheme: text("http"),
            authority: text("guest.test"),
            path_with_query: text(head.path),
            headers: headers.as_ptr(),
            headers_len: headers.len(),
            has_content_length: head.length.is_some(),
            content_length: head.length.unwrap_or(0),
        };
        let host = Rc::new(RefCell::new(host));
        let mut error = ptr::null_mut();
        let raw = unsafe { strata_call_http(self.0.cast(), &request, &table(&host), &mut error) };
        if raw.is_null() { Err(take_text(error)) } else { Ok(Call { raw: raw.cast(), host }) }
    }

    pub fn get(&self, path: &str) -> Call {
        self.http(&Head::get(path), Host::default()).unwrap()
    }

    /// Runs a command as a program.
    pub fn program(&self, args: &[&str], host: Host) -> Result<Call, String> {
        let args: Vec<_> = args.iter().map(|arg| text(arg)).collect();
        let host = Rc::new(RefCell::new(Host { headless: true, ..host }));
        let mut error = ptr::null_mut();
        let raw = unsafe {
            let sandbox = self.0.cast();
            strata_call_command(sandbox, args.as_ptr(), args.len(), &table(&host), &mut error)
        };
        if raw.is_null() { Err(take_text(error)) } else { Ok(Call { raw: raw.cast(), host }) }
    }

    pub fn export(&self, name: &str, args: &[Value]) -> Result<Call, String> {
        let host = Rc::new(RefCell::new(Host::default()));
        let mut error = ptr::null_mut();
        let raw = unsafe {
            let args_at = args.as_ptr();
            let sandbox = self.0.cast();
            strata_call_export(sandbox, text(name), args_at, args.len(), &table(&host), &mut error)
        };
        if raw.is_null() { Err(take_text(error)) } else { Ok(Call { raw: raw.cast(), host }) }
    }

    pub fn memory_peak(&self) -> u64 {
        unsafe { strata_sandbox_memory_peak(self.0.cast()) }
    }
}

impl Call {
    /// One poll; `None` while the call is pending.
    pub fn poll(&mut self) -> Option<Exit> {
        let mut exit = std::mem::MaybeUninit::uninit();
        if unsafe { strata_call_poll(self.raw.cast(), exit.as_mut_ptr()) } == CALL_PENDING {
            return None;
        }
        let exit = unsafe { exit.assume_init() };
        Some(Exit {
            reason: exit.reason,
            status: exit.status,
            detail: CStr::from_bytes_until_nul(&exit.detail).unwrap().to_str().unwrap().to_owned(),
            instantiated: exit.instantiate_done == 1,
        })
    }

    /// Polls a call that has all it needs; it may only wait for its own wakes and timers.
    pub fn finish(&mut self, engine: &Engine) -> Exit {
        for _ in 0..1_000_000 {
            if let Some(exit) = self.poll() {
                return exit;
            }
            engine.turn();
        }
        panic!("the call does not end");
    }

    pub fn instantiated(&self) -> bool {
        unsafe { strata_call_instantiated(self.raw.cast()) }
    }

    pub fn results(&self) -> Vec<Value> {
        let zero = Value { kind: 1, of: Number { i64: 0 } };
        let mut values = vec![zero; 8];
        let len =
            unsafe { strata_call_results(self.raw.cast(), values.as_mut_ptr(), values.len()) };
        values.truncate(len);
        values
    }

    /// Deletes the call; what it did to its host is left.
    pub fn delete(self) -> Rc<Shared> {
        self.host.clone()
    }

    pub fn host(&self) -> std::cell::RefMut<'_, Host> {
        self.host.borrow_mut()
    }
}

pub fn i32_value(value: i32) -> Value {
    Value { kind: 0, of: Number { i32: value } }
}

/// Lifts this process's limit of open files as far as it goes.
pub fn allow_many_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

/// Threads of this process.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// The guest of `guests/http.wat`, as a component.
pub fn http_guest() -> Vec<u8> {
    static GUEST: LazyLock<Vec<u8>> = LazyLock::new(|| componentize("http.wat", "http.wit"));
    GUEST.clone()
}

/// Runs the package in `guests/`. It is a package of its own because its dependencies would change
/// the features, and so the build, of the engine's.
fn componentize(core: &str, world: &str) -> Vec<u8> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--locked", "--manifest-path"])
        .arg(guests.join("Cargo.toml"))
        .arg("--")
        .args([guests.join(core), guests.join(world)])
        .env("CARGO_TARGET_DIR", out.join("guests"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
