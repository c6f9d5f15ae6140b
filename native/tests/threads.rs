//! No thread is ever started: after every kind has done what it can do, there are as many as before.
//! The only test of its program, because others' threads would be counted too.

mod common;

use common::*;
use std::collections::VecDeque;
use std::path::Path;

#[test]
fn nothing_starts_a_thread() {
    let compile = Engine::new(&strata_native::EngineConfig { pooling: false, ..config() });
    let sources = [
        http_guest(),
        include_bytes!("guests/command.wat").to_vec(),
        b"(module (func (export \"f\")))".to_vec(),
    ];
    let native = sources.map(|source| compile.compile(source).unwrap());
    // The compiler has its threads; what counts is the host role's.
    drop(compile);
    let before = threads();

    let engine = Engine::new(&config());
    let [http, command, module] = native.map(|native| engine.load(&native).unwrap());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("threads");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("in.txt"), "text").unwrap();

    let mut call = module.sandbox().export("f", &[]).unwrap();
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let sandbox = http.sandbox();
    for path in ["/hello", "/echo", "/print", "/zzz", "/out"] {
        let answer = Some((200, VecDeque::from([b"far".to_vec()])));
        let host = Host { grant: true, answer, ..Host::with_body(b"body") };
        let mut call = sandbox.http(&Head::get(path), host).unwrap();
        assert_eq!(call.finish(&engine).reason, RETURNED, "{path}");
    }
    let options = Options { dirs: vec![(&dir, "/data", true)], ..Options::default() };
    let sandbox = command.sandbox_with(&options).unwrap();
    for path in ["/echo", "/plain", "/vars", "/zzz", "/read", "/write"] {
        let mut call = sandbox.http(&Head::get(path), Host::with_body(b"body")).unwrap();
        assert_eq!(call.finish(&engine).reason, RETURNED, "{path}");
    }
    assert_eq!(threads(), before);
}
