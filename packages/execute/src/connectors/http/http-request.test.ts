import type { HttpBinding, JsonObject } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildRequest } from './http-request.ts';

function build(binding: Partial<HttpBinding>, args: JsonObject, credential: string | null = null) {
  return buildRequest(
    {
      token: 'token',
      args,
      idempotency_key: 'prop_1',
      contract: { binding: { connector: 'http', method: 'POST', url: 'https://a.test/', body: true, ...binding } },
    },
    credential,
  );
}

describe('a request', () => {
  test('takes each argument once: in the address or in the body', () => {
    const request = build(
      { url: 'https://a.test:8443/v1/{id}/x?state={state}' },
      { z: 1, id: 'i 1', state: 'a&b', a: [true] },
    );
    expect(request.url.href).toBe('https://a.test:8443/v1/i%201/x?state=a%26b');
    expect(request.body).toBe('{"a":[true],"z":1}');
  });

  test('a GET has no body, and refuses an argument that has no place', () => {
    expect(build({ method: 'GET', url: 'https://a.test/{id}' }, { id: 7 })).toMatchObject({ body: null });
    expect(() => build({ method: 'GET', url: 'https://a.test/{id}' }, { id: 7, more: 1 })).toThrow('no place');
    expect(() => build({ body: false }, { more: 1 })).toThrow('no place');
  });

  test.each([
    ['an object', { id: { a: 1 } }],
    ['null', { id: null }],
    ['nothing', {}],
    ['an inherited name', { id: 'x' }, 'https://a.test/{constructor}'],
  ])('refuses %s in the address', (_, args, url = 'https://a.test/{id}') => {
    expect(() => build({ url }, args as JsonObject)).toThrow('not a plain value');
  });

  test.each(['https://{host}/x', 'https://a.test:{port}/x', '/x', 'file:///etc/passwd', 'https://a.test/x#{id}'])(
    'refuses the template %s',
    (url) => {
      expect(() => build({ url }, { host: 'evil.test', port: 1, id: 'x' })).toThrow('fixed host');
    },
  );

  test.each(['a\r\nx: y', 'a b', '', 'é'])('refuses the credential %j', (credential) => {
    expect(() => build({}, {}, credential)).toThrow('cannot stand in a header');
  });

  test('F13: no argument changes host or path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        let url: URL;
        try {
          ({ url } = build({ url: 'https://a.test/cases/{a}{b}/summary?q={b}' }, { a, b }));
        } catch (error) {
          expect(['', '.', '..']).toContain(a + b);
          expect((error as Error).message).toContain('change the path');
          return;
        }
        expect(url.origin).toBe('https://a.test');
        expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'cases', a + b, 'summary']);
        expect(decodeURIComponent(url.search)).toBe(b === '' ? '?q=' : `?q=${b}`);
      }),
    );
  });
});
