// measure/battery/wasi.h - the two parts of the WASI battery: wasi.c, what a command may ask of
// WASI, and engine.c, what it may try on the engine that runs it. C, built for wasm32-wasi.
//
//   strata probe --isolation --PATH_INFO--> wasi.c: main --> [ RunOnEngine ] --a word--> Judge
//
// It is the guest: nothing here is believed, and it may be ended in the middle. One thread.
#pragma once

// Notes `call` (and errno's words) as the evidence; returns `word`.
const char* Word(const char* word, const char* call);

// Runs the scenario `id` and returns its word. NULL: none of the engine's has this name.
const char* RunOnEngine(const char* id);
