import { type ReactNode, useRef, useState } from 'react';
import { Badge } from '../ui/badge.tsx';
import { Panel } from '../ui/page.tsx';
import { Input } from '../ui/select.tsx';
import { Text } from '../ui/text.tsx';
import type { RuleFile } from './policy.tsx';

/** What is wrong with the rules that are tried, and where. */
export interface Fault {
  /** One of the files that are tried; null: it stands elsewhere, as `place` says. */
  readonly file: string | null;
  readonly line: number | null;
  readonly place: string;
  readonly message: string;
}

const FILE_NAME = /^(identity|data|action|environment)(-[a-z0-9][a-z0-9_-]*)?\.cedar$/;

/** The errors of an answer by file and line: `policies/action.cedar:7`, or `files.2.name` where the form is wrong. */
export function faultsOf(
  errors: readonly { readonly path: string; readonly message: string }[],
  files: readonly RuleFile[],
): Fault[] {
  return errors.map(({ path, message }) => {
    const [, name, line] = /^policies\/(.+):(\d+)$/.exec(path) ?? [];
    const [, index] = /^files\.(\d+)\b/.exec(path) ?? [];
    const file = files.find((each, n) => each.name === name || String(n) === index)?.name ?? null;
    return { file, line: line === undefined ? null : Number(line), place: path, message };
  });
}

export function placeText({ file, line, place }: Fault): string {
  if (file === null) return place;
  return line === null ? file : `${file}, line ${line}`;
}

const idOf = (name: string): string => `rules-${name}`;
const linesOf = (text: string): number => text.split('\n').length;

/** Opens a file and puts the cursor on a line of it. */
export function goTo({ file, line }: Fault): void {
  const area = document.getElementById(idOf(file ?? '')) as HTMLTextAreaElement | null;
  if (area === null) return;
  area.closest('details')!.open = true;
  const lines = area.value.split('\n').slice(0, line ?? 1);
  const end = lines.join('\n').length;
  area.setSelectionRange(end - (lines.at(-1)?.length ?? 0), end);
  // Chromium brings the selection into view when the focus comes.
  area.blur();
  area.focus();
}

/** The files that are tried, each to be edited; what is otherwise than in force is said. Below them, what is done with them. */
export function PolicyFiles({
  files,
  inForce,
  faults,
  onFiles,
  onReset,
  children,
}: {
  readonly files: readonly RuleFile[];
  readonly inForce: readonly RuleFile[];
  readonly faults: readonly Fault[];
  readonly onFiles: (files: readonly RuleFile[]) => void;
  /** Null: they are as in force. */
  readonly onReset: (() => void) | null;
  readonly children: ReactNode;
}): ReactNode {
  const add = (name: string): void =>
    onFiles([...files, inForce.find((file) => file.name === name) ?? { name, text: '' }]);
  const list = useRef<HTMLUListElement>(null);
  const leaveOut = (file: RuleFile): void => {
    // The button goes with its file: the focus stays near.
    list.current?.focus();
    onFiles(files.filter((each) => each !== file));
  };
  const left = inForce.filter(({ name }) => !files.some((file) => file.name === name));
  return (
    <Panel
      title="Rules to try"
      bare
      aside={
        <button type="button" className="button" aria-disabled={onReset === null} onClick={() => onReset?.()}>
          Back to what is in force
        </button>
      }
    >
      <ul className="files" ref={list} tabIndex={-1}>
        {files.map((file) => (
          <li key={file.name}>
            <File
              file={file}
              before={inForce.find(({ name }) => name === file.name)?.text ?? null}
              faults={faults.filter((fault) => fault.file === file.name)}
              onText={(text) => onFiles(files.map((each) => (each === file ? { ...each, text } : each)))}
              onRemove={() => leaveOut(file)}
            />
          </li>
        ))}
      </ul>
      {left.length === 0 ? null : <p className="note warn">Left out: {left.map(({ name }) => name).join(', ')}</p>}
      <AddFile names={files.map(({ name }) => name)} onAdd={add} />
      {children}
    </Panel>
  );
}

function File({
  file: { name, text },
  before,
  faults,
  onText,
  onRemove,
}: {
  readonly file: RuleFile;
  /** Null: it is new. */
  readonly before: string | null;
  readonly faults: readonly Fault[];
  readonly onText: (text: string) => void;
  readonly onRemove: () => void;
}): ReactNode {
  const id = idOf(name);
  return (
    <details {...(before === null ? { open: true } : {})}>
      <summary>
        <span className="cluster">
          <strong>{name}</strong>
          <span className="small soft">{linesOf(text)} lines</span>
          {before === null ? <Badge tone="accent">new</Badge> : null}
          {before !== null && before !== text ? <Badge tone="accent">changed</Badge> : null}
          {faults.length > 0 ? <Badge tone="bad">{faults.length} wrong</Badge> : null}
        </span>
      </summary>
      <div className="stack-tight">
        <label className="visually-hidden" htmlFor={id}>
          Rules of {name}
        </label>
        <textarea
          id={id}
          className="code"
          value={text}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          {...(faults.length > 0 ? { 'aria-invalid': true, 'aria-describedby': `${id}-faults` } : {})}
          onChange={(event) => onText(event.target.value)}
        />
        {faults.length === 0 ? null : (
          <ul id={`${id}-faults`} className="note bad stack-tight small">
            {faults.map(({ line, message }) => (
              <li key={`${line} ${message}`} className="breakable">
                <Text>{line === null ? message : `Line ${line}: ${message}`}</Text>
              </li>
            ))}
          </ul>
        )}
        <div className="cluster">
          <button type="button" className="button" onClick={onRemove}>
            Leave {name} out
          </button>
        </div>
      </div>
    </details>
  );
}

function AddFile({
  names,
  onAdd,
}: {
  readonly names: readonly string[];
  readonly onAdd: (name: string) => void;
}): ReactNode {
  const [name, setName] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const add = (): void => {
    const wrong = names.includes(name)
      ? 'There is a file of that name.'
      : FILE_NAME.test(name)
        ? null
        : 'A file is called by its layer: identity, data, action or environment, then .cedar or -NAME.cedar.';
    setFault(wrong);
    if (wrong !== null) return;
    onAdd(name);
    setName('');
  };
  return (
    <form
      className="table-tools"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <div className="grow">
        <Input label="Another file, such as action-payments.cedar" value={name} onChange={setName} />
      </div>
      <button type="submit" className="button">
        Add the file
      </button>
      {fault === null ? null : (
        <p className="note bad grow" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
