/** The sandbox proxy as a process of its own, in a home of the test's. */
import type { Paths } from "../../core/paths/paths.ts";
import { selfCommand } from "../../core/process/self.ts";
import {
  type ProxyStart,
  type ProxyStatus,
  proxyStatus,
  stopProxy,
} from "../../core/sandbox/network/proxy/client.ts";

/** How `ensureProxy` starts it for this home (SKIFF_HOME), whatever this process's own is. */
export function proxyStart(home: string): ProxyStart {
  return {
    command: (args) => {
      const self = selfCommand(args);
      return { program: "/usr/bin/env", args: [`SKIFF_HOME=${home}`, self.program, ...self.args] };
    },
  };
}

/** Waits for a condition of another process; two minutes without it are a failure, not a test that hangs. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`not within two minutes: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether the process still is one. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

export function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** Ends the proxy of the home, if one runs, and waits for its end. */
export async function endProxy(paths: Paths): Promise<void> {
  const status: ProxyStatus | undefined = await proxyStatus(paths);
  if (!status) return;
  await stopProxy(paths);
  await until(() => !lives(status.pid));
}
