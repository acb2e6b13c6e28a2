/** Called as a plugin of the Docker CLI, skiff names its commands as that user types them. */
import assert from "node:assert/strict";
import { withHome } from "../../gateway/mcp/home.ts";

const main = new URL("../../../main.ts", import.meta.url).pathname;

const cases: [called: string, words: string[], said: RegExp][] = [
  ["skiff", ["server", "enable", "nope"], /\n`skiff mcp catalog show` lists/],
  [
    "docker-mcp",
    ["server", "enable", "nope"],
    /\n`docker mcp catalog show` lists .*`docker mcp catalog import/,
  ],
  ["docker-mcp", ["server", "ls"], /`docker mcp server enable NAME`/],
  ["docker-mcp", ["tools", "inspect", "--help"], /As `docker mcp tools ls` shows it/],
  [
    "docker-mcp",
    ["server", "enable", "--help"],
    /Usage: docker mcp [^]* docker mcp server enable duckduckgo/,
  ],
];

for (const [called, words, said] of cases) {
  Deno.test({
    name: `called as ${called}: ${words.join(" ")}`,
    ignore: Deno.build.os !== "linux", // elsewhere the name of a link is not seen
    fn: () =>
      withHome(async ({ home }) => {
        await Deno.symlink(Deno.execPath(), `${home}/${called}`);
        const args = ["run", "-A", "--quiet", "--no-check", main, "mcp", ...words];
        const { stdout, stderr } = await new Deno.Command(`${home}/${called}`, { args, env: { HOME: home } })
          .output();
        assert.match(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), said);
      }),
  });
}
