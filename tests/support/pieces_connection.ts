/** A connection that gives the pieces it was made with, one a read: borders fall where the test wants them. */
import type { Connection } from "../../core/docker/transport/connection.ts";

export function piecesConnection(pieces: Uint8Array[]): Connection {
  const left = pieces.map((piece) => piece as Uint8Array<ArrayBuffer>);
  return {
    read: () => Promise.resolve(left.shift() ?? null),
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    close() {},
    hold() {},
  };
}

/** The bytes cut in two at every position, and into single bytes. */
export function* allCuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) {
    yield [bytes.subarray(0, at), bytes.subarray(at)].filter((piece) => piece.length > 0);
  }
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}
