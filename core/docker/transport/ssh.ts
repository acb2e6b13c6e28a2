/**
 * An Engine behind ssh, as the docker CLI reaches it: `ssh HOST docker system dial-stdio` joins the process's
 * standard streams with the remote Engine's socket. One process a connection.
 */
import { type ErrorCode, SkiffError } from "../../errors/skiff_error.ts";
import type { SshAddress } from "../address.ts";
import type { Connection } from "./connection.ts";

/** The arguments of `ssh` for an address. */
export function sshArguments({ host, user, port, socket }: SshAddress): string[] {
  const remote = socket ? ["docker", "--host", `unix://${socket}`] : ["docker"];
  return [
    ...(user ? ["-l", user] : []),
    ...(port ? ["-p", String(port)] : []),
    "-o",
    "ConnectTimeout=30",
    "-T", // no terminal: bytes pass unchanged
    "--",
    host,
    ...remote.map(quoted),
    "system",
    "dial-stdio",
  ];
}

/** The far side's shell reads the words again. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function dialSsh(address: SshAddress): Connection {
  try {
    return new SshConnection(
      new Deno.Command("ssh", {
        args: sshArguments(address),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
      address,
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SkiffError("unavailable", "Cannot run ssh: there is no such program on PATH", {
      hint: "Install an OpenSSH client, or point DOCKER_HOST at a unix:// or tcp:// address.",
      cause: error,
    });
  }
}

const keptMessage = 2000;

class SshConnection implements Connection {
  readonly #child: Deno.ChildProcess;
  readonly #address: SshAddress;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #message: Promise<string>;
  #received = false;
  #closed = false;

  constructor(child: Deno.ChildProcess, address: SshAddress) {
    this.#child = child;
    this.#address = address;
    this.#reader = child.stdout.getReader();
    this.#writer = child.stdin.getWriter();
    this.#writer.closed.catch(() => {});
    this.#message = lastText(child.stderr);
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const { done, value } = await this.#reader.read();
    if (!done) {
      this.#received = true;
      return value;
    }
    if (!this.#received && !this.#closed) throw await this.#failure();
    return null;
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes as Uint8Array<ArrayBuffer>);
    } catch (error) {
      if (this.#received || this.#closed) throw error;
      throw await this.#failure();
    }
  }

  async closeWrite(): Promise<void> {
    await this.#writer.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // it has ended by itself
    }
  }

  hold(holds: boolean): void {
    if (holds) this.#child.ref();
    else this.#child.unref();
  }

  async #failure(): Promise<SkiffError> {
    return sshError(this.#address, await this.#message);
  }
}

/** What ssh and the far side say when it does not work; the first row that fits. */
const reasons: { pattern: RegExp; code: ErrorCode; said?: string; hint: (at: SshPlace) => string }[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "forbidden",
    said: "the key of that host has changed",
    hint: ({ known }) =>
      `Somebody may be in between. If the host is new, forget its old key: \`ssh-keygen -R ${known}\`.`,
  },
  {
    pattern: /Host key verification failed/,
    code: "forbidden",
    said: "its host key is not known here",
    hint: ({ command }) => `Connect once with \`${command}\`, and accept the key if it is the right one.`,
  },
  {
    pattern: /Permission denied \((?:publickey|password|keyboard|gssapi|hostbased)/,
    code: "unauthorized",
    hint: ({ command }) => `\`${command}\` must work without a question; keys belong into ssh-agent.`,
  },
  {
    pattern: /docker: (?:command )?not found|'?dial-stdio'? is not a docker command/,
    code: "unavailable",
    hint: ({ host }) => `Install the docker command on ${host}; it joins ssh with the Engine's socket there.`,
  },
  {
    pattern: /permission denied while trying to connect to the Docker/i,
    code: "forbidden",
    hint: ({ user, host }) =>
      `Let ${user ?? "your user"} use Docker on ${host}: its group there is \`docker\`.`,
  },
  {
    pattern: /Cannot connect to the Docker daemon|dial unix|failed to connect to the docker API/i,
    code: "unavailable",
    hint: ({ host }) => `Start Docker on ${host}, or name its socket: ssh://${host}/path/docker.sock.`,
  },
];

interface SshPlace extends SshAddress {
  /** How a person connects. */
  command: string;
  /** The host as known_hosts names it. */
  known: string;
}

function sshError(address: SshAddress, message: string): SkiffError {
  const { user, host, port } = address;
  const target = user ? `${user}@${host}` : host;
  const command = port ? `ssh -p ${port} ${target}` : `ssh ${target}`;
  const row = reasons.find(({ pattern }) => pattern.test(message));
  const text = row?.said ?? (message.trim().split("\n").at(-1) || "ssh ended without a word");
  return new SkiffError(
    row?.code ?? "unavailable",
    `Cannot reach the Docker Engine on ${target} through ssh: ${text}`,
    {
      hint: row?.hint({ ...address, command, known: port ? `'[${host}]:${port}'` : host }) ??
        `\`${command} docker version\` must work without a question.`,
      details: { ssh: message.trim() },
    },
  );
}

async function lastText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of stream) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(-keptMessage);
    }
  } catch {
    // the process was ended by us
  }
  return text;
}
