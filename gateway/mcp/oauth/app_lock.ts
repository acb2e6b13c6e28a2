/** Turns: of all processes of a user one at a time may change the login of an app. */
import { createHash } from "node:crypto";
import type { Paths } from "../../../core/paths/paths.ts";
import type { OAuthApp } from "./oauth_app.ts";

/**
 * The system frees the lock of a process that is killed. It lies where all of a user's processes look, whatever
 * started them: clients start gateways without XDG_RUNTIME_DIR. Apps of one provider share it: they may share a login
 * that was kept under its name.
 */
export async function withAppLock<T>(
  app: Pick<OAuthApp, "name" | "provider">,
  { paths, signal }: { paths: Paths; signal?: AbortSignal },
  work: (turn: Turn) => Promise<T>,
): Promise<T> {
  const folder = `${paths.state}/mcp/oauth-locks`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const name = createHash("sha256").update(app.provider ?? app.name).digest("hex").slice(0, 24);
  using file = await Deno.open(`${folder}/${name}`, { create: true, read: true, write: true });
  await file.lock(true);
  signal?.throwIfAborted();
  return await work(new Turn(file));
}

/** What somebody notes for the next one, in case of not coming to an end. It is no harm where it cannot be. */
export class Turn {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** What the one before has left, who was killed or had no answer. */
  async left(): Promise<string> {
    const bytes = new Uint8Array(1024);
    const length = await this.#file.read(bytes).catch(() => null);
    return new TextDecoder().decode(bytes.subarray(0, length ?? 0));
  }

  /** Replaces it; an empty text when all is done. */
  async note(text: string): Promise<void> {
    try {
      await this.#file.truncate(0);
      await this.#file.seek(0, Deno.SeekMode.Start);
      await this.#file.write(new TextEncoder().encode(text));
      await this.#file.syncData();
    } catch { /* the disk is full */ }
  }
}
