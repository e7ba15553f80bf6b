import { PortreeveError } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { isOutage } from './engine.ts';

const coded = (code: string, message = 'broken') => Object.assign(new Error(message), { code });

test.each<[string, unknown]>([
  ['the record cannot be written', new PortreeveError('audit_unavailable', 'x')],
  ['still starting', new PortreeveError('unavailable', 'x')],
  ['SQLSTATE 08006', coded('08006')],
  ['SQLSTATE 53300 (too many connections)', coded('53300')],
  ['SQLSTATE 57P01 (admin shutdown)', coded('57P01')],
  ['SQLSTATE 58030 (an error of input or output)', coded('58030')],
  ['SQLSTATE 25006 (read-only)', coded('25006')],
  ['SQLSTATE 55P03 (a lock that is not given)', coded('55P03')],
  ['connection refused', coded('ECONNREFUSED')],
  ['connection reset', coded('ECONNRESET')],
  ['broken pipe', coded('EPIPE')],
  ['timed out', coded('ETIMEDOUT')],
  ['pg: connection terminated', new Error('Connection terminated unexpectedly')],
  ['pg: no connection in time', new Error('timeout exceeded when trying to connect')],
  [
    'several addresses, all refused',
    Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
  ],
  ['approvals that could not be closed for it', new AggregateError([new Error('a bug'), coded('57P01')], '2 failed')],
])('an outage: %s', (_, error) => {
  expect(isOutage(error)).toBe(true);
});

test.each<[string, unknown]>([
  ['a refusal', new PortreeveError('refused', 'x')],
  ['a source that failed', new PortreeveError('source_failed', 'x')],
  ['a grant that is spent', new PortreeveError('grant_spent', 'x')],
  ['a bug', new TypeError('x is undefined')],
  ['a constraint (SQLSTATE 23505)', coded('23505')],
  ['bad SQL (SQLSTATE 42601)', coded('42601')],
  ['a name that is not found', coded('ENOTFOUND')],
  ['several bugs', new AggregateError([new Error('a'), coded('23505')])],
  ['a text', 'ECONNREFUSED'],
  ['nothing', undefined],
])('no outage: %s', (_, error) => {
  expect(isOutage(error)).toBe(false);
});
