/** Characters of one line: an entry of 64 KiB and a payload of 1 MiB with every character escaped fit well. */
const LINE_MAX = 16 * 1024 * 1024;

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/** The lines of a text that comes in pieces of any length, without their newlines; an empty last line is none. */
export async function* linesOf(text: string | AsyncIterable<string>): AsyncIterable<string> {
  let rest: string[] = [];
  let length = 0;
  for await (const piece of typeof text === 'string' ? [text] : text) {
    let at = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', at)) {
      yield rest.join('') + piece.slice(at, end);
      rest = [];
      length = 0;
      at = end + 1;
    }
    rest.push(piece.slice(at));
    length += piece.length - at;
    if (length > LINE_MAX) throw new LineTooLong(`a line is longer than ${LINE_MAX} characters`);
  }
  const last = rest.join('');
  if (last !== '') yield last;
}
