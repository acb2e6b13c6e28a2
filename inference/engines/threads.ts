/** How many threads compute: one a physical core, since two on one core wait for the same arithmetic units. */
const decoder = new TextDecoder();

/** Physical (on Apple's chips: performance) cores that this process may use, at least 1. */
export function physicalCores(): number {
  const usable = navigator.hardwareConcurrency;
  let physical: number | undefined;
  if (Deno.build.os === "linux") physical = linuxCores();
  else if (Deno.build.os === "darwin") physical = macCores();
  physical ??= Deno.build.arch === "x86_64" ? usable / 2 : usable;
  return Math.max(1, Math.min(usable, Math.floor(physical)));
}

/** Distinct sets of hyper-threads, as the kernel lists them a CPU. */
function linuxCores(): number | undefined {
  const cores = new Set<string>();
  try {
    for (const { name } of Deno.readDirSync("/sys/devices/system/cpu")) {
      if (!/^cpu\d+$/.test(name)) continue;
      const list = `/sys/devices/system/cpu/${name}/topology/thread_siblings_list`;
      try {
        cores.add(Deno.readTextFileSync(list).trim());
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // a CPU that is switched off has none
      }
    }
  } catch {
    return undefined; // no sysfs in this container
  }
  return cores.size || undefined;
}

function macCores(): number | undefined {
  for (const key of ["hw.perflevel0.physicalcpu", "hw.physicalcpu"]) {
    try {
      const out = new Deno.Command("/usr/sbin/sysctl", { args: ["-n", key], stderr: "null" }).outputSync();
      const cores = Number(decoder.decode(out.stdout));
      if (out.success && cores > 0) return cores;
    } catch {
      return undefined;
    }
  }
  return undefined;
}
