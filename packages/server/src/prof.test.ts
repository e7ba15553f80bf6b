import { test } from 'vitest';
import { testServer } from './testing/server.ts';
test('p', async () => {
  const t=performance.now();
  const h = await testServer();
  console.log('start', performance.now()-t);
  const t1=performance.now();
  await h.restart();
  console.log('restart', performance.now()-t1);
  const t2=performance.now();
  await h.as('lead');
  console.log('signin', performance.now()-t2);
  const t3=performance.now();
  await h.close();
  console.log('close', performance.now()-t3);
});
