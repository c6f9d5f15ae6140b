//! WASI preview 1's functions: Wasmtime's own, with one replaced.

use crate::command::CommandState;
use std::time::Duration;
use wasmtime::{AsContextMut, Caller, Extern, Linker, Result, bail};
use wasmtime_wasi::p1::types::{
    Clockid, Errno, Event, EventFdReadwrite, Eventrwflags, Eventtype, Subclockflags, Subscription,
    SubscriptionU,
};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{WasiSnapshotPreview1, poll_oneoff};
use wiggle::{GuestMemory, GuestPtr};

pub fn linker(engine: &wasmtime::Engine) -> Result<Linker<CommandState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, CommandState::wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap_async(
        "wasi_snapshot_preview1",
        "poll_oneoff",
        |caller: Caller<'_, CommandState>, arguments: (i32, i32, i32, i32)| {
            Box::new(poll(caller, arguments))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(linker)
}

/// `poll_oneoff` that never blocks the thread. The original puts the whole thread to sleep for a
/// single relative timer when it may block for files; here that one waits as any other does.
async fn poll(
    mut caller: Caller<'_, CommandState>,
    (subscriptions, events, len, stored): (i32, i32, i32, i32),
) -> Result<i32> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        bail!("missing required memory export")
    };
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (memory, state) = memory.data_and_store_mut(&mut caller);
    let mut memory = GuestMemory::Unshared(memory);
    if len == 1
        && let Ok(subscription) = memory.read(GuestPtr::<Subscription>::new(subscriptions as u32))
        && let SubscriptionU::Clock(clock) = &subscription.u
        && !clock.flags.contains(Subclockflags::SUBSCRIPTION_CLOCK_ABSTIME)
    {
        if !matches!(clock.id, Clockid::Realtime | Clockid::Monotonic) {
            return Ok(Errno::Inval as i32);
        }
        tokio::time::sleep(Duration::from_nanos(clock.timeout)).await;
        let event = Event {
            userdata: subscription.userdata,
            error: Errno::Success,
            type_: Eventtype::Clock,
            fd_readwrite: EventFdReadwrite { nbytes: 0, flags: Eventrwflags::empty() },
        };
        memory.write(GuestPtr::new(events as u32), event)?;
        memory.write(GuestPtr::<u32>::new(stored as u32), 1)?;
        return Ok(Errno::Success as i32);
    }
    let wasi = state.wasi();
    wasi.set_hostcall_fuel(fuel);
    poll_oneoff(wasi, &mut memory, subscriptions, events, len, stored).await
}
