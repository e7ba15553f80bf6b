import { describe, expect, test } from 'vitest';
import { dryRunContract } from './dry-run.ts';
import { soundTool } from './testing/tool-contract.ts';
import type { ToolContract } from './workflow.ts';

describe('F2: a dry run', () => {
  const { binding } = soundTool();
  const read = soundTool({
    name: 'show_account',
    effect: 'read',
    binding: { ...binding, mode: 'read', statement: 'SELECT $1, $2' } as ToolContract['binding'],
  });

  test('by rollback is a tool of its own that only reads and is taken back', () => {
    const contract = soundTool({ dry_run: { by: 'rollback' }, tier: 4, destructive: true });
    expect(dryRunContract(contract, [])).toMatchObject({
      name: 'preview_freeze_account',
      version: '1.0.0',
      tier: 1,
      effect: 'read',
      args: contract.args,
      sinks: contract.sinks,
      clearance: contract.clearance,
      binding: { mode: 'rollback', statement: 'UPDATE accounts SET frozen = $2 WHERE id = $1' },
    });
    expect(dryRunContract(contract, [])).not.toHaveProperty('dry_run');
    expect(dryRunContract(contract, [])).not.toHaveProperty('destructive');
  });

  test('by another tool is that tool, if it only reads', () => {
    expect(dryRunContract(soundTool({ dry_run: { by: 'tool', tool: 'show_account' } }), [read])).toBe(read);
    const writing = soundTool({ dry_run: { by: 'tool', tool: 'freeze_account' } });
    expect(() => dryRunContract(writing, [writing, read])).toThrow('misconfigured');
    expect(() => dryRunContract(soundTool({ dry_run: { by: 'tool', tool: 'gone' } }), [read])).toThrow('misconfigured');
  });

  test('that nobody offers is none, and what cannot be taken back has none', () => {
    expect(dryRunContract(soundTool(), [])).toBeNull();
    const url = { connector: 'http', method: 'POST', url: 'system://a/b', body: true } as const;
    expect(() => dryRunContract(soundTool({ dry_run: { by: 'rollback' }, binding: url }), [])).toThrow('misconfigured');
    expect(() => dryRunContract({ ...read, dry_run: { by: 'rollback' } }, [])).toThrow('misconfigured');
  });

  test('of a tool with a long name still has a name', () => {
    const contract = soundTool({ name: `freeze_${'a'.repeat(57)}`, dry_run: { by: 'rollback' } });
    expect(dryRunContract(contract, [])?.name).toHaveLength(64);
  });
});
