/** What a terminal in raw mode sends, as keys (ECMA-48 and xterm's control sequences). */

export type Key =
  | { type: "text"; text: string }
  /** Pasted in one piece; line breaks are "\n". */
  | { type: "paste"; text: string }
  /** "enter", "tab", "backspace", "delete", "left", "ctrl+a", "alt+b"… */
  | { type: "key"; name: string };

const finals: Record<string, string> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
};
const tildes: Record<string, string> = { 1: "home", 3: "delete", 4: "end", 7: "home", 8: "end" };
const pasteStart = "\x1b[200~";
const pasteEnd = "\x1b[201~";

/** Turns bytes into keys; sequences and characters may be cut anywhere between pushes. */
export class KeyDecoder {
  private readonly decoder = new TextDecoder();
  private pending = "";

  push(bytes: Uint8Array): Key[] {
    this.pending += this.decoder.decode(bytes, { stream: true });
    const keys: Key[] = [];
    for (let taken = nextKey(this.pending); taken; taken = nextKey(this.pending)) {
      this.pending = this.pending.slice(taken.length);
      if (taken.key) keys.push(taken.key);
    }
    return keys;
  }
}

/** The key at the start of `text` and its length; undefined when more must arrive. */
function nextKey(text: string): { key?: Key; length: number } | undefined {
  if (text === "") return undefined;
  if (text[0] === "\x1b") return escapeKey(text);
  const code = text.charCodeAt(0);
  if (code < 32 || code === 127) return { key: controlKey(text[0]), length: 1 };
  // deno-lint-ignore no-control-regex
  const run = /^[^\x00-\x1f\x7f]+/.exec(text)![0];
  return { key: { type: "text", text: run }, length: run.length };
}

function controlKey(char: string): Key {
  if (char === "\r" || char === "\n") return { type: "key", name: "enter" };
  if (char === "\t") return { type: "key", name: "tab" };
  if (char === "\x7f" || char === "\b") return { type: "key", name: "backspace" };
  return { type: "key", name: `ctrl+${String.fromCharCode(char.charCodeAt(0) + 96)}` };
}

function escapeKey(text: string): { key?: Key; length: number } | undefined {
  if (text.startsWith(pasteStart)) {
    const end = text.indexOf(pasteEnd);
    if (end < 0) return undefined;
    const pasted = text.slice(pasteStart.length, end).replace(/\r\n?/g, "\n");
    return { key: { type: "paste", text: pasted }, length: end + pasteEnd.length };
  }
  if (text === "\x1b" || text === "\x1b[" || text === "\x1bO") return undefined;
  // deno-lint-ignore no-control-regex
  const sequence = /^\x1b(?:\[([0-9;?]*)([A-Za-z~])|O([A-Z]))/.exec(text);
  if (sequence) return { key: sequenceKey(sequence), length: sequence[0].length };
  // deno-lint-ignore no-control-regex
  if (/^\x1b\[[0-9;?]*$/.test(text)) return undefined;
  const char = String.fromCodePoint(text.codePointAt(1)!);
  const name = char === "\x7f" ? "backspace" : char === "\r" ? "enter" : char;
  return { key: { type: "key", name: `alt+${name}` }, length: 1 + char.length };
}

function sequenceKey([, parameters = "", final, single]: RegExpExecArray): Key | undefined {
  const [number, modifier] = parameters.split(";");
  const base = single ? finals[single] : final === "~" ? tildes[number] : finals[final];
  if (!base) return undefined;
  const prefix = modifier === "5" ? "ctrl+" : modifier === "3" ? "alt+" : "";
  return { type: "key", name: `${prefix}${base}` };
}
