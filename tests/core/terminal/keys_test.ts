import { deepStrictEqual } from "node:assert";
import { type Key, KeyDecoder } from "../../../core/terminal/keys.ts";

const key = (name: string): Key => ({ type: "key", name });
const cases: { sent: string; keys: Key[] }[] = [
  { sent: "hé🙂", keys: [{ type: "text", text: "hé🙂" }] },
  { sent: "a\r", keys: [{ type: "text", text: "a" }, key("enter")] },
  { sent: "\x03\x04\x01", keys: [key("ctrl+c"), key("ctrl+d"), key("ctrl+a")] },
  { sent: "\x1b[A\x1b[B\x1bOC\x1b[D", keys: [key("up"), key("down"), key("right"), key("left")] },
  { sent: "\x1b[1;5D\x1b[3~\x7f", keys: [key("ctrl+left"), key("delete"), key("backspace")] },
  { sent: "\x1bb\x1b\x7f", keys: [key("alt+b"), key("alt+backspace")] },
  { sent: "\x1b[200~a\r\nb\x1b[201~c", keys: [{ type: "paste", text: "a\nb" }, { type: "text", text: "c" }] },
  { sent: "\x1b[99~x", keys: [{ type: "text", text: "x" }] },
];

for (const { sent, keys } of cases) {
  Deno.test(`keys of ${JSON.stringify(sent)}, whole and byte by byte`, () => {
    const bytes = new TextEncoder().encode(sent);
    deepStrictEqual(new KeyDecoder().push(bytes), keys);
    const decoder = new KeyDecoder();
    const single = [...bytes].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    deepStrictEqual(joinText(single), keys);
  });
}

function joinText(keys: Key[]): Key[] {
  const joined: Key[] = [];
  for (const one of keys) {
    const last = joined.at(-1);
    if (one.type === "text" && last?.type === "text") last.text += one.text;
    else joined.push(one.type === "text" ? { ...one } : one);
  }
  return joined;
}
