/** A server on a unix socket whose answers are written byte by byte, for what no real server does on demand. */
import { ByteReader } from "../../core/docker/transport/byte_reader.ts";
import { SocketConnection } from "../../core/docker/transport/connection.ts";
import { Docker } from "../../core/docker/docker.ts";
import { dial } from "../../core/docker/transport/dial.ts";
import { HttpTransport } from "../../core/docker/transport/http_transport.ts";

/** A connection that has sent the head of a request. */
export interface RawRequest {
  /** "GET /v1.41/info" */
  line: string;
  headers: Headers;
  /** Which connection of the server it came on, from 0. */
  connection: number;
  /** Sends the pieces, each by a write of its own. */
  send(...pieces: (string | Uint8Array)[]): Promise<void>;
  /** The next bytes of the client; null at its end. */
  receive(): Promise<Uint8Array | null>;
  /** Everything up to the client's end, as text. */
  receiveAll(): Promise<string>;
  closeWrite(): Promise<void>;
  close(): void;
}

export interface RawServer extends AsyncDisposable {
  path: string;
  docker: Docker;
  /** Connections that clients have open. */
  open: number;
  /** Connections that there ever were. */
  accepted: number;
  /** Resolves when no more than `connections` (default 0) are open. */
  idle(connections?: number): Promise<void>;
}

/** Calls `answer` for each request; a connection is read on for the next one until `close`. */
export async function serveRaw(answer: (request: RawRequest) => Promise<void>): Promise<RawServer> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-raw-" });
  const path = `${folder}/docker.sock`;
  const listener = Deno.listen({ transport: "unix", path });
  const sockets = new Set<Deno.Conn>();
  let wake = Promise.withResolvers<void>();
  const serving: Promise<void>[] = [];
  const docker = new Docker({
    endpoint: { address: { kind: "unix", path }, url: `unix://${path}`, source: "test" },
    transport: new HttpTransport({ dial: (signal) => dial({ kind: "unix", path }, signal) }),
    apiVersion: "1.41",
    engineVersion: "20.10",
    os: "linux",
  });
  const server: RawServer = {
    path,
    docker,
    open: 0,
    accepted: 0,
    async idle(connections = 0) {
      while (server.open > connections) await wake.promise;
    },
    async [Symbol.asyncDispose]() {
      docker.close();
      listener.close();
      for (const socket of sockets) closeQuietly(socket);
      await Promise.all(serving);
      await Deno.remove(folder, { recursive: true });
    },
  };
  const accept = async () => {
    for await (const socket of listener) {
      sockets.add(socket);
      server.open++;
      const number = server.accepted++;
      serving.push(
        serve(socket, number, answer).finally(() => {
          closeQuietly(socket);
          sockets.delete(socket);
          server.open--;
          wake.resolve();
          wake = Promise.withResolvers();
        }),
      );
    }
  };
  serving.push(accept());
  return server;
}

async function serve(socket: Deno.Conn, connection: number, answer: (r: RawRequest) => Promise<void>) {
  const wire = new SocketConnection(socket);
  const reader = new ByteReader(wire);
  const encoder = new TextEncoder();
  let closed = false;
  try {
    while (!closed) {
      await reader.fill();
      if (reader.ended) return;
      const line = (await reader.line(10_000)).replace(/ HTTP\/1\.1$/, "");
      const headers = new Headers();
      for (let text = await reader.line(10_000); text !== ""; text = await reader.line(10_000)) {
        headers.append(text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1).trim());
      }
      await answer({
        line,
        headers,
        connection,
        async send(...pieces) {
          for (const piece of pieces) {
            await wire.write(typeof piece === "string" ? encoder.encode(piece) : piece);
          }
        },
        receive: () => reader.some(),
        async receiveAll() {
          let text = "";
          for (let bytes = await reader.some(); bytes !== null; bytes = await reader.some()) {
            text += new TextDecoder().decode(bytes);
          }
          return text;
        },
        closeWrite: () => wire.closeWrite(),
        close() {
          closed = true;
          wire.close();
        },
      });
    }
  } catch {
    // the client has gone, which is what many tests are about
  }
}

function closeQuietly(socket: Deno.Conn): void {
  try {
    socket.close();
  } catch {
    // closed by the test
  }
}

/** A whole answer with a length. */
export function answerText(status: string, body: string, headers = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${
    new TextEncoder().encode(body).length
  }\r\n${headers}\r\n${body}`;
}
