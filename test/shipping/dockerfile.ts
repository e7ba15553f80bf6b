import {
  type Cmd,
  type Copy,
  DockerfileParser,
  type Entrypoint,
  type Env,
  type From,
  type Healthcheck,
  type Instruction,
} from 'dockerfile-ast';

export interface Stage {
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile, in their order. */
export function stagesOf(text: string): Stage[] {
  const stages: { from: From; instructions: Instruction[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') stages.push({ from: instruction as From, instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

export function named<I extends Instruction>({ instructions }: Stage, keyword: string): I[] {
  return instructions.filter((each) => each.getKeyword() === keyword) as I[];
}

/** The words of an instruction in its exec form; empty for one that needs a shell. */
function execForm(instruction: Cmd | Entrypoint | Copy | undefined): string[] {
  return (instruction?.getJSONStrings() ?? []).map((each) => each.getJSONValue());
}

/** What a container of the image runs, and with which environment. */
export function finalStage(text: string): {
  readonly entrypoint: string[];
  readonly command: string[];
  /** What says whether it is well. */
  readonly check: string[];
  readonly env: Record<string, string>;
  readonly workdir: string;
} {
  const final = stagesOf(text).at(-1);
  if (!final) throw new Error('a Dockerfile without a stage');
  return {
    entrypoint: execForm(named<Entrypoint>(final, 'ENTRYPOINT').at(-1)),
    command: execForm(named<Cmd>(final, 'CMD').at(-1)),
    check: JSON.parse(
      /\[.*\]/.exec(named<Healthcheck>(final, 'HEALTHCHECK').at(-1)?.getArgumentsContent() ?? '[]')![0],
    ),
    workdir: named(final, 'WORKDIR').at(-1)?.getArguments()[0]?.getValue() ?? '/',
    env: Object.fromEntries(
      named<Env>(final, 'ENV').flatMap((each) =>
        each.getProperties().map((property) => [property.getName(), property.getValue() ?? '']),
      ),
    ),
  };
}

/** What is wrong with a Dockerfile, by the rules of hadolint (its numbers) and ours (without one). */
export function faultsOf(text: string): string[] {
  const stages = stagesOf(text);
  const names = stages.map(({ from }) => from.getBuildStage());
  const final = stages.at(-1);
  const faults: string[] = [];
  const fault = (bad: boolean, what: string) => {
    if (bad) faults.push(what);
  };
  for (const [index, stage] of stages.entries()) {
    const image = stage.from.getImage() ?? '';
    const pinned = stage.from.getImageDigest() !== null || /^\d+\.\d+\.\d+/.test(stage.from.getImageTag() ?? '');
    fault(
      image !== 'scratch' && !names.slice(0, index).includes(image) && !pinned,
      `DL3006 DL3007 ${image} is not pinned`,
    );
    for (const each of stage.instructions) {
      const keyword = each.getKeyword();
      const words = each.getArguments().map((argument) => argument.getValue());
      fault(keyword === 'ADD', 'DL3020 ADD');
      fault(keyword === 'MAINTAINER', 'DL4000 MAINTAINER');
      fault(keyword === 'WORKDIR' && !words[0]?.startsWith('/'), `DL3000 WORKDIR ${words[0]}`);
      fault(keyword === 'RUN' && words.includes('sudo'), 'DL3004 sudo');
      fault(
        keyword === 'RUN' && words.some((word) => word === 'curl' || word === 'wget'),
        'RUN fetches what no lock file names',
      );
      fault(keyword === 'RUN' && words.includes('|'), 'DL4006 a pipe hides a failure');
      fault(
        ['ENV', 'ARG'].includes(keyword) && /SECRET|PASSW|TOKEN|API_?KEY|CREDENTIAL/i.test(words.join(' ')),
        `${keyword} with a secret`,
      );
      fault(
        ['CMD', 'ENTRYPOINT'].includes(keyword) && execForm(each as Cmd).length === 0,
        `DL3025 ${keyword} needs a shell`,
      );
    }
    for (const copy of named<Copy>(stage, 'COPY')) {
      const from = copy.getFromFlag()?.getValue();
      fault(
        from !== undefined && from !== null && !names.slice(0, index).includes(from),
        `DL3022 DL3023 COPY --from=${from}`,
      );
    }
  }
  if (!final) return ['no stage'];
  const user = named(final, 'USER').at(-1)?.getArguments()[0]?.getValue() ?? 'root';
  fault(!/^[1-9]\d*(:[1-9]\d*)?$/.test(user), `DL3002 the last user is ${user}`);
  for (const keyword of ['HEALTHCHECK', 'ENTRYPOINT', 'CMD'])
    fault(named(final, keyword).length !== 1, `DL3012 ${keyword}`);
  fault(named(final, 'RUN').length > 0, 'the final stage runs something, so it holds a shell');
  fault(stages.length < 2, 'what builds is in the image');
  return faults;
}
