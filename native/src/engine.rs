//! The engine: one per process and role, with the pool of slots that sandboxes are made in.

use crate::abi::EngineConfig;
use crate::command::CommandState;
use crate::component::{self, ComponentState};
use crate::image::CodeMappings;
use crate::preview1;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;
use wasmtime::component::Linker;
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Result, ensure};

const GIB: u64 = 1 << 30;
/// With a reservation that holds every 32-bit address, code without bounds checks runs into this.
const GUARD: u64 = 32 << 20;
/// A guest's own stack. What is left of a fiber's stack belongs to the host functions it calls.
const WASM_STACK: usize = 512 << 10;
const FIBER_STACK: usize = 704 << 10;
/// Core instances and tables are bookkeeping, and a component made of Python or JavaScript has a
/// dozen of them for its one memory.
const INSTANCES_PER_SANDBOX: u32 = 32;
const TABLES_PER_SANDBOX: u32 = 8;
/// Bytes of a table cleared by hand between uses, and the largest VM context of a core instance.
const TABLE_KEEP_RESIDENT: usize = 8 << 10;
const INSTANCE_SIZE: usize = 4 << 20;

/// Frames of a trap's backtrace; a detail has room for few.
const BACKTRACE_FRAMES: usize = 10;

pub struct Engine {
    pub wasm: wasmtime::Engine,
    pub config: EngineConfig,
    pub components: Linker<ComponentState>,
    pub commands: wasmtime::Linker<CommandState>,
    pub mappings: Arc<CodeMappings>,
    /// Only for its timers and its task queue: it has no I/O driver and starts no thread.
    pub runtime: Runtime,
    ticks: AtomicU64,
}

impl Engine {
    pub fn new(config: &EngineConfig) -> Result<Engine> {
        ensure!(
            config.max_memory <= config.memory_reservation,
            "max_memory ({}) is larger than memory_reservation ({})",
            config.max_memory,
            config.memory_reservation
        );
        let mappings = Arc::new(CodeMappings::default());
        let mut settings = settings(config);
        settings.with_custom_code_memory(Some(mappings.clone()));
        let wasm = wasmtime::Engine::new(&settings)?;
        let components = component::linker(&wasm)?;
        let commands = preview1::linker(&wasm)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let ticks = AtomicU64::new(0);
        Ok(Engine { wasm, config: *config, components, commands, mappings, runtime, ticks })
    }

    /// Async-signal-safe: two atomic additions.
    pub fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        self.wasm.increment_epoch();
    }

    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Runs due timers and ready tasks. Yielding once makes the runtime look at both.
    pub fn turn(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }

    pub fn key(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.wasm.precompile_compatibility_hash().hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

/// Everything that compiled code depends on is the same in both roles; the pool is not part of it.
fn settings(config: &EngineConfig) -> Config {
    let guarded = config.memory_reservation >= 4 * GIB;
    let mut settings = Config::new();
    settings
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(config.memory_reservation)
        .memory_guard_size(if guarded { GUARD } else { 0 })
        // Slots are as large as memories may become, so their base never changes.
        .memory_may_move(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(FIBER_STACK)
        .async_stack_zeroing(false)
        // Nobody unwinds through guests but the engine, which has its own tables.
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES))
        .generate_address_map(false);
    if config.pooling {
        settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
    }
    settings
}

fn pool(config: &EngineConfig) -> PoolingAllocationConfig {
    let sandboxes = config.max_sandboxes;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_core_instances(sandboxes.saturating_mul(INSTANCES_PER_SANDBOX))
        .total_memories(sandboxes)
        .total_tables(sandboxes.saturating_mul(TABLES_PER_SANDBOX))
        .total_stacks(sandboxes)
        .max_core_instance_size(INSTANCE_SIZE)
        .max_component_instance_size(INSTANCE_SIZE)
        .max_memory_size(usize::try_from(config.max_memory).unwrap_or(usize::MAX))
        .table_elements(config.max_table_elements as usize)
        .max_tables_per_module(TABLES_PER_SANDBOX)
        .linear_memory_keep_resident(usize::try_from(config.keep_resident).unwrap_or(usize::MAX))
        .table_keep_resident(TABLE_KEEP_RESIDENT);
    pool
}
