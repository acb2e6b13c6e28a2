/** Commands of this machine end with their gateway, however that ends. */
import { deepEqual, equal } from "node:assert/strict";
import { exists } from "../../../../core/paths/exists.ts";
import { stdioGateway } from "../../../support/mcp/gateway_process.ts";
import { childrenOf, lives, until } from "../../../support/proxy_process.ts";
import { withHome } from "../home.ts";

const reads = "while read -r _; do :; done";
const commands: [what: string, script: string][] = [
  ["one that ends with its stdin", reads],
  ["one that stays then, and what it has started", "sleep 600 & sleep 600"],
  ["one that hears no signal", "trap '' TERM HUP INT; sleep 600 & while :; do sleep 1; done"],
];

for (const [what, script] of commands) {
  Deno.test({
    name: `a local server ends with a gateway that is killed: ${what}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withHome(async (home) => {
        const mark = crypto.randomUUID();
        const heard = `${home.home}/heard`; // the first that is said to it, by when the reaper knows of it
        const command = ["sh", "-c", `read -r _; : > ${heard}; ${script}`];
        const entry = { type: "local", command, env: [{ name: "MARK", value: mark }] };
        await home.write("catalog.yaml", JSON.stringify({ registry: { stubborn: entry } }));
        const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff` };
        const flags = ["--catalog", `${home.home}/catalog.yaml`, "--servers", "stubborn"];
        const gateway = await stdioGateway(flags, { env });
        gateway.client.listTools().catch(() => {}); // the server never answers
        await until(() => exists(heard));
        const reapers = childrenOf(gateway.child.pid).filter((pid) => !marked(mark).includes(pid));
        equal(reapers.length, 1);
        gateway.child.kill("SIGKILL");
        await gateway.ended;
        await until(() => marked(mark).length === 0);
        await until(() => !lives(reapers[0]));
        await gateway.child.stdin.abort().catch(() => {});
        await gateway.client.close();
      }),
  });
}

Deno.test({
  name: "nothing is left of a gateway that ends by itself, its reaper neither",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withHome(async (home) => {
      const mark = crypto.randomUUID();
      const entry = { type: "local", command: ["sh", "-c", reads], env: [{ name: "MARK", value: mark }] };
      await home.write("catalog.yaml", JSON.stringify({ registry: { echoing: entry } }));
      const env = { HOME: home.home, SKIFF_HOME: `${home.home}/skiff` };
      const gateway = await stdioGateway(
        ["--catalog", `${home.home}/catalog.yaml`, "--servers", "echoing"],
        { env },
      );
      gateway.client.listTools().catch(() => {});
      await until(() => marked(mark).length > 0);
      const children = childrenOf(gateway.child.pid);
      gateway.child.kill("SIGTERM");
      equal(await gateway.ended, 0);
      deepEqual(children.filter(lives), []);
      await gateway.client.close();
    }),
});

/** Processes with that word in their environment. */
function marked(mark: string): number[] {
  const pids = [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
  return pids.filter((pid) => {
    try {
      return lives(pid) && Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`MARK=${mark}`);
    } catch {
      return false; // it has ended
    }
  });
}
