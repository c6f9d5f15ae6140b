//! Engines, compiling and images: what is refused, and what must match.

mod common;

use common::*;
use strata_native::EngineConfig;

fn compiler() -> EngineConfig {
    EngineConfig { pooling: false, ..config() }
}

#[test]
fn both_roles_have_one_key() {
    let key = Engine::new(&config()).key();
    assert_eq!(key.len(), 16);
    assert_eq!(key, Engine::new(&compiler()).key());
    let other_pool = EngineConfig { max_sandboxes: 3, keep_resident: 1 << 16, ..config() };
    assert_eq!(key, Engine::new(&other_pool).key());
    let other_code = EngineConfig { memory_reservation: 4 * GIB, ..config() };
    assert_ne!(key, Engine::new(&other_code).key());
}

#[test]
fn code_of_the_compile_role_runs_in_the_host_role() {
    for memory_reservation in [64 * MIB, 4 * GIB] {
        let config = EngineConfig { memory_reservation, ..config() };
        let compile = Engine::new(&EngineConfig { pooling: false, ..config });
        let native = compile.compile("(module (func (export \"f\") (result i32) i32.const 7))");
        let native = native.unwrap();
        let component = compile.compile(http_guest()).unwrap();
        drop(compile);
        let engine = Engine::new(&config);
        let module = engine.load(&native).unwrap();
        let mut call = module.sandbox().export("f", &[]).unwrap();
        assert_eq!(call.finish(&engine).reason, RETURNED);
        let image = engine.load(&component).unwrap();
        assert_eq!(image.sandbox().get("/hello").finish(&engine).reason, RETURNED);
    }
}

#[test]
fn images_come_and_go() {
    let engine = Engine::new(&config());
    let native = engine.compile(http_guest()).unwrap();
    for _ in 0..20 {
        let image = engine.load(&native).unwrap();
        let sandbox = image.sandbox();
        drop(image);
        assert_eq!(sandbox.get("/hello").finish(&engine).reason, RETURNED);
    }
}

#[test]
fn refuses_to_load_what_is_not_its_code() {
    let engine = Engine::new(&config());
    assert!(engine.load(b"\0asm\x01\0\0\0").is_err());
    assert!(engine.load(b"").is_err());
    let other = Engine::new(&EngineConfig { memory_reservation: 4 * GIB, ..compiler() });
    for guest in [b"(module)".to_vec(), http_guest()] {
        let refused = engine.load(&other.compile(guest).unwrap()).err().unwrap();
        assert!(refused.contains("reservation"), "{refused}");
    }
}

#[test]
fn refuses_bad_sources_with_a_reason() {
    let compile = Engine::new(&compiler());
    let large_memory = "(module (memory 2000))";
    let large_table = "(module (table 20000 funcref))";
    let foreign = r#"(module (import "env" "f" (func)))"#;
    let foreign_command = r#"(module (import "env" "f" (func)) (func (export "_start")))"#;
    let foreign_component = r#"(component (import "a:b/c@1.0.0" (instance (export "f" (func)))))"#;
    let useless_component = "(component)";
    let cases: [(&[u8], &str); 9] = [
        (b"", "not WebAssembly"),
        (b"\0asm\x01\0\0\0\xff\xff", "malformed section id"),
        (b"(module (func (i32.add)))", "type mismatch"),
        (large_memory.as_bytes(), "initial memory"),
        (large_table.as_bytes(), "declared table"),
        (foreign.as_bytes(), "env::f"),
        (foreign_command.as_bytes(), "env::f"),
        (foreign_component.as_bytes(), "a:b/c@1.0.0"),
        (useless_component.as_bytes(), "wasi:http/incoming-handler"),
    ];
    for (source, reason) in cases {
        let refused = compile.compile(source).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
    let mut truncated = http_guest();
    truncated.truncate(truncated.len() / 2);
    assert!(compile.compile(truncated).is_err());
}

#[test]
fn refuses_configurations_that_cannot_be() {
    let refused = Engine::try_new(&EngineConfig { max_memory: 128 * MIB, ..config() });
    assert!(refused.err().unwrap().contains("memory_reservation"));
    let engine = Engine::new(&config());
    let image = engine.image("(module)");
    let large = Options { memory: 65 * MIB, ..Options::default() };
    assert!(image.sandbox_with(&large).err().unwrap().contains("memory limit"));
    let wide = Options { table_elements: 10_001, ..Options::default() };
    assert!(image.sandbox_with(&wide).err().unwrap().contains("table elements"));
}
