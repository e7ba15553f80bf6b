import type { JsonObject } from './canonical.ts';
import type { FieldError } from './errors.ts';
import type { EmailBinding, HttpBinding, OpenApiBinding, PostgresBinding } from './tool-binding.ts';
import type { ToolContract } from './workflow.ts';

/**
 * What does not fit between a contract and its binding: an argument without a place, a place without an argument, a
 * binding that does more than the contract says. None: the binding is usable.
 */
export function bindingFaults(contract: ToolContract): FieldError[] {
  const { binding } = contract;
  const declared = membersOf(contract.args);
  // Nobody downstream would know the key, so a second call would be a second effect.
  if (contract.idempotency === 'key' && (binding.connector === 'postgres' || binding.connector === 'email'))
    return [fault('idempotency', `${binding.connector} has no idempotency key: say \`none\``)];
  switch (binding.connector) {
    case 'http':
      return [...unfilled(binding.url, declared), ...methodFaults(contract, binding.method)];
    case 'openapi':
      return [...openApiFaults(binding, declared), ...methodFaults(contract, binding.method)];
    case 'postgres':
      return [...postgresFaults(binding, declared), ...effectFaults(contract, binding.mode === 'write')];
    case 'mcp':
      return binding.server.transport === 'stdio' &&
        (binding.credential === undefined) !== (binding.server.credential_variable === undefined)
        ? [fault('binding.server.credential_variable', 'goes together with `credential`')]
        : [];
    case 'email':
      return [...emailFaults(binding, contract, declared), ...effectFaults(contract, true)];
    case 'webhook':
      return effectFaults(contract, true);
    case 'relabel':
      return [];
    case 'caller':
      return callerFaults(contract);
    case 'house':
      return [fault('binding', '`house` is for what Portreeve does itself: it cannot be declared')];
  }
}

const fault = (path: string, message: string): FieldError => ({ path, message });

/** We do nothing here, so nothing can be done less or done again by us. */
function callerFaults({ profiles, idempotency, status }: ToolContract): FieldError[] {
  return [
    ...(Object.keys(profiles).length > 0 ? [fault('profiles', 'who does it itself is not told of a narrowing')] : []),
    ...(idempotency === 'none' ? [] : [fault('idempotency', 'nobody downstream knows a key: say `none`')]),
    ...(status === undefined ? [] : [fault('status', 'there is nothing whose status could be asked')]),
  ];
}

function effectFaults(contract: ToolContract, changes: boolean): FieldError[] {
  if (changes === (contract.effect !== 'read')) return [];
  return [fault('effect', changes ? 'is `read`, and the binding acts' : 'is not `read`, and the binding only reads')];
}

/** RFC 9110 9.2: these change what they are about. A POST may ask for something, and then its contract says that it reads. */
function methodFaults({ effect }: ToolContract, method: HttpBinding['method']): FieldError[] {
  if (effect !== 'read' || method === 'GET' || method === 'POST') return [];
  return [fault('effect', `is \`read\`, and ${method} changes what it is about`)];
}

/** Placeholders `{name}` that no argument fills. */
function unfilled(url: string, declared: ReadonlySet<string>): FieldError[] {
  return placeholders(url)
    .filter((name) => !declared.has(name))
    .map((name) => fault('binding.url', `{${name}} is no declared argument`));
}

function openApiFaults(binding: OpenApiBinding, declared: ReadonlySet<string>): FieldError[] {
  const taken = [...binding.parameters.map(({ argument }) => argument), ...(binding.body ? [binding.body] : [])];
  const inPath = binding.parameters.filter((each) => each.in === 'path').map((each) => each.name);
  return [
    ...places('binding.parameters', taken, declared),
    ...placeholders(binding.url)
      .filter((name) => !inPath.includes(name))
      .map((name) => fault('binding.url', `{${name}} is no path parameter`)),
  ];
}

function postgresFaults(binding: PostgresBinding, declared: ReadonlySet<string>): FieldError[] {
  const used = new Set([...binding.statement.matchAll(/\$(\d{1,4})/g)].map((match) => Number(match[1])));
  const wanted = binding.parameters.map((_, index) => index + 1);
  return [
    ...places(
      'binding.parameters',
      binding.parameters.map(({ argument }) => argument),
      declared,
    ),
    ...wanted.filter((n) => !used.has(n)).map((n) => fault('binding.statement', `does not use $${n}`)),
    ...[...used].filter((n) => !wanted.includes(n)).map((n) => fault('binding.parameters', `do not say what $${n} is`)),
  ];
}

function emailFaults(binding: EmailBinding, contract: ToolContract, declared: ReadonlySet<string>): FieldError[] {
  const recipient = contract.sinks.some(({ path, kind }) => kind === 'recipient' && path.split('/')[1] === binding.to);
  return [
    ...places('binding', [binding.to, binding.subject, binding.text], declared),
    ...(recipient ? [] : [fault('sinks', `say that /${binding.to} is a recipient`)]),
  ];
}

/** Each argument has one place, and each place an argument. */
function places(path: string, taken: readonly string[], declared: ReadonlySet<string>): FieldError[] {
  return [
    ...taken.filter((name) => !declared.has(name)).map((name) => fault(path, `${name} is no declared argument`)),
    ...taken
      .filter((name, index) => taken.indexOf(name) !== index)
      .map((name) => fault(path, `the argument ${name} has two places`)),
    ...[...declared]
      .filter((name) => !taken.includes(name))
      .map((name) => fault('args', `${name} has no place in the binding`)),
  ];
}

function placeholders(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!);
}

function membersOf({ properties }: JsonObject): ReadonlySet<string> {
  return new Set(typeof properties === 'object' && properties !== null ? Object.keys(properties) : []);
}
