import { deepStrictEqual, strictEqual } from "node:assert";
import { LineReader, type Terminal } from "../../../core/terminal/line_reader.ts";

/** A terminal that is typed into from a script, and remembers what was drawn. */
function scripted(input: string, columns = 80): Terminal & { drawn: string; raw: boolean[] } {
  const bytes = new TextEncoder().encode(input);
  let at = 0;
  return {
    drawn: "",
    raw: [],
    read(buffer) {
      if (at === bytes.length) return Promise.resolve(null);
      buffer[0] = bytes[at++];
      return Promise.resolve(1);
    },
    setRaw(raw) {
      this.raw.push(raw);
    },
    write(text) {
      this.drawn += text;
      return Promise.resolve();
    },
    columns: () => columns,
  };
}

const lines: { typed: string; text: string; name: string; history?: string[] }[] = [
  { name: "plain text", typed: "hello\r", text: "hello" },
  { name: "backspace removes a whole emoji", typed: "a👩‍👩‍👧\x7f!\r", text: "a!" },
  { name: "Ctrl+A and Ctrl+E move to the ends", typed: "b\x01a\x05c\r", text: "abc" },
  { name: "Ctrl+U and Ctrl+K cut", typed: "one two\x15x\x1b[D\x0by\r", text: "y" },
  { name: "Ctrl+W cuts a word", typed: "one two \x17three\r", text: "one three" },
  { name: "Alt+B and Alt+F move by words", typed: "one two\x1bb\x1bbx\x1bfy\r", text: "xoney two" },
  { name: "a paste keeps its line breaks", typed: "\x1b[200~a\nb\x1b[201~\r", text: "a\nb" },
  {
    name: "up recalls, down comes back",
    typed: "\x1b[A\x1b[A\x1b[B!\r",
    text: "two!",
    history: ["one", "two"],
  },
];
for (const { name, typed, text, history = [] } of lines) {
  Deno.test(`LineReader: ${name}`, async () => {
    const terminal = scripted(typed);
    deepStrictEqual(await new LineReader(terminal, { history }).read("> "), { type: "line", text });
    deepStrictEqual(terminal.raw, [true, false]);
  });
}

Deno.test("LineReader: a hidden line is edited like any other, and nothing of it is drawn", async () => {
  const terminal = scripted("hunx\x7fter3\x1b[D2\x1b[C\x7f\r");
  deepStrictEqual(await new LineReader(terminal, { history: [], hidden: true }).read("Key: "), {
    type: "line",
    text: "hunter2",
  });
  strictEqual(
    /[hunter23]/.test(
      terminal.drawn.replaceAll("Key: ", "").replaceAll("\x1b[?2004h", "").replaceAll("\x1b[?2004l", ""),
    ),
    false,
  );
});

Deno.test("LineReader: Ctrl+C interrupts and tells whether something was typed", async () => {
  deepStrictEqual(await new LineReader(scripted("\x03"), { history: [] }).read("> "), {
    type: "interrupt",
    empty: true,
  });
  deepStrictEqual(await new LineReader(scripted("ab\x03"), { history: [] }).read("> "), {
    type: "interrupt",
    empty: false,
  });
});

Deno.test("LineReader: Ctrl+D ends on an empty line and deletes elsewhere", async () => {
  strictEqual((await new LineReader(scripted("\x04"), { history: [] }).read("> ")).type, "end");
  deepStrictEqual(await new LineReader(scripted("ab\x01\x04\r"), { history: [] }).read("> "), {
    type: "line",
    text: "b",
  });
});

Deno.test("LineReader: what was typed ahead belongs to the next line", async () => {
  const reader = new LineReader(scripted("one\rtwo\r"), { history: [] });
  deepStrictEqual(await reader.read("> "), { type: "line", text: "one" });
  deepStrictEqual(await reader.read("> "), { type: "line", text: "two" });
});

Deno.test("LineReader: a wrapped line is redrawn from the row of its prompt", async () => {
  const terminal = scripted("abcdef\r", 4);
  await new LineReader(terminal, { history: [] }).read("> ");
  strictEqual(terminal.drawn.includes("\x1b[1A\r\x1b[J> abcde"), true);
});
