//! Bare modules: no imports, typed exports, and one request handler by convention.

use crate::abi::Pair;
use crate::engine::Engine;
use crate::host::Host;
use crate::limits::{Denied, Limits};
use crate::sandbox::Spec;
use std::collections::HashMap;
use std::fmt::Write;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use wasmtime::{
    ExternType, FuncType, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Result,
    Store, TypedFunc, Val, ValType, bail, ensure, format_err,
};

/// Bytes of the request's body asked for at once.
const READ_SIZE: usize = 64 << 10;

struct ModuleState {
    limits: Limits,
}

/// A module with its exports resolved, so that a call looks nothing up by name.
pub struct ModuleProgram {
    pre: InstancePre<ModuleState>,
    names: HashMap<String, usize>,
    functions: Vec<Function>,
    handler: Option<Handler>,
}

struct Function {
    export: ModuleExport,
    ty: FuncType,
}

/// The exports that answer requests.
struct Handler {
    memory: ModuleExport,
    alloc: ModuleExport,
    handle: ModuleExport,
    text: bool,
}

/// True for a WASI command: it has an entry point instead of typed exports.
pub fn is_command(module: &Module) -> bool {
    matches!(module.get_export("_start"), Some(ExternType::Func(_)))
}

impl ModuleProgram {
    pub fn new(engine: &Engine, module: &Module) -> Result<ModuleProgram> {
        if let Some(import) = module.imports().next() {
            bail!(
                "a module without `_start` may import nothing, but imports `{}::{}`",
                import.module(),
                import.name()
            );
        }
        let pre = Linker::new(&engine.wasm).instantiate_pre(module)?;
        let (mut names, mut functions) = (HashMap::new(), Vec::new());
        for export in module.exports() {
            let (ExternType::Func(ty), Some(index)) =
                (export.ty(), module.get_export_index(export.name()))
            else {
                continue;
            };
            if ty.params().chain(ty.results()).all(|ty| kind_name(&ty).is_some()) {
                names.insert(export.name().to_owned(), functions.len());
                functions.push(Function { export: index, ty });
            }
        }
        let handler = Handler::find(module);
        Ok(ModuleProgram { pre, names, functions, handler })
    }

    /// The number of the typed export `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Checks arguments against an export's type; says what does not fit.
    pub fn check(&self, function: usize, args: &[Val]) -> Result<(), String> {
        let ty = &self.functions[function].ty;
        let wanted = ty.params().len();
        if wanted != args.len() {
            return Err(format!("the export takes {wanted} arguments, not {}", args.len()));
        }
        for (at, (ty, arg)) in ty.params().zip(args).enumerate() {
            let same = matches!(
                (&ty, arg),
                (ValType::I32, Val::I32(_))
                    | (ValType::I64, Val::I64(_))
                    | (ValType::F32, Val::F32(_))
                    | (ValType::F64, Val::F64(_))
            );
            if !same {
                return Err(format!("argument {at} must be {ty}"));
            }
        }
        Ok(())
    }

    /// The functions as JSON, sorted by name.
    pub fn exports_json(&self) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort();
        let mut json = String::from("[");
        for (at, (name, &function)) in names.into_iter().enumerate() {
            let ty = &self.functions[function].ty;
            json.push_str(if at == 0 { "{\"name\":" } else { ",{\"name\":" });
            push_string(&mut json, name);
            json.push_str(",\"params\":");
            push_types(&mut json, ty.params());
            json.push_str(",\"results\":");
            push_types(&mut json, ty.results());
            json.push('}');
        }
        json.push(']');
        json
    }
}

impl Handler {
    fn find(module: &Module) -> Option<Handler> {
        let is_function = |name: &str, params: &[ValType], results: &[ValType]| {
            let Some(ExternType::Func(ty)) = module.get_export(name) else { return None };
            let same = |found: &mut dyn ExactSizeIterator<Item = ValType>, wanted: &[ValType]| {
                found.len() == wanted.len() && found.zip(wanted).all(|(a, b)| a.matches(b))
            };
            let fits = same(&mut ty.params(), params) && same(&mut ty.results(), results);
            fits.then(|| module.get_export_index(name)).flatten()
        };
        let memory = match module.get_export("memory")? {
            ExternType::Memory(ty) if !ty.is_64() => module.get_export_index("memory")?,
            _ => return None,
        };
        Some(Handler {
            memory,
            alloc: is_function("strata_alloc", &[ValType::I32], &[ValType::I32])?,
            handle: is_function("strata_handle", &[ValType::I32, ValType::I32], &[ValType::I64])?,
            text: matches!(module.get_export("strata_text"), Some(ExternType::Global(_))),
        })
    }
}

pub struct ModuleGuest {
    program: Rc<ModuleProgram>,
    store: Store<ModuleState>,
    instance: Option<Instance>,
}

impl ModuleGuest {
    pub fn new(program: Rc<ModuleProgram>, spec: &Spec, host: &Arc<Host>) -> ModuleGuest {
        let state = ModuleState { limits: spec.limits(host) };
        let engine = program.pre.module().engine();
        let store = spec.store(engine, state, |state| &mut state.limits);
        ModuleGuest { program, store, instance: None }
    }

    pub fn denied(&self) -> Denied {
        self.store.data().limits.denied()
    }

    async fn instance(&mut self, host: &Host) -> Result<Instance> {
        let instance = match self.instance {
            Some(instance) => instance,
            None => self.program.pre.instantiate_async(&mut self.store).await?,
        };
        self.instance = Some(instance);
        host.set_instantiated();
        Ok(instance)
    }

    /// Calls a typed export; the arguments were checked.
    pub async fn call(&mut self, host: &Host, function: usize, args: &[Val]) -> Result<Vec<Val>> {
        let instance = self.instance(host).await?;
        let function = &self.program.functions[function];
        let export = instance.get_module_export(&mut self.store, &function.export);
        let Some(export) = export.and_then(|export| export.into_func()) else {
            bail!("the export is no function")
        };
        let mut results = vec![Val::I32(0); function.ty.results().len()];
        export.call_async(&mut self.store, args, &mut results).await?;
        Ok(results)
    }

    /// Answers one request: the body in, the body out.
    pub async fn handle(&mut self, host: &Host) -> Result<()> {
        let program = self.program.clone();
        let Some(handler) = &program.handler else {
            bail!(
                "the module answers no requests: it must export `memory`, `strata_alloc(i32) -> \
                 i32` and `strata_handle(i32, i32) -> i64`"
            )
        };
        let body = read_body(host).await?;
        let instance = self.instance(host).await?;
        let memory = self.memory(instance, &handler.memory)?;
        let len = i32::try_from(body.len())?;
        let mut at = 0;
        if len > 0 {
            let alloc: TypedFunc<i32, i32> = self.function(instance, &handler.alloc)?;
            at = alloc.call_async(&mut self.store, len).await?;
            let room = memory.data_mut(&mut self.store).get_mut(at as u32 as usize..);
            let room = room.and_then(|room| room.get_mut(..body.len()));
            let Some(room) = room else {
                bail!("strata_alloc returned {at}, where {len} bytes do not fit")
            };
            room.copy_from_slice(&body);
        }
        let handle: TypedFunc<(i32, i32), i64> = self.function(instance, &handler.handle)?;
        let answer = handle.call_async(&mut self.store, (at, len)).await? as u64;
        let (start, len) = ((answer >> 32) as usize, answer as u32 as usize);
        let response = memory.data(&self.store).get(start..).and_then(|rest| rest.get(..len));
        let Some(response) = response else {
            bail!("strata_handle returned bytes {start}..{start}+{len}, beyond its memory")
        };
        let media = if handler.text { "text/plain" } else { "application/octet-stream" };
        respond(host, media, response).await
    }

    fn memory(&mut self, instance: Instance, export: &ModuleExport) -> Result<Memory> {
        let found = instance.get_module_export(&mut self.store, export);
        found.and_then(|found| found.into_memory()).ok_or_else(|| format_err!("no memory"))
    }

    fn function<Params, Results>(
        &mut self,
        instance: Instance,
        export: &ModuleExport,
    ) -> Result<TypedFunc<Params, Results>>
    where
        Params: wasmtime::WasmParams,
        Results: wasmtime::WasmResults,
    {
        let found = instance.get_module_export(&mut self.store, export);
        let found = found.and_then(|found| found.into_func());
        found.ok_or_else(|| format_err!("no function"))?.typed(&self.store)
    }
}

async fn read_body(host: &Host) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = poll_fn(|_| host.body_read(READ_SIZE))
        .await
        .map_err(|_| format_err!("the request's body could not be read"))?
    {
        body.extend_from_slice(&part);
    }
    Ok(body)
}

async fn respond(host: &Host, media: &str, mut body: &[u8]) -> Result<()> {
    let length = body.len().to_string();
    let fields = [
        Pair::new("content-type", media.as_bytes()),
        Pair::new("content-length", length.as_bytes()),
    ];
    ensure!(host.respond(200, &fields).is_ok(), "the response was refused");
    while !body.is_empty() {
        let taken = poll_fn(|_| host.body_write(body)).await;
        let Ok(taken) = taken else { bail!("the response's body could not be written") };
        body = &body[taken.min(body.len())..];
    }
    Ok(())
}

fn kind_name(ty: &ValType) -> Option<&'static str> {
    match ty {
        ValType::I32 => Some("i32"),
        ValType::I64 => Some("i64"),
        ValType::F32 => Some("f32"),
        ValType::F64 => Some("f64"),
        _ => None,
    }
}

fn push_types(json: &mut String, types: impl Iterator<Item = ValType>) {
    json.push('[');
    for (at, name) in types.filter_map(|ty| kind_name(&ty)).enumerate() {
        let _ = write!(json, "{}\"{name}\"", if at == 0 { "" } else { "," });
    }
    json.push(']');
}

fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(json, "\\u{:04x}", c as u32);
            }
            c => json.push(c),
        }
    }
    json.push('"');
}
