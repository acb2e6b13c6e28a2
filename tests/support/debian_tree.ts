/** Files of a minimal Debian as a tar, made by debootstrap: for images that tests import. */
import { debianPackages } from "./apt.ts";
import { commandOutput, registryCommand } from "./command.ts";

const unneeded = ["var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"];

/** Writes the tar `target` with `packages` in it, and what `add` puts below the root. */
export async function debianTree(
  target: string,
  packages: string[],
  add: (root: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await debianPackages("debootstrap");
  const root = await Deno.makeTempDir({ prefix: "skiff-debootstrap-" });
  try {
    const include = `--include=${packages.join(",")}`;
    await registryCommand("debootstrap", ["--variant=minbase", include, "bookworm", root]);
    await add(root);
    const excluded = unneeded.map((folder) => `--exclude=./${folder}/*`);
    const flags = ["--one-file-system", "--numeric-owner"];
    await commandOutput("tar", ["-C", root, ...excluded, ...flags, "-cf", target, "."]);
  } finally {
    await Deno.remove(root, { recursive: true }).catch(() => {});
  }
}
