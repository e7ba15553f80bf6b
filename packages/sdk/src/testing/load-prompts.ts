import { readdir, readFile } from 'node:fs/promises';
import { PortreeveError, type PromptContract, promptContractSchema, promptFiles } from '@portreeve/contract';
import { parse } from 'yaml';

/** What a test may be given for the prompts of its workflow: their folder, or what `definePrompt` made. */
export type TestPrompts = URL | readonly { readonly contract: PromptContract }[];

/** The prompts by id. Throws `misconfigured` for a file whose head is none; `portreeve check` looks at the rest of it. */
export async function promptsOf(where: TestPrompts): Promise<ReadonlyMap<string, PromptContract>> {
  const contracts = where instanceof URL ? await inFolder(where) : where.map(({ contract }) => contract);
  return new Map(contracts.map((contract) => [contract.id, contract]));
}

async function inFolder(folder: URL): Promise<PromptContract[]> {
  const base = folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`);
  return Promise.all(
    promptFiles(await readdir(base)).map(async (name) => {
      const file = new URL(encodeURIComponent(name), base);
      const parsed = promptContractSchema.safeParse(await headOf(file));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new PortreeveError('misconfigured', `${name}: ${issue!.path.join('.') || 'the head'}: ${issue!.message}`);
    }),
  );
}

async function headOf(file: URL): Promise<unknown> {
  if (!file.href.endsWith('.md')) {
    const { default: exported } = (await import(file.href)) as { default?: { readonly contract?: unknown } };
    return exported?.contract;
  }
  const [, head = ''] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readFile(file, 'utf8')) ?? [];
  return parse(head, { schema: 'core' });
}
