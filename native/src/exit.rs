//! How a call ended: the guest's fate is a value, never an error of ours.

use crate::abi;
use crate::limits::Denied;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Reason {
    Returned = 0,
    Trap = 1,
    Memory = 2,
    Host = 3,
    Internal = 4,
    Exhausted = 5,
    Stack = 6,
    Table = 7,
}

#[derive(Clone, Debug)]
pub struct Exit {
    pub reason: Reason,
    pub status: i32,
    pub detail: String,
}

impl Exit {
    pub fn returned(status: i32) -> Exit {
        Exit { reason: Reason::Returned, status, detail: String::new() }
    }

    pub fn internal(detail: String) -> Exit {
        Exit { reason: Reason::Internal, status: 0, detail }
    }

    /// Names the cause of `error`, which ended a guest. `denied` and `host_failed` say what had gone
    /// wrong before: a guest that was refused memory dies of an `unreachable` like any other.
    pub fn of(error: &Error, denied: Denied, host_failed: bool) -> Exit {
        let reason = if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            Reason::Exhausted
        } else if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
            Reason::Stack
        } else if denied.memory {
            Reason::Memory
        } else if denied.table {
            Reason::Table
        } else if host_failed {
            Reason::Host
        } else {
            Reason::Trap
        };
        Exit { reason, status: 0, detail: describe(error) }
    }

    /// `instantiate_done` is left at 0.
    pub fn to_abi(&self) -> abi::Exit {
        let mut detail = [0; abi::DETAIL_SIZE];
        let mut len = self.detail.len().min(abi::DETAIL_SIZE - 1);
        while !self.detail.is_char_boundary(len) {
            len -= 1;
        }
        detail[..len].copy_from_slice(&self.detail.as_bytes()[..len]);
        abi::Exit { reason: self.reason as i32, status: self.status, detail, instantiate_done: 0 }
    }
}

/// The cause first: a long backtrace must not push it out of a detail's bounds.
pub fn describe(error: &Error) -> String {
    let mut texts: Vec<_> = error.chain().map(ToString::to_string).collect();
    texts.reverse();
    texts.join("\n")
}

/// The status a WASI guest left with, when `error` is its `exit` and not a failure.
pub fn exit_status(error: &Error) -> Option<i32> {
    error.downcast_ref::<I32Exit>().map(|exit| exit.0)
}
