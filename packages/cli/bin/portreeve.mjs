#!/usr/bin/env node
// Plain JavaScript that any Node runs: it finds the Node that this program needs, which npm has installed beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// The sources of a checkout, or what a published package was built into.
const places = ['../src/main.ts', '../dist/main.js'].map((place) => fileURLToPath(new URL(place, import.meta.url)));
const main = places.find((place) => existsSync(place)) ?? places[0];
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  await import(main);
} else {
  let node;
  try {
    const platform = process.platform === 'win32' ? 'win' : process.platform;
    const require = createRequire(import.meta.url);
    node = require.resolve(`node-${platform}-${process.arch}/bin/node`);
  } catch {
    // Not installed for this platform: said below.
  }
  if (!node || !existsSync(node)) {
    console.error(
      `portreeve needs Node 22.19 or newer; this is ${process.versions.node}, and npm has brought none for ${process.platform}-${process.arch}.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches both; the child decides when it is done.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
