// A reporter of `node --test` in plain JavaScript: one JSON line for each test that is no suite.
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    const { name, file, skip } = data;
    const error = data.details?.error;
    const message = error ? String(error.cause?.message ?? error.message) : null;
    yield `${JSON.stringify({ name, file: file ?? null, ok: type === 'test:pass', skipped: Boolean(skip), message })}\n`;
  }
}
