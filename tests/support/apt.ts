/** Debian packages that tests need: installed when they are missing and this is root on a Debian machine. */
import { patiently } from "../../build/registry_fetch.ts";
import { withLock } from "./lock.ts";

/** Makes sure that they are installed. Throws with the reason when that is not possible. */
export async function debianPackages(...names: string[]): Promise<void> {
  if ((await missing(names)).length === 0) return;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    throw new Error(`needs the Debian packages ${names.join(", ")}, which only root can install`);
  }
  await withLock("apt", async () => {
    const wanted = await missing(names);
    if (wanted.length === 0) return;
    const install = ["install", "-y", "--no-install-recommends", ...wanted];
    if ((await aptGet(install)).success) return;
    await patiently(async () => {
      await aptGet(["update"]);
      const { success, message } = await aptGet(install);
      if (!success) throw new Error(`cannot install ${wanted.join(", ")}: ${message}`);
    });
  });
}

async function missing(names: string[]): Promise<string[]> {
  const installed = await Promise.all(names.map(async (name) => {
    const args = ["-W", "-f", "${Status}", name];
    const query = new Deno.Command("dpkg-query", { args, stdout: "piped", stderr: "null" });
    const output = await query.output().catch(() => undefined);
    return output !== undefined && new TextDecoder().decode(output.stdout).endsWith("ok installed");
  }));
  return names.filter((_, i) => !installed[i]);
}

async function aptGet(args: string[]): Promise<{ success: boolean; message: string }> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["-q", "-o", "DPkg::Lock::Timeout=300", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, message: new TextDecoder().decode(stderr).trim().slice(-500) };
}
