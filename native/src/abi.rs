//! The types of `include/strata_native.h`, field by field.

use std::ffi::{c_char, c_int, c_void};
use std::str::Utf8Error;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    pub data: *const c_char,
    pub len: usize,
}

impl Str {
    /// # Safety
    /// `data` must be valid for `len` bytes for as long as the result is used.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        unsafe { slice(self.data.cast(), self.len) }
    }

    /// # Safety
    /// As for [`Str::bytes`].
    pub(crate) unsafe fn text<'a>(self) -> Result<&'a str, Utf8Error> {
        std::str::from_utf8(unsafe { self.bytes() })
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Str {
        Str { data: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

/// A C array as a slice; a null pointer is an empty array.
///
/// # Safety
/// `data` must be null or valid for `len` elements for as long as the result is used.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if data.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(data, len) } }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pair {
    pub name: Str,
    pub value: Str,
}

impl Pair {
    /// Borrows both, without a lifetime to say so.
    pub(crate) fn new(name: &str, value: &[u8]) -> Pair {
        Pair { name: name.as_bytes().into(), value: value.into() }
    }

    /// The fields of a head, which must outlive the result.
    pub(crate) fn of(headers: &http::HeaderMap) -> Vec<Pair> {
        headers.iter().map(|(name, value)| Pair::new(name.as_str(), value.as_bytes())).collect()
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Dir {
    pub host_path: Str,
    pub guest_path: Str,
    pub writable: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct EngineConfig {
    pub max_sandboxes: u32,
    pub max_memory: u64,
    pub memory_reservation: u64,
    pub max_table_elements: u32,
    pub keep_resident: u64,
    pub pooling: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SandboxConfig {
    pub memory: u64,
    pub table_elements: u32,
    pub host_calls: u32,
    pub cpu_clock_start: u64,
    pub env: *const Pair,
    pub env_len: usize,
    pub dirs: *const Dir,
    pub dirs_len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Request {
    pub method: Str,
    pub scheme: Str,
    pub authority: Str,
    pub path_with_query: Str,
    pub headers: *const Pair,
    pub headers_len: usize,
    pub has_content_length: bool,
    pub content_length: u64,
}

pub type EachField = extern "C" fn(*mut c_void, Str, Str);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct HostTable {
    pub ctx: *mut c_void,
    pub wake: extern "C" fn(*mut c_void),
    pub body_read: extern "C" fn(*mut c_void, *mut u8, usize) -> i64,
    pub respond: extern "C" fn(*mut c_void, u16, *const Pair, usize) -> i64,
    pub body_write: extern "C" fn(*mut c_void, *const u8, usize) -> i64,
    pub log: extern "C" fn(*mut c_void, c_int, *const u8, usize),
    pub outgoing_start: extern "C" fn(*mut c_void, Str, Str, Str, Str, *const Pair, usize) -> i64,
    pub outgoing_write: extern "C" fn(*mut c_void, i64, *const u8, usize) -> i64,
    pub outgoing_end: extern "C" fn(*mut c_void, i64),
    pub outgoing_head: extern "C" fn(*mut c_void, i64, *mut u16, *mut c_void, EachField) -> i64,
    pub outgoing_read: extern "C" fn(*mut c_void, i64, *mut u8, usize) -> i64,
    pub outgoing_delete: extern "C" fn(*mut c_void, i64),
}

pub const IO_END: i64 = 0;
pub const IO_PENDING: i64 = -1;
pub const IO_FAILED: i64 = -2;

#[repr(C)]
#[derive(Clone, Copy)]
pub union Number {
    pub i32: i32,
    pub i64: i64,
    pub f32: f32,
    pub f64: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    pub kind: u8,
    pub of: Number,
}

pub const CALL_PENDING: c_int = 0;
pub const CALL_DONE: c_int = 1;

pub const DETAIL_SIZE: usize = 512;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Exit {
    pub reason: i32,
    pub status: i32,
    pub detail: [u8; DETAIL_SIZE],
    pub instantiate_done: u64,
}
