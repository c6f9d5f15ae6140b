//! wasi:http components: requests, streams, outgoing requests and the ways to end.

mod common;

use common::*;
use std::collections::VecDeque;
use strata_native::{IO_FAILED, IO_PENDING};

fn guest(engine: &Engine) -> Image {
    engine.image(http_guest())
}

#[test]
fn answers_a_request() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    assert_eq!(image.kind(), 1);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/hello");
    assert!(!call.instantiated());
    let exit = call.finish(&engine);
    assert_eq!((exit.reason, exit.status), (RETURNED, 0), "{}", exit.detail);
    assert!(exit.instantiated && call.instantiated());
    assert_eq!(call.host().status(), 200);
    assert_eq!(call.host().text(), "hello, world\n");
    assert_eq!(sandbox.memory_peak(), 4 << 16);
}

#[test]
fn keeps_its_state_from_call_to_call_of_one_sandbox() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    for count in ["1", "2", "3"] {
        let mut call = sandbox.get("/count");
        assert_eq!(call.finish(&engine).reason, RETURNED);
        assert_eq!(call.host().text(), count);
    }
    let mut call = image.sandbox().get("/count");
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().text(), "1");
}

#[test]
fn streams_both_ways_with_back_pressure() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host =
        Host { body_end: IO_PENDING, room: Some(0), write_full: IO_PENDING, ..Host::default() };
    let mut call = sandbox.http(&Head { method: "POST", ..Head::get("/echo") }, host).unwrap();
    assert!(call.poll().is_none());
    assert!(call.host().head.is_some(), "the head goes out before the body has come");

    call.host().body.push_back(b"abc".to_vec());
    assert!(call.poll().is_none());
    assert_eq!(call.host().text(), "", "the peer takes nothing yet");
    call.host().room = Some(2);
    assert!(call.poll().is_none());
    assert_eq!(call.host().text(), "ab");

    // A guest that cannot write does not go on reading for ever.
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..64 {
        call.host().body.push_back(chunk.clone());
        assert!(call.poll().is_none());
    }
    assert!(call.host().body.len() > 32, "back-pressure reaches the request's body");

    call.host().room = None;
    call.host().body_end = 0;
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().response.len(), 3 + 64 * chunk.len());
}

#[test]
fn waits_without_waking_itself() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host = Host { body_end: IO_PENDING, ..Host::default() };
    let mut call = sandbox.http(&Head::get("/echo"), host).unwrap();
    assert!(call.poll().is_none());
    call.host().wakes = 0;
    for _ in 0..10 {
        assert!(call.poll().is_none());
        engine.turn();
    }
    assert_eq!(call.host().wakes, 0);
}

#[test]
fn yields_at_every_tick() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/spin");
    engine.while_ticking(|| {
        for _ in 0..3 {
            assert!(call.poll().is_none());
            assert!(std::mem::take(&mut call.host().wakes) >= 1);
        }
    });
    drop(call);
    let refused = sandbox.http(&Head::get("/hello"), Host::default()).err().unwrap();
    assert!(refused.contains("did not return"), "{refused}");
}

#[test]
fn a_deleted_call_cuts_its_guest_off() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host = Host { grant: true, ..Host::default() };
    let mut call = sandbox.http(&Head::get("/out"), host).unwrap();
    assert!(call.poll().is_none());
    assert_eq!(call.host().open, 1);
    let shared = call.delete();
    assert_eq!(shared.borrow().open, 0, "its outgoing request went with it");
    engine.turn();
    drop(sandbox);
    drop(image);
    engine.turn();
}

#[test]
fn logs_whole_lines() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/print");
    assert_eq!(call.finish(&engine).reason, RETURNED);
    let logs = call.host().logs.clone();
    let line = |stream, text: &str| (stream, text.to_owned());
    assert_eq!(logs, [line(1, "one line"), line(2, "hello, world"), line(1, "a half")]);
}

#[test]
fn timers_fire_at_a_turn() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let mut call = sandbox.get("/zzz");
    assert!(call.poll().is_none());
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().text(), "hello, world\n");
}

#[test]
fn outgoing_requests_go_through_the_host() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host = Host { grant: true, ..Host::default() };
    let mut call = sandbox.http(&Head::get("/out"), host).unwrap();
    assert!(call.poll().is_none());
    assert_eq!(call.host().asked, ["GET http://example.com/out"]);
    assert_eq!(call.host().uploaded, b"hello");
    assert!(call.host().upload_ended);
    call.host().answer = Some((200, VecDeque::from([b"far ".to_vec(), b"away".to_vec()])));
    assert_eq!(call.finish(&engine).reason, RETURNED);
    assert_eq!(call.host().text(), "far away");
    assert_eq!(call.host().open, 0);
}

#[test]
fn a_denied_outgoing_request_is_the_guests_error() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    for (grant, host_calls) in [(false, 4), (true, 0)] {
        let options = Options { host_calls, ..Options::default() };
        let sandbox = image.sandbox_with(&options).unwrap();
        let host = Host { grant, ..Host::default() };
        let mut call = sandbox.http(&Head::get("/out"), host).unwrap();
        assert_eq!(call.finish(&engine).reason, RETURNED);
        assert_eq!(call.host().text(), "denied");
        assert_eq!(call.host().open, 0);
    }
}

#[test]
fn names_the_ways_to_die() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let ways = [
        ("/trap", TRAP, "unreachable"),
        ("/nothing", TRAP, "no response"),
        ("/x-error", TRAP, "InternalError"),
        ("/memory", MEMORY, "unreachable"),
        ("/deep", STACK, "call stack exhausted"),
    ];
    for (path, reason, detail) in ways {
        let sandbox = image.sandbox();
        let exit = sandbox.get(path).finish(&engine);
        assert_eq!(exit.reason, reason, "{path}: {}", exit.detail);
        assert!(exit.detail.contains(detail), "{path}: {}", exit.detail);
        assert!(exit.instantiated);
        assert!(sandbox.http(&Head::get("/hello"), Host::default()).is_err());
    }
}

#[test]
fn what_the_host_keeps_for_a_guest_is_bounded() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let exit = image.sandbox().get("/fields").finish(&engine);
    assert_eq!(exit.reason, TRAP, "{}", exit.detail);
    assert!(exit.detail.contains("no free keys"), "{}", exit.detail);

    let sandbox = image.sandbox();
    let mut call = sandbox.get("/long");
    let exit = call.finish(&engine);
    assert_eq!(exit.reason, RETURNED, "{}", exit.detail);
    assert_eq!(call.host().text(), "hello, world\n");
}

#[test]
fn a_limit_below_the_initial_memory_is_a_memory_exit() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let options = Options { memory: 2 << 16, ..Options::default() };
    let sandbox = image.sandbox_with(&options).unwrap();
    let exit = sandbox.get("/hello").finish(&engine);
    assert_eq!(exit.reason, MEMORY, "{}", exit.detail);
    assert!(!exit.instantiated);
}

#[test]
fn a_failing_host_ends_the_guest_that_cannot_do_without() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let cases = [
        Host { body_end: IO_FAILED, ..Host::default() },
        Host { refuse_head: true, ..Host::with_body(b"x") },
    ];
    for host in cases {
        let sandbox = image.sandbox();
        let exit = sandbox.http(&Head::get("/echo"), host).unwrap().finish(&engine);
        assert_eq!(exit.reason, HOST, "{}", exit.detail);
    }
}

#[test]
fn a_peer_that_leaves_closes_the_guests_stream() {
    let engine = Engine::new(&config());
    let image = guest(&engine);
    let sandbox = image.sandbox();
    let host = Host { room: Some(0), write_full: IO_FAILED, ..Host::with_body(&[b'x'; 300_000]) };
    let exit = sandbox.http(&Head::get("/echo"), host).unwrap().finish(&engine);
    assert_eq!(exit.reason, HOST, "{}", exit.detail);
}

#[test]
fn a_full_pool_is_an_exit() {
    let engine = Engine::new(&strata_native::EngineConfig { max_sandboxes: 2, ..config() });
    let image = guest(&engine);
    let held: Vec<_> = (0..2).map(|_| image.sandbox()).collect();
    for sandbox in &held {
        assert_eq!(sandbox.get("/hello").finish(&engine).reason, RETURNED);
    }
    let third = image.sandbox();
    assert_eq!(third.get("/hello").finish(&engine).reason, EXHAUSTED);
    drop(held);
    assert_eq!(image.sandbox().get("/hello").finish(&engine).reason, RETURNED);
}
