//! WASI commands: streams, variables, CGI heads, directories and exit statuses.

mod common;

use common::*;
use std::fs;
use std::path::PathBuf;
use strata_native::IO_PENDING;

fn guest(engine: &Engine) -> Image {
    let image = engine.image(include_str!("guests/command.wat"));
    assert_eq!(image.kind(), 2);
    image
}

/// A fresh directory for one test.
fn scratch(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("command-{name}"));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn passes_the_body_through() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    for body in [&b"text"[..], &[b'x'; 300_000]] {
        let mut call = sandbox.http(&Head::get("/echo"), Host::with_body(body)).unwrap();
        let exit = call.finish(&engine);
        assert_eq!((exit.reason, exit.status), (RETURNED, 0), "{}", exit.detail);
        assert!(exit.instantiated);
        let host = call.host();
        assert_eq!((host.status(), host.response.as_slice()), (200, body));
        assert_eq!(host.field("content-type"), Some("text/plain; charset=utf-8"));
    }
}

#[test]
fn streams_with_back_pressure() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host =
        Host { room: Some(0), write_full: IO_PENDING, body_end: IO_PENDING, ..Host::default() };
    let mut call = sandbox.http(&Head::get("/echo"), host).unwrap();
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..16 {
        call.host().body.push_back(chunk.clone());
        assert!(call.poll().is_none());
    }
    assert!(call.host().body.len() > 8, "back-pressure reaches the request's body");
    call.host().room = None;
    call.host().body_end = 0;
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().response.len(), 16 * chunk.len());
}

#[test]
fn takes_a_head_from_stdout() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/cgi");
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let host = call.host();
    assert_eq!((host.status(), host.text()), (404, "nothing here"));
    assert_eq!(host.field("x-test"), Some("yes"));
    assert_eq!(host.field("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn text_that_only_begins_like_a_head_is_body() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/plain");
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let host = call.host();
    assert_eq!((host.status(), host.text()), (200, "status: fine, no head\n"));
    assert_eq!(host.logs, [(2, "to stderr".to_owned())]);
}

#[test]
fn a_flood_of_lines_leaves_others_their_turns() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/newlines");
    let mut polls = 1;
    let exit = loop {
        let before = call.host().logs.len();
        let polled = call.poll();
        assert!(call.host().logs.len() - before <= 1024);
        match polled {
            Some(exit) => break exit,
            None => polls += 1,
        }
        assert!(call.host().wakes > 0);
    };
    assert_eq!(exit.reason, RETURNED, "{}", exit.detail);
    assert_eq!(call.host().logs.len(), 65536);
    assert!(polls >= 64);
}

#[test]
fn gives_the_request_as_variables() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let options = Options { env: vec![("SIZE", "128")], ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    let head = Head {
        method: "POST",
        path: "/vars?a=1&b=2",
        headers: vec![
            ("content-type", "text/x"),
            ("x-one", "1"),
            ("x-one", "2"),
            ("proxy", "http://evil.test"),
        ],
        length: Some(0),
    };
    let mut call = sandbox.http(&head, Host::default()).unwrap();
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let host = call.host();
    let mut variables: Vec<_> = host.text().split_terminator('\0').collect();
    variables.sort_unstable();
    assert_eq!(
        variables,
        [
            "CONTENT_LENGTH=0",
            "CONTENT_TYPE=text/x",
            "HTTP_X_ONE=1, 2",
            "PATH_INFO=/vars",
            "QUERY_STRING=a=1&b=2",
            "REQUEST_METHOD=POST",
            "SCRIPT_NAME=",
            "SIZE=128",
        ]
    );
}

#[test]
fn reports_its_exit_status() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    for (path, status) in [("/x", 500), ("/quit", 200)] {
        let mut call = sandbox.get(path);
        let exit = call.finish(&engine);
        assert_eq!((exit.reason, exit.status), (RETURNED, 3), "{}", exit.detail);
        assert_eq!(call.host().status(), status);
    }
}

#[test]
fn timers_fire_at_a_turn() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/zzz");
    assert!(call.poll().is_none());
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().status(), 200);
}

#[test]
fn sees_granted_directories_only() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let dir = scratch("directories");
    fs::write(dir.join("in.txt"), "from the host").unwrap();

    let run = |options: &Options<'_>, path: &str| {
        let sandbox = image.sandbox_with(options).unwrap();
        let mut call = sandbox.get(path);
        let exit = call.finish(&engine);
        let text = String::from_utf8(call.host().response.clone()).unwrap();
        (exit.reason, text)
    };
    let none = Options::default();
    let read_only = Options { dirs: vec![(&dir, "/data", false)], ..Options::default() };
    let writable = Options { dirs: vec![(&dir, "/data", true)], ..Options::default() };
    assert_eq!(run(&none, "/read").0, TRAP);
    assert_eq!(run(&read_only, "/read"), (RETURNED, "from the host".to_owned()));
    assert_ne!(run(&read_only, "/write"), (RETURNED, "0".to_owned()));
    assert!(!dir.join("out.txt").exists());
    assert_eq!(run(&writable, "/write"), (RETURNED, "0".to_owned()));
    assert_eq!(fs::read_to_string(dir.join("out.txt")).unwrap(), "to stderr\n");

    let missing = dir.join("missing");
    let options = Options { dirs: vec![(&missing, "/data", false)], ..Options::default() };
    let refused = image.sandbox_with(&options).err().unwrap();
    assert!(refused.contains("missing"), "{refused}");
}

#[test]
fn open_files_are_bounded() {
    allow_many_files();
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let dir = scratch("bounded");
    fs::write(dir.join("in.txt"), "").unwrap();
    let options = Options { dirs: vec![(&dir, "/data", false)], ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    let exit = sandbox.get("/open").finish(&engine);
    assert_eq!(exit.reason, TRAP, "{}", exit.detail);
    assert!(exit.detail.contains("no free keys"), "{}", exit.detail);
    // They went with their run.
    assert_eq!(image.sandbox().get("/plain").finish(&engine).reason, RETURNED);
}

#[test]
fn every_run_is_fresh() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let dir = scratch("fresh");
    fs::write(dir.join("in.txt"), "again").unwrap();
    let options = Options { dirs: vec![(&dir, "/data", false)], ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    for _ in 0..3 {
        let mut call = sandbox.get("/read");
        assert_eq!(call.finish(&engine).reason, RETURNED);
        assert_eq!(call.host().text(), "again");
    }
}

/// Runs what `path` says as a program: how it ended, its output and its log.
fn run_program(path: &str, args: &[&str]) -> (Exit, String, Vec<(i32, String)>) {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let options = Options { env: vec![("PATH_INFO", path), ("B", "2")], ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    let mut call = sandbox.program(args, Host::with_body(b"input")).unwrap();
    let exit = call.finish(&engine);
    let host = call.delete();
    let (text, logs) = (host.borrow().text().to_owned(), host.borrow().logs.clone());
    (exit, text, logs)
}

#[test]
fn a_program_has_its_arguments_and_only_its_variables() {
    let (exit, text, _) = run_program("/a", &["/app.wasm", "", "-v", "two words", "ü"]);
    assert_eq!((exit.reason, exit.status), (RETURNED, 0), "{}", exit.detail);
    assert_eq!(text, "/app.wasm\0\0-v\0two words\0ü\0");
    assert_eq!(run_program("/a", &[]).1, "");
    assert_eq!(run_program("/v", &["x"]).1, "PATH_INFO=/v\0B=2\0");
}

#[test]
fn a_programs_streams_are_as_it_writes_them() {
    assert_eq!(run_program("/e", &["x"]).1, "input");
    assert!(run_program("/c", &["x"]).1.starts_with("Status: 404 Not Found\r\nX-Test: yes\r\n"));
    let (_, text, logs) = run_program("/p", &["x"]);
    assert_eq!(text, "status: fine, no head\n");
    assert_eq!(logs, [(2, "to stderr\n".to_owned())]);
    let (exit, text, _) = run_program("/x", &["x"]);
    assert_eq!((exit.reason, exit.status, text.as_str()), (RETURNED, 3, ""));
}

#[test]
fn what_is_no_program_is_refused() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let refused = sandbox.program(&["x", "a\0b"], Host::default()).err().unwrap();
    assert!(refused.starts_with("invalid: ") && refused.contains("NUL"), "{refused}");
    // Nothing of it was started.
    let mut call = sandbox.get("/plain");
    assert_eq!(call.finish(&engine).reason, RETURNED);

    let module = engine.image("(module (func (export \"f\")))");
    let refused = module.sandbox().program(&["x"], Host::default()).err().unwrap();
    assert!(refused.starts_with("invalid: "), "{refused}");
}
