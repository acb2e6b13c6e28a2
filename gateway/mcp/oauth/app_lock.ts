/** Turns: of all processes of a user one at a time may change the login of an app. */
import { createHash } from "node:crypto";
import type { Paths } from "../../../core/paths/paths.ts";

/**
 * The system frees the lock of a process that is killed. It lies where all of a user's processes look, whatever
 * started them: clients start gateways without XDG_RUNTIME_DIR.
 */
export async function withAppLock<T>(
  app: string,
  { paths, signal }: { paths: Paths; signal?: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const folder = `${paths.state}/mcp/oauth-locks`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const name = createHash("sha256").update(app).digest("hex").slice(0, 24);
  using file = await Deno.open(`${folder}/${name}`, { create: true, write: true });
  await file.lock(true);
  signal?.throwIfAborted();
  return await work();
}
