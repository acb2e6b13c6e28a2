import { deepStrictEqual as equal, rejects } from "node:assert";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { allCuts } from "../../support/pieces_connection.ts";

function frame(stream: number, text: string, length?: number): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + data.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, length ?? data.length);
  bytes.set(data, 8);
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

async function read(pieces: Iterable<Uint8Array>): Promise<string[]> {
  const seen: string[] = [];
  const decoder = new TextDecoder();
  const stream = ReadableStream.from([...pieces] as Uint8Array<ArrayBuffer>[]);
  for await (const { stream: name, data } of demultiplex(stream)) {
    if (!seen.at(-1)?.startsWith(`${name} `)) seen.push(`${name} `);
    seen[seen.length - 1] += decoder.decode(data, { stream: true });
  }
  return seen;
}

Deno.test("frames come apart the same wherever the bytes are cut", async () => {
  const bytes = joined(frame(1, "out"), frame(2, ""), frame(2, "err é"), frame(1, "a"), frame(0, "b"));
  for (const pieces of allCuts(bytes)) equal(await read(pieces), ["stdout out", "stderr err é", "stdout ab"]);
});

Deno.test("a frame of 4 GiB is given out as it comes", async () => {
  const megabyte = new Uint8Array(1024 * 1024).fill(7);
  async function* endless() {
    yield frame(2, "", 0xffffffff);
    while (true) yield megabyte;
  }
  let bytes = 0;
  for await (const { stream, data } of demultiplex(endless())) {
    equal(stream, "stderr");
    bytes += data.length;
    if (bytes === 64 * megabyte.length) break;
  }
});

Deno.test("reading goes no faster than the caller", async () => {
  let made = 0;
  async function* source() {
    while (true) {
      made++;
      yield frame(1, "x");
    }
  }
  const pieces = demultiplex(source());
  for (let i = 1; i <= 3; i++) {
    await pieces.next();
    equal(made, i);
  }
  await pieces.return(undefined);
});

const broken: { name: string; bytes: Uint8Array; code: string; message?: RegExp }[] = [
  { name: "an end within a header", bytes: frame(1, "").subarray(0, 5), code: "network" },
  { name: "an end within a frame", bytes: frame(1, "abc", 9), code: "network" },
  { name: "a stream of number 4", bytes: frame(4, "abc"), code: "corrupt" },
  { name: "plain text", bytes: new TextEncoder().encode("hello, world"), code: "corrupt" },
  {
    name: "a report of the Engine's",
    bytes: frame(3, "error from daemon in stream: cannot read"),
    code: "unavailable",
    message: /cannot read/,
  },
];

for (const { name, bytes, code, message = /./ } of broken) {
  Deno.test(`${name} is an error`, async () => {
    await rejects(() => read([bytes]), { code, message });
  });
}
