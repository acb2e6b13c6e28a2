/** `skiff mcp gateway run`, typed at a real terminal: it does not look as if nothing happened. */
import { debianPackages } from "../../support/apt.ts";
import { realTest } from "../../support/parts.ts";
import { onScreen } from "../../support/screen.ts";
import { withHome } from "../../gateway/mcp/home.ts";

const main = new URL("../../../main.ts", import.meta.url).pathname;
const words = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", main, "mcp", "gateway", "run"];

realTest(
  "a gateway at a terminal says what it waits for, and Ctrl+C ends it",
  () => debianPackages("tmux"),
  async () => {
    await withHome(async ({ home }) => {
      const env = { HOME: home, SKIFF_HOME: `${home}/skiff`, PATH: "/usr/bin:/bin" };
      await using screen = await onScreen(`${words.join(" ")}; echo ended with $?; sleep 100`, env);
      await screen.expect(/waits for a client's messages on this terminal\. Ctrl\+C ends it\./);
      await screen.expect(/`skiff mcp client connect CLIENT -g`/);
      await screen.keys("C-c");
      await screen.expect(/ended with 0/);
    });
  },
);
