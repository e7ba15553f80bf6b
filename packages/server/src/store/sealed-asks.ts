import { canonicalJson, type Json, PortreeveError, type RunId } from '@portreeve/contract';
import type { Seals } from './values.ts';

/** What one process asks of another through the database, sealed for those whom it is about and bound to its place. */
export function sealedAsks({ texts, of }: Seals, table: 'gate_asks' | 'face_asks') {
  const places = { body: (id: string) => `${table}/${id}`, answer: (id: string) => `${table}/${id}/answer` };
  return {
    /** Members that are undefined are not there. */
    async seal(
      place: keyof typeof places,
      id: string,
      about: { run?: RunId; principal?: string | null },
      value: unknown,
    ) {
      const others = about.principal ? [about.principal] : [];
      const plain = canonicalJson(JSON.parse(JSON.stringify(value)) as Json);
      return texts.seal(await of(about.run ?? null, ...others), 'runs', places[place](id), plain);
    },
    /** Throws `erased` where its key is gone. */
    async open(place: keyof typeof places, id: string, text: string): Promise<unknown> {
      const [plain] = await texts.open([{ text, binding: places[place](id) }]);
      if (plain === null || plain === undefined) throw new PortreeveError('erased', 'What was asked has been erased.');
      return JSON.parse(plain);
    },
  };
}
