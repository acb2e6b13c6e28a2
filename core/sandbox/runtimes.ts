/** Which OCI runtime runs a sandbox. */
import type { EngineInfo } from "../docker/types/system.ts";
import { SkiffError } from "../errors/skiff_error.ts";

/** Of `GET /info`. */
export interface EngineRuntimes {
  Runtimes?: Record<string, { path?: string; runtimeArgs?: string[] | null }>;
  DefaultRuntime?: string;
}

export type Boundary = "virtual machine" | "user-space kernel" | "shared kernel";

export interface RuntimeChoice {
  /** Undefined: the Engine's default. */
  runtime?: string;
  /** Why, one sentence. */
  reason: string;
}

/** What stands between a container of this runtime and the host. */
export function boundaryOf(runtime: string): Boundary {
  if (/kata|firecracker|krun/i.test(runtime)) return "virtual machine";
  if (/runsc|gvisor/i.test(runtime)) return "user-space kernel";
  return "shared kernel";
}

/**
 * Chooses for `--runtime`. "auto" takes a virtual machine before gVisor before the default, but only one that
 * lets the sandbox reach the sockets of its way out (`sockets`): virtual machines do not share the host's
 * sockets, gVisor does when it was registered with `--host-uds=open` or `all`. Throws "unsupported" for a
 * runtime that the Engine does not have.
 */
export function chooseRuntime(wanted: string, engine: EngineRuntimes, sockets: boolean): RuntimeChoice {
  const names = Object.keys(engine.Runtimes ?? {});
  if (wanted !== "auto") {
    if (!names.includes(wanted)) {
      throw new SkiffError("unsupported", `The Engine has no runtime "${wanted}"`, {
        hint: `It has: ${names.filter((name) => !name.startsWith("io.containerd.")).join(", ")}.`,
      });
    }
    if (sockets && !sharesSockets(wanted, engine)) throw cannotReach(wanted);
    return { runtime: wanted, reason: "asked for with --runtime" };
  }
  let unfit: string | undefined;
  for (const boundary of ["virtual machine", "user-space kernel"] as const) {
    const strong = names.filter((name) => boundaryOf(name) === boundary);
    const fit = strong.find((name) => !sockets || sharesSockets(name, engine));
    if (fit) return { runtime: fit, reason: "the strongest that the Engine has" };
    unfit ??= strong[0];
  }
  return {
    reason: unfit
      ? `${unfit} is there, but cannot reach the sockets that this network mode needs`
      : "the Engine has no stronger one",
  };
}

/**
 * Podman names every runtime that it knows of, with the absolute path where it would be; those whose program is
 * not there are left out.
 */
export async function installedRuntimes(
  engine: Pick<EngineInfo, "Runtimes">,
): Promise<EngineInfo["Runtimes"]> {
  const installed = await Promise.all(
    Object.entries(engine.Runtimes ?? {}).map(async ([name, runtime]) => {
      const found = await Deno.stat(runtime.path ?? "").then(({ isFile }) => isFile, () => false);
      return found ? [[name, runtime]] as const : [];
    }),
  );
  return Object.fromEntries(installed.flat());
}

function sharesSockets(runtime: string, { Runtimes }: EngineRuntimes): boolean {
  const boundary = boundaryOf(runtime);
  if (boundary === "shared kernel") return true;
  if (boundary === "virtual machine") return false;
  return (Runtimes?.[runtime]?.runtimeArgs ?? []).some((arg) => /^--?host-uds[= ](open|all)$/.test(arg));
}

function cannotReach(runtime: string): SkiffError {
  const gvisor = boundaryOf(runtime) === "user-space kernel";
  return new SkiffError(
    "unsupported",
    `A sandbox under ${runtime} cannot reach the sockets that are its way out`,
    {
      hint: gvisor
        ? "Register it with the argument --host-uds=open in the Engine's daemon.json, or use --network none or open."
        : "Use --network none or open with it.",
    },
  );
}
