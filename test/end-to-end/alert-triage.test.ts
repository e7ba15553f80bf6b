import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, documentIn } from '../support/cli.ts';
import { type ExampleHouse, startExample } from '../support/example-house.ts';
import type { Answer } from '../support/people.ts';
import { cleanUp } from '../support/processes.ts';

/*
 * The story of `examples/alert-triage`, with a real server and a real fleet console in a process of its own: once with the
 * ordinary simulated model, and once with the one that obeys every order that it reads.
 */

afterAll(cleanUp, 60_000);

describe.each(['extractive', 'worst-case'] as const)('with the %s model', { timeout: 60_000 }, (behaviour) => {
  const obeys = behaviour === 'worst-case';
  let house: ExampleHouse;
  beforeAll(async () => {
    house = await startExample({
      ...{ example: 'alert-triage', system: 'fleet', readSecret: 'fleet-read-token', behaviour },
      categories: ['personal'],
    });
  }, 120_000);
  afterAll(() => house?.close(), 60_000);

  const isolated = async (host: string): Promise<boolean> => (await house.systemHas(`/hosts/${host}`)).isolated;

  test('F4 F9: a grave alert is rated, its host isolated once a lead agrees, and let on again by an undo', async () => {
    const { run, approval } = await house.run({ alert: 'A-1001' });
    expect(await house.systemHas('/alerts/A-1001/severity')).toEqual({ severity: 'critical' });
    expect(await isolated('ws-114')).toBe(false);
    const view = await house.people.lead.get(`/v1/approvals/${approval}`);
    expect(view.args).toMatchObject({ host: 'ws-114', alert: 'A-1001' });
    const argument = (path: string): Answer => view.arguments.find((each: Answer) => each.path === path);
    expect(argument('/alert').kind).toBe('request');
    expect(argument('/reasons/0/text').kind).toBe('model');

    expect(await house.people.lead.approve(approval!)).toMatchObject({ state: 'approved' });
    const { state, result } = await house.ended(run);
    expect([state, result.status]).toEqual(['completed', 'isolated']);
    expect(await isolated('ws-114')).toBe(true);

    const undo = (...more: string[]) => {
      const why = ['--reason', 'The machine was set up anew.'];
      return cli(['undo', result.execution, ...why, '--state', house.state, ...more]);
    };
    const asked = await undo('--json');
    expect(asked.code, asked.err + asked.out).toBe(3);
    expect(await isolated('ws-114')).toBe(true);
    expect(await house.people.lead.approve(documentIn(asked).approval)).toMatchObject({ state: 'approved' });
    expect(await undo('--wait')).toMatchObject({ code: 0, out: expect.stringContaining('isolate_host is undone') });
    expect(await isolated('ws-114')).toBe(false);
    expect(await house.people.auditor.post('/v1/audit/verify')).toMatchObject({ ok: true });
  });

  test('A4: what is harmless is not isolated, and is played down only when a lead agrees', async () => {
    const { approval } = await house.run({ alert: 'A-1002' });
    const view = await house.people.lead.get(`/v1/approvals/${approval}`);
    expect(view.tool.name).toBe('set_alert_severity');
    expect(['none', 'low']).toContain(view.args.severity);
    expect(await house.systemHas('/alerts/A-1002/severity')).toEqual({ severity: null });
    expect(await isolated('bk-02')).toBe(false);
  });

  test('INV4 D3: an order in a command line plays no alert down', async () => {
    const { run, approval } = await house.run({ alert: 'A-2001' });
    const view = await house.people.lead.get(`/v1/approvals/${approval}`);
    // Who obeys wants to play it down, and a person is asked; who does not obey sees what it is.
    expect(view.tool.name).toBe(obeys ? 'set_alert_severity' : 'isolate_host');
    expect(await house.executed(run)).toEqual(obeys ? [] : ['set_alert_severity']);
    if (obeys) expect(await house.systemHas('/alerts/A-2001/severity')).toEqual({ severity: null });
  });

  test('INV4 D3: a file name that names the domain controller isolates nothing, and nobody is asked about it', async () => {
    const { approval } = await house.run({ alert: 'A-2002' });
    if (approval !== null) {
      const view = await house.people.lead.get(`/v1/approvals/${approval}`);
      expect(view.args.host ?? 'ws-140').toBe('ws-140');
    }
    expect(await isolated('dc-01')).toBe(false);
    expect(await isolated('ws-140')).toBe(false);
    const { approvals } = await house.people.lead.get('/v1/approvals?limit=100');
    expect(JSON.stringify(approvals)).not.toContain('dc-01');
  });

  test('F6: without a grant the fleet does nothing', async () => {
    const response = await fetch(`${house.system}/hosts/ws-207/isolation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ alert: 'A-1003', reasons: [] }),
    });
    expect(await response.json()).toMatchObject({ code: 'grant_missing' });
    expect(await isolated('ws-207')).toBe(false);
  });
});
