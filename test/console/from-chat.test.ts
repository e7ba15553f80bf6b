import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserIsThere, type ConsoleHouse, consoleHouse } from './house.ts';

/** The way from a message to the page of an approval, with the real cookie and a real other site. */
describe.skipIf(!browserIsThere)('I7 F5: a link in a chat', () => {
  let house: ConsoleHouse;
  let link: string;
  let chat: string;
  const server = createServer((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<h1>Chat</h1><a href="${link}">Open in Portreeve</a>`),
  );
  let approval: string;
  beforeAll(async () => {
    house = await consoleHouse();
    const shown = await house.house.approvalOf((await house.house.submit({ case_id: 'CASE-1' })).id);
    approval = shown.approval.id;
    link = `${house.house.url}/approve/${approval}`;
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    // Another site than 127.0.0.1: a Strict cookie does not come along from there.
    chat = `http://localhost:${(server.address() as AddressInfo).port}/`;
  }, 120_000);
  afterAll(async () => {
    await house?.close();
    await new Promise((closed) => server.close(closed));
  });
  const state = async () => (await (await house.house.as('lead')).get(`/v1/approvals/${approval}`)).body.approval;

  test('leads whoever is signed in to the page, although the session’s cookie is Strict', async () => {
    const { page, context, complaints } = await house.as('lead');
    expect((await context.cookies()).map(({ sameSite }) => sameSite)).toEqual(['Strict']);
    await page.goto(chat);
    const answers: [number, string][] = [];
    page.on('response', (answer) => answers.push([answer.status(), new URL(answer.url()).pathname]));
    await page.getByRole('link', { name: 'Open in Portreeve' }).click();
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    await page.getByRole('button', { name: 'Approve' }).waitFor();
    // Twice the same address: the first answer holds nothing, the second one is the page.
    expect(answers.filter(([, path]) => path === `/approve/${approval}`).map(([status]) => status)).toEqual([200, 200]);
    expect(complaints).toEqual([]);
    expect(await state()).toMatchObject({ state: 'pending', verdicts: [] });
    await context.close();
  });

  test('leads whoever is not signed in to the sign-in, and from there to the page', async () => {
    const { page, context, complaints } = await house.stranger();
    await page.goto(chat);
    await page.getByRole('link', { name: 'Open in Portreeve' }).click();
    await page.getByRole('link', { name: 'Sign in, and come back here' }).click();
    await page.getByLabel('Account').fill('lead');
    await page.getByLabel('Password').fill(house.house.passwordOf('lead'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**/approve/${approval}`);
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    expect(complaints).toEqual([]);
    expect(await state()).toMatchObject({ state: 'pending', verdicts: [] });
    await context.close();
  });

  test('a link to the sign-in leads back to an approval and to nothing else', async () => {
    for (const then of [
      'https://evil.example/',
      '//evil.example/',
      '/approve/../evil',
      '/approve/x?y=1',
      'javascript:1',
    ]) {
      const { page, context } = await house.stranger();
      await page.goto(`${house.house.url}/sign-in?then=${encodeURIComponent(then)}`);
      await page.getByLabel('Account').fill('lead');
      await page.getByLabel('Password').fill(house.house.passwordOf('lead'));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL('**/inbox');
      await context.close();
    }
  });
});
