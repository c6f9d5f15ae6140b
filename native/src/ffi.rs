//! The C functions of `include/strata_native.h`. Nothing unwinds into C.
#![allow(clippy::missing_safety_doc, reason = "the contract is strata_native.h")]

use crate::abi::{self, EngineConfig, HostTable, SandboxConfig, Str, Value};
use crate::call::{Call, panic_message};
use crate::compile::compile;
use crate::engine::Engine;
use crate::image::{Image, Program};
use crate::sandbox::{Request, Sandbox, Spec};
use std::ffi::{CString, c_char, c_int};
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::task::Poll;
use wasmtime::{Result, Val, bail};

fn c_string(text: String) -> *mut c_char {
    let mut bytes = text.into_bytes();
    bytes.retain(|&byte| byte != 0);
    CString::new(bytes).map_or(ptr::null_mut(), CString::into_raw)
}

/// Runs `make`; on an error or a panic stores the message and returns `None`.
///
/// # Safety
/// `error` must be null or valid for a write.
unsafe fn attempt<T>(error: *mut *mut c_char, make: impl FnOnce() -> Result<T>) -> Option<T> {
    let message = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(Ok(made)) => return Some(made),
        Ok(Err(failure)) => format!("{failure:#}"),
        Err(panic) => panic_message(&*panic),
    };
    if !error.is_null() {
        unsafe { *error = c_string(message) };
    }
    None
}

/// Runs `delete`, whose panics have nobody to go to.
fn quietly(delete: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(delete));
}

/// Another owner of what C holds as a pointer made by `Rc::into_raw`.
///
/// # Safety
/// `pointer` must come from `Rc::into_raw` and still own a reference.
unsafe fn share<T>(pointer: *const T) -> Rc<T> {
    unsafe {
        Rc::increment_strong_count(pointer);
        Rc::from_raw(pointer)
    }
}

/// # Safety
/// `pointer` must be null or come from `Rc::into_raw`, and is not used again.
unsafe fn release<T>(pointer: *const T) {
    if !pointer.is_null() {
        quietly(|| drop(unsafe { Rc::from_raw(pointer) }));
    }
}

fn into_raw<T>(made: Option<T>) -> *const T {
    made.map_or(ptr::null(), |made| Rc::into_raw(Rc::new(made)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_string_free(text: *mut c_char) {
    if !text.is_null() {
        drop(unsafe { CString::from_raw(text) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_engine_new(
    config: *const EngineConfig,
    error: *mut *mut c_char,
) -> *const Engine {
    into_raw(unsafe { attempt(error, || Engine::new(&*config)) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_engine_delete(engine: *const Engine) {
    unsafe { release(engine) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_engine_tick(engine: *const Engine) {
    unsafe { &*engine }.tick();
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_engine_turn(engine: *const Engine) {
    quietly(|| unsafe { &*engine }.turn());
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_engine_key(engine: *const Engine) -> *mut c_char {
    let key = unsafe { attempt(ptr::null_mut(), || Ok((*engine).key())) };
    key.map_or(ptr::null_mut(), c_string)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_compile(
    engine: *const Engine,
    wasm: *const u8,
    wasm_len: usize,
    out: *mut *mut u8,
    out_len: *mut usize,
    error: *mut *mut c_char,
) -> c_int {
    let native = unsafe { attempt(error, || compile(&*engine, abi::slice(wasm, wasm_len))) };
    let Some(native) = native else { return 1 };
    let native = Box::leak(native.into_boxed_slice());
    unsafe {
        *out = native.as_mut_ptr();
        *out_len = native.len();
    }
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_bytes_free(bytes: *mut u8, len: usize) {
    if !bytes.is_null() {
        drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, len)) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_image_load(
    engine: *const Engine,
    fd: c_int,
    error: *mut *mut c_char,
) -> *const Image {
    let load = || unsafe {
        if fd < 0 {
            bail!("not a descriptor: {fd}");
        }
        Image::load(&share(engine), BorrowedFd::borrow_raw(fd))
    };
    into_raw(unsafe { attempt(error, load) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_image_delete(image: *const Image) {
    unsafe { release(image) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_image_kind(image: *const Image) -> c_int {
    match unsafe { &(*image).program } {
        Program::Http(_) => 1,
        Program::Command(_) => 2,
        Program::Module(_) => 3,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_image_exports(image: *const Image) -> *mut c_char {
    c_string(match unsafe { &(*image).program } {
        Program::Module(program) => program.exports_json(),
        _ => "[]".to_owned(),
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_sandbox_new(
    image: *const Image,
    config: *const SandboxConfig,
    error: *mut *mut c_char,
) -> *const Sandbox {
    let make = || unsafe { Sandbox::new(share(image), Spec::copy(&*config)?) };
    into_raw(unsafe { attempt(error, make) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_sandbox_delete(sandbox: *const Sandbox) {
    unsafe { release(sandbox) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_sandbox_memory_peak(sandbox: *const Sandbox) -> u64 {
    unsafe { &(*sandbox).host }.memory_peak()
}

fn call_into_raw(call: Option<Call>) -> *mut Call {
    call.map_or(ptr::null_mut(), |call| Box::into_raw(Box::new(call)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_http(
    sandbox: *const Sandbox,
    request: *const abi::Request,
    host: *const HostTable,
    error: *mut *mut c_char,
) -> *mut Call {
    let start = || unsafe { Call::http(share(sandbox), Request::copy(&*request)?, *host) };
    call_into_raw(unsafe { attempt(error, start) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_command(
    sandbox: *const Sandbox,
    args: *const Str,
    args_len: usize,
    host: *const HostTable,
    error: *mut *mut c_char,
) -> *mut Call {
    let start = || unsafe {
        let text = |arg: &Str| match arg.text() {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => bail!("invalid: an argument is not UTF-8"),
        };
        let args = abi::slice(args, args_len).iter().map(text).collect::<Result<_>>()?;
        Call::command(share(sandbox), args, *host)
    };
    call_into_raw(unsafe { attempt(error, start) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_export(
    sandbox: *const Sandbox,
    name: Str,
    args: *const Value,
    args_len: usize,
    host: *const HostTable,
    error: *mut *mut c_char,
) -> *mut Call {
    let start = || unsafe {
        let args = abi::slice(args, args_len).iter().map(to_val).collect::<Result<_>>()?;
        Call::export(share(sandbox), name.text()?, args, *host)
    };
    call_into_raw(unsafe { attempt(error, start) })
}

fn to_val(value: &Value) -> Result<Val> {
    // SAFETY: `kind` says which member is set, and every bit pattern is a number.
    Ok(unsafe {
        match value.kind {
            0 => Val::I32(value.of.i32),
            1 => Val::I64(value.of.i64),
            2 => Val::F32(value.of.f32.to_bits()),
            3 => Val::F64(value.of.f64.to_bits()),
            kind => bail!("invalid: value of the unknown type {kind}"),
        }
    })
}

fn from_val(val: &Val) -> Option<Value> {
    Some(match *val {
        Val::I32(i32) => Value { kind: 0, of: abi::Number { i32 } },
        Val::I64(i64) => Value { kind: 1, of: abi::Number { i64 } },
        Val::F32(bits) => Value { kind: 2, of: abi::Number { f32: f32::from_bits(bits) } },
        Val::F64(bits) => Value { kind: 3, of: abi::Number { f64: f64::from_bits(bits) } },
        _ => return None,
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_poll(call: *mut Call, exit: *mut abi::Exit) -> c_int {
    let call = unsafe { &mut *call };
    let Poll::Ready(done) = call.poll() else { return abi::CALL_PENDING };
    let done = done.to_abi();
    unsafe { *exit = done };
    unsafe { (*exit).instantiate_done = call.instantiated().into() };
    abi::CALL_DONE
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_instantiated(call: *const Call) -> bool {
    unsafe { &*call }.instantiated()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_results(
    call: *const Call,
    out: *mut Value,
    cap: usize,
) -> usize {
    let values = unsafe { &*call }.results();
    for (at, value) in values.iter().take(cap).filter_map(from_val).enumerate() {
        unsafe { out.add(at).write(value) };
    }
    values.len()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn strata_call_delete(call: *mut Call) {
    if !call.is_null() {
        quietly(|| drop(unsafe { Box::from_raw(call) }));
    }
}
