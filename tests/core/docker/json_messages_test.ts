import { deepStrictEqual as equal, rejects } from "node:assert";
import { jsonMessages } from "../../../core/docker/json_messages.ts";
import { allCuts } from "../../support/pieces_connection.ts";

async function read(pieces: Uint8Array[]): Promise<unknown[]> {
  return await Array.fromAsync(jsonMessages(ReadableStream.from(pieces)));
}

const streams: { name: string; text: string; expected: unknown[] }[] = [
  { name: "lines", text: '{"a":1}\n{"b":{"c":2}}\r\n', expected: [{ a: 1 }, { b: { c: 2 } }] },
  { name: "objects without anything between", text: '{"a":1}{"b":2}', expected: [{ a: 1 }, { b: 2 }] },
  { name: "RFC 7464 texts", text: '\x1e{"a":1}\n\x1e{"b":2}\n', expected: [{ a: 1 }, { b: 2 }] },
  {
    name: "braces and quotes in strings",
    text: '{"a":"}\\"{\\\\"}{"b":"["}',
    expected: [{ a: '}"{\\' }, { b: "[" }],
  },
  { name: "lists", text: '[{"a":1},[2]] {"b":[]}', expected: [[{ a: 1 }, [2]], { b: [] }] },
  { name: "several bytes a letter", text: '{"a":"é漢😀"}\n{"ü":1}', expected: [{ a: "é漢😀" }, { ü: 1 }] },
  { name: "nothing", text: "\r\n", expected: [] },
];

for (const { name, text, expected } of streams) {
  Deno.test(`a stream of ${name} is read the same wherever it is cut`, async () => {
    for (const pieces of allCuts(new TextEncoder().encode(text))) equal(await read(pieces), expected);
  });
}

Deno.test("a message comes as soon as its last byte is there", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const messages = jsonMessages(readable);
  writer.write(new TextEncoder().encode('{"a":1}{"b"')).catch(() => {});
  equal((await messages.next()).value, { a: 1 });
  await messages.return(undefined);
});

for (
  const { name, text, code } of [
    { name: "an end within a message", text: '{"a":', code: "network" },
    { name: "what is no JSON", text: "{a}", code: "corrupt" },
  ]
) {
  Deno.test(`${name} is an error`, async () => {
    await rejects(() => read([new TextEncoder().encode(text)]), { code });
  });
}
