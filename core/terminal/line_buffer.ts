/** A line being edited: its text and the cursor. Every operation gives a new value; movement is by grapheme. */

export interface LineBuffer {
  readonly text: string;
  /** UTF-16 index into `text`, on a grapheme border. */
  readonly cursor: number;
}

export const emptyLine: LineBuffer = { text: "", cursor: 0 };

export function lineOf(text: string): LineBuffer {
  return { text, cursor: text.length };
}

export function insert({ text, cursor }: LineBuffer, added: string): LineBuffer {
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
}

/** The line after an editing key (readline's Emacs bindings); the same value for a key that edits nothing. */
export function edit(line: LineBuffer, key: string): LineBuffer {
  return edits[key]?.(line) ?? line;
}

const edits: Record<string, (line: LineBuffer) => LineBuffer> = {
  "left": ({ text, cursor }) => ({ text, cursor: graphemeBefore(text, cursor) }),
  "right": ({ text, cursor }) => ({ text, cursor: graphemeAfter(text, cursor) }),
  "home": ({ text }) => ({ text, cursor: 0 }),
  "end": ({ text }) => ({ text, cursor: text.length }),
  "backspace": ({ text, cursor }) => cut(text, graphemeBefore(text, cursor), cursor),
  "delete": ({ text, cursor }) => cut(text, cursor, graphemeAfter(text, cursor)),
  "ctrl+k": ({ text, cursor }) => cut(text, cursor, text.length),
  "ctrl+u": ({ text, cursor }) => cut(text, 0, cursor),
  "ctrl+w": ({ text, cursor }) => cut(text, wordBefore(text, cursor), cursor),
  "alt+b": ({ text, cursor }) => ({ text, cursor: wordBefore(text, cursor) }),
  "alt+f": ({ text, cursor }) => ({ text, cursor: wordAfter(text, cursor) }),
  "alt+d": ({ text, cursor }) => cut(text, cursor, wordAfter(text, cursor)),
};
for (
  const [key, same] of [
    ["ctrl+b", "left"],
    ["ctrl+f", "right"],
    ["ctrl+a", "home"],
    ["ctrl+e", "end"],
    ["ctrl+h", "backspace"],
    ["alt+backspace", "ctrl+w"],
    ["ctrl+left", "alt+b"],
    ["alt+left", "alt+b"],
    ["ctrl+right", "alt+f"],
    ["alt+right", "alt+f"],
  ]
) edits[key] = edits[same];

function cut(text: string, from: number, to: number): LineBuffer {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

let segmenter: Intl.Segmenter | undefined;

/** The graphemes of a text with where they begin. */
export function graphemes(text: string): Intl.SegmentData[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return [...segmenter.segment(text)];
}

function graphemeBefore(text: string, cursor: number): number {
  return graphemes(text.slice(0, cursor)).at(-1)?.index ?? 0;
}

function graphemeAfter(text: string, cursor: number): number {
  return cursor + (graphemes(text.slice(cursor))[0]?.segment.length ?? 0);
}

function wordBefore(text: string, cursor: number): number {
  return cursor - /\S*\s*$/.exec(text.slice(0, cursor))![0].length;
}

function wordAfter(text: string, cursor: number): number {
  return cursor + /^\s*\S*/.exec(text.slice(cursor))![0].length;
}
