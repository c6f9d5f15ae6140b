//! A sandbox's memory and table limits: over all memories and all tables together.

use crate::host::Host;
use std::sync::Arc;
use wasmtime::{ResourceLimiter, Result};

/// Which limits have refused a growth so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Denied {
    pub memory: bool,
    pub table: bool,
}

/// One resource: what is in use and its bound.
struct Meter {
    used: u64,
    limit: u64,
}

impl Meter {
    fn grow(&mut self, current: usize, desired: usize) -> bool {
        let total = self.used.saturating_add(desired.saturating_sub(current) as u64);
        let granted = total <= self.limit;
        if granted {
            self.used = total;
        }
        granted
    }
}

pub struct Limits {
    memory: Meter,
    table: Meter,
    denied: Denied,
    host: Arc<Host>,
}

impl Limits {
    /// `host` is told the total of memory after every growth.
    pub fn new(memory: u64, table_elements: u64, host: Arc<Host>) -> Limits {
        Limits {
            memory: Meter { used: 0, limit: memory },
            table: Meter { used: 0, limit: table_elements },
            denied: Denied::default(),
            host,
        }
    }

    pub fn denied(&self) -> Denied {
        self.denied
    }
}

/// True when the guest's own declaration forbids the growth: the engine refuses it, we do not count.
fn beyond_declared(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_some_and(|maximum| desired > maximum)
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if beyond_declared(desired, maximum) {
            return Ok(true);
        }
        let granted = self.memory.grow(current, desired);
        self.denied.memory |= !granted;
        self.host.note_memory(self.memory.used);
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        if beyond_declared(desired, maximum) {
            return Ok(true);
        }
        let granted = self.table.grow(current, desired);
        self.denied.table |= !granted;
        Ok(granted)
    }
}
