/** Packages of PyPI with what they need, in a folder for PYTHONPATH. */
import { debianPackages } from "./apt.ts";
import { commandOutput, registryCommand } from "./command.ts";

/** `options`: further ones of `pip install`. Installs pip where it is missing. */
export async function pipInstall(folder: string, requirement: string, options: string[] = []): Promise<void> {
  const pip = ["-m", "pip"];
  const hasPip = await commandOutput("python3", [...pip, "--version"]).then(() => true, () => false);
  if (!hasPip) await debianPackages("python3", "python3-pip");
  const quiet = ["--quiet", "--no-compile", "--only-binary=:all:"];
  await registryCommand("python3", [
    ...pip,
    "install",
    ...quiet,
    ...options,
    "--target",
    folder,
    requirement,
  ]);
}
