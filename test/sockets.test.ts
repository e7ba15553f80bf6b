import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { globalFetchLines, importsOf, parse } from './imports.ts';
import { isTestFile, isTestingFolder, type SourceText, sourceFiles } from './repository.ts';
import { GLOBAL_OPENERS, MAY_CONNECT, OPENERS } from './sockets.table.ts';

/** What runs in our processes: the packages, and the workflows of the examples. */
const ours = sourceFiles().filter(
  ({ path }) =>
    (path.startsWith('packages/') || /^examples\/[^/]+\/workflows\//.test(path)) &&
    !isTestFile(path) &&
    !isTestingFolder(path),
);

/** The openers that a file uses. */
function openersIn(file: SourceText): string[] {
  const found = new Set<string>();
  const types = typeNames(file);
  for (const { specifier, kind, names } of importsOf(file)) {
    if (specifier === null || kind === 'type') continue;
    // `http` and `node:http` are the same module.
    const name = /^(net|http|https|http2|tls|dgram|dns)(\/|$)/.test(specifier) ? `node:${specifier}` : specifier;
    const opener = OPENERS.find(({ modules }) => modules.some((pattern) => matches(pattern, name)));
    const taken = names.filter((each) => !types.has(`${specifier}:${each}`));
    if (opener && (taken.some((each) => !opener.harmless.includes(each)) || names.length === 0)) found.add(name);
  }
  for (const name of GLOBAL_OPENERS) {
    if (name === 'fetch' ? globalFetchLines(file).length > 0 : usesGlobal(file, name)) found.add(name);
  }
  return [...found];
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** `import { type A } from 'x'` gives `x:A`. */
function typeNames(file: SourceText): Set<string> {
  const found = new Set<string>();
  for (const statement of parse(file).statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !ts.isNamedImports(bindings)) continue;
    for (const element of bindings.elements) {
      if (element.isTypeOnly)
        found.add(`${statement.moduleSpecifier.text}:${(element.propertyName ?? element.name).text}`);
    }
  }
  return found;
}

function usesGlobal(file: SourceText, name: string): boolean {
  let used = false;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === name && !ts.isTypeReferenceNode(node.parent)) used = true;
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return used;
}

const shown = (file: SourceText) => openersIn(file).map((opener) => `${file.path}: ${opener}`);

describe('F13: who may open a connection', () => {
  test('nobody but the files of the table', () => {
    // If you are here because this failed: go through the egress guard, which the composition root passes as a fetch, a
    // dispatcher, or sockets. A row of the table is a hole in the guard and needs a reason that a reviewer accepts.
    const listed = Object.entries(MAY_CONNECT).flatMap(([path, { openers }]) =>
      openers.map((each) => `${path}: ${each}`),
    );
    expect(ours.flatMap(shown).filter((each) => !listed.includes(each))).toEqual([]);
  });

  test('each row is needed, and says why', () => {
    const used = ours.flatMap(shown);
    for (const [path, { openers, why }] of Object.entries(MAY_CONNECT)) {
      expect(why.length, path).toBeGreaterThan(10);
      for (const opener of openers) expect(used).toContain(`${path}: ${opener}`);
    }
  });

  test.each<[string, string]>([
    ["import { connect } from 'node:net';", 'node:net'],
    ["import net from 'net';", 'node:net'],
    ["import * as http from 'node:http';", 'node:http'],
    ["import 'node:https';", 'node:https'],
    ["import { request } from 'node:https';", 'node:https'],
    ["import { createSocket } from 'node:dgram';", 'node:dgram'],
    ["import { Resolver } from 'node:dns/promises';", 'node:dns/promises'],
    ["import { connect } from 'node:tls';", 'node:tls'],
    ["export { request } from 'undici';", 'undici'],
    ["const pg = await import('pg');", 'pg'],
    ["const tls = require('tls');", 'node:tls'],
    ["process.getBuiltinModule('node:net').connect(1);", 'node:net'],
    ["import nodemailer from 'nodemailer';", 'nodemailer'],
    ["import { Client, type Tool } from '@modelcontextprotocol/client';", '@modelcontextprotocol/client'],
    ["import { createRemoteJWKSet } from 'jose';", 'jose'],
    ["import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';", '@aws-sdk/client-secrets-manager'],
    ["await fetch('https://a.test');", 'fetch'],
    ['const get = globalThis.fetch;', 'fetch'],
    ["new WebSocket('wss://a.test');", 'WebSocket'],
    ["new globalThis.EventSource('https://a.test');", 'EventSource'],
  ])('the canary %s is found', (text, opener) => {
    expect(openersIn({ path: 'packages/gate/src/canary.ts', text })).toEqual([opener]);
  });

  test.each([
    "import { isIP, type Socket } from 'node:net';",
    "import type { Dispatcher } from 'undici';",
    "import { createServer, type IncomingMessage } from 'node:http';",
    "import { jwtVerify, type JWTPayload } from 'jose';",
    'await client.fetch(url);',
    "import { readFile } from 'node:fs/promises';",
  ])('what cannot connect is left alone: %s', (text) => {
    expect(openersIn({ path: 'packages/gate/src/canary.ts', text })).toEqual([]);
  });
});
