// Makes components: `node componentize.mjs MODE ...`, run with the tools' node_modules beside it.
//
//   wrap CORE WIT WORLD OUT         a core module that speaks WORLD becomes a component; what it imports
//                                   of WASI preview 1 goes through the reactor adapter
//   javascript ENTRY WIT WORLD OUT  a JavaScript program with its libraries, bundled, and its engine

import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const ADAPTED = 'wasi_snapshot_preview1';

async function wrap(core, witPath, world, out) {
  const { componentEmbed, componentNew, preview1AdapterReactorPath } = await import(
    '@bytecodealliance/jco'
  );
  const binary = await readFile(core);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary));
  const adapters = imports.some(({ module }) => module === ADAPTED)
    ? [[ADAPTED, await readFile(preview1AdapterReactorPath())]]
    : [];
  const typed = await componentEmbed({ binary, witPath, world });
  await writeFile(out, await componentNew(typed, adapters));
}

async function javascript(entry, witPath, world, out) {
  const { build } = await import('esbuild');
  const { componentize } = await import('@bytecodealliance/componentize-js');
  const bundle = `${out}.bundle.js`;
  await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    outfile: bundle,
    nodePaths: [fileURLToPath(new URL('node_modules', import.meta.url))],
    // Libraries ask for it while they load, when the engine has no request and throws.
    define: { 'self.location': 'undefined' },
    logLevel: 'warning',
  });
  const { component } = await componentize({ sourcePath: bundle, witPath, worldName: world });
  await writeFile(out, component);
  await rm(bundle);
}

const MODES = { wrap, javascript };
const [mode, ...args] = process.argv.slice(2);
await MODES[mode](...args);
