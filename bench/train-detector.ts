import { mkdirSync, writeFileSync } from 'node:fs';
import { encodeModel } from '@portreeve/context/training';
import { documentationExamples, setExamples, writtenExamples } from './detect/examples.ts';
import { train } from './detect/train.ts';

// Trains the weights of the injection detector from the data listed in weights/README.md, and writes them and the list
// of the documentation that was used. Deterministic for the same data: a run that changes the file has other data.

const SEED = 20261120;
const WRITTEN = 14_000;
const folder = new URL('../packages/context/src/detect/weights/', import.meta.url);

const packages: string[] = [];
const sets = setExamples();
if (sets.length === 0) process.stderr.write('the public sets are not here: the weights will differ\n');
const documentation = documentationExamples(new URL('../node_modules', import.meta.url).pathname, (name) =>
  packages.push(name),
);
const honest = [...sets, ...documentation].filter(({ label }) => label === 0).map(({ text }) => text);
const written = writtenExamples(WRITTEN, SEED, honest);
process.stderr.write(
  `${written.length} written, ${sets.length} of public sets, ${documentation.length} pieces of documentation\n`,
);

const trained = train([...written, ...sets, ...documentation], SEED, (line) => process.stderr.write(`${line}\n`));
const recall =
  trained.kept.filter(([label, logit]) => label === 1 && logit >= 0).length /
  trained.kept.filter(([label]) => label === 1).length;
process.stderr.write(`recall of the model alone on kept-out examples: ${recall.toFixed(3)}\n`);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('injection.bin', folder), encodeModel(trained));
writeFileSync(new URL('documentation.txt', folder), `${packages.join('\n')}\n`);
