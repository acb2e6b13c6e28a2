/**
 * An Engine behind ssh, as the docker CLI reaches it: `ssh HOST docker system dial-stdio` joins the process's
 * standard streams with the remote Engine's socket. One process a connection.
 */
import { SkiffError } from "../../errors/skiff_error.ts";
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
    const { user, host } = this.#address;
    const target = user ? `${user}@${host}` : host;
    const text = (await this.#message).trim().split("\n").at(-1) || "ssh ended without a word";
    const missing = /docker: (?:command )?not found|dial-stdio/.test(text);
    return new SkiffError("unavailable", `Cannot reach the Docker Engine on ${target} through ssh: ${text}`, {
      hint: missing
        ? `Install the docker command on ${host}; it joins ssh with the Engine's socket there.`
        : `\`ssh ${target} docker version\` must work without a question; keys belong into ssh-agent.`,
    });
  }
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
