import { defineWorkflow } from '@portreeve/sdk';
import type { WorkflowTest } from '@portreeve/sdk/testing';
import { head, prompt, source } from './declared.ts';

export default defineWorkflow({
  ...head,
  name: 'five-steps',
  sources: [source('tickets'), source('invoices')],
  tools: [],
  prompts: ['sort-ticket', 'read-invoice', 'write-reply', 'explain-difference', 'look-around'],
  async run(context) {
    const { evidence: ticket } = await context.read('tickets', { id: context.input.id });
    const { evidence: invoice } = await context.read('invoices', { id: context.input.id });
    // the block: statements
    return { read: [ticket, invoice].length };
  },
});

export const trial: WorkflowTest = {
  input: { id: 'T-1' },
  prompts: [
    prompt('sort-ticket', 'classify', ['ticket'], ['kind']),
    prompt('read-invoice', 'extract', ['invoice'], ['number']),
    prompt('write-reply', 'generate', ['kind'], ['text']),
    prompt('explain-difference', 'analyse', ['said'], ['explanation']),
    prompt('look-around', 'agent', ['said'], ['found']),
  ],
  sources: { tickets: [{ text: 'Please pay.' }], invoices: [{ text: 'Invoice 4711' }] },
  answers: {
    'sort-ticket': { kind: 'invoice' },
    'read-invoice': { number: '4711' },
    'write-reply': { text: 'It is paid.' },
    'explain-difference': { explanation: 'None.' },
    'look-around': { found: 'nothing' },
  },
};

export const came = {
  asks: ['sort-ticket', 'read-invoice', 'write-reply', 'explain-difference', 'look-around'],
  acts: [],
  result: { read: 2 },
};
