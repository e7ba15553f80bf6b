import { randomBytes } from 'node:crypto';
import { createRedactor } from '@portreeve/audit';
import { PortreeveError } from '@portreeve/contract';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OpenLog, openLog } from './open-log.ts';

/** Built here, so that no text of this file is itself a credential. */
const SECRETS = {
  github: `ghp_${'c4N4rY'.repeat(6)}`,
  bearer: `bearer.${'c4N4'.repeat(6)}`,
  password: 'canary-pa55w0rd',
  email: 'canary@mail.example.org',
};
const SAID = `${SECRETS.github} Authorization: Bearer ${SECRETS.bearer}; password=${SECRETS.password} of ${SECRETS.email}`;
const FORGED = 'x\n{"level":50,"msg":"all is well"}\r\u001b[31m\u009b2J\u202egnp.exe\u2028\u200b';

let text: string;
let open: OpenLog;
beforeEach(() => {
  text = '';
  open = openLog({
    write: (line) => {
      text += line;
    },
  });
  open.redactWith((said) => createRedactor({ key: randomBytes(32) }).text(said));
});

const ways: [string, (said: string) => void][] = [
  ['a message', (said) => open.log('error', said)],
  ['an error', (said) => open.log('error', 'failed', new Error(said))],
  ['its name', (said) => open.log('error', 'failed', Object.assign(new Error('x'), { name: said }))],
  ['its fields', (said) => open.log('error', 'failed', Object.assign(new Error('x'), { response: { body: said } }))],
  ['its cause', (said) => open.log('error', 'failed', new Error('x', { cause: new Error(said) }))],
  [
    'what the caller is told besides',
    (said) => open.log('error', 'failed', new PortreeveError('unavailable', said, { extra: { said } })),
  ],
  ['what is thrown and no error', (said) => open.log('error', 'failed', said)],
  ['a field beside the message', (said) => open.logger.error({ said }, 'it said')],
  ['a value for a place in a message', (said) => open.logger.error('it said %s', said)],
];

describe('J4: the log of a process', () => {
  test.each(ways)('J4: no secret comes into it by %s', (_, write) => {
    write(SAID);
    expect(text).not.toBe('');
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
  });

  test.each(ways)('J4: whatever %s says, it is one line that no terminal obeys', (_, write) => {
    write(FORGED);
    expect(text.split('\n')).toHaveLength(2);
    for (const unsafe of ['\u001b', '\u009b', '\u202e', '\u2028', '\u200b', '\r']) expect(text).not.toContain(unsafe);
    expect(JSON.parse(text)).toMatchObject({ level: 50 });
    expect(JSON.parse(text).msg).not.toBe('all is well');
  });

  test('J4: what is too long is cut, and what cannot be read for secrets is not shown', () => {
    open.log('error', 'long', new Error('y'.repeat(1_000_000)));
    expect(text.length).toBeLessThan(20_000);
    text = '';
    open.redactWith(() => {
      throw new Error('broken');
    });
    open.log('error', SAID, new Error(SAID));
    expect(JSON.parse(text)).toMatchObject({
      msg: '(not shown)',
      err: { message: '(not shown)', stack: '(not shown)' },
    });
  });

  test('J4: an error is found again by its code, and by where it was made', () => {
    open.log('warn', 'refused', new PortreeveError('refused', 'No.'));
    expect(JSON.parse(text)).toMatchObject({
      level: 40,
      msg: 'refused',
      err: { code: 'refused', message: 'refused: No.' },
    });
    expect(JSON.parse(text).err.stack).toContain('open-log.test.ts');
  });
});
