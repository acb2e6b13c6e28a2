import { deepStrictEqual as equal } from "node:assert";
import { LineWriter, readLines } from "../../../inference/runner/line_stream.ts";

function source(text: string, pieceBytes: number) {
  let rest = new TextEncoder().encode(text);
  return {
    read(buffer: Uint8Array): Promise<number | null> {
      if (rest.length === 0) return Promise.resolve(null);
      const piece = rest.subarray(0, Math.min(pieceBytes, buffer.length));
      buffer.set(piece);
      rest = rest.subarray(piece.length);
      return Promise.resolve(piece.length);
    },
  };
}

Deno.test("readLines gives the same lines however they arrive", async () => {
  const text = 'one\n{"é":"🐳"}\n\nlast';
  for (const pieceBytes of [1, 2, 3, 7, 1000]) {
    equal(await Array.fromAsync(readLines(source(text, pieceBytes))), ["one", '{"é":"🐳"}', "", "last"]);
  }
});

Deno.test("readLines reads a line of megabytes", async () => {
  const [line] = await Array.fromAsync(readLines(source(`${"x".repeat(3_000_000)}\n`, 65_536)));
  equal(line.length, 3_000_000);
});

Deno.test("LineWriter writes all of a batch, in as many writes as the pipe needs", () => {
  const written: number[] = [];
  const writer = new LineWriter({
    writeSync(bytes) {
      const part = bytes.subarray(0, 5);
      written.push(...part);
      return part.length;
    },
  });
  writer.add({ a: 1 });
  writer.add("é");
  writer.flush();
  writer.flush();
  equal(new TextDecoder().decode(Uint8Array.from(written)), '{"a":1}\n"é"\n');
});
