/** argv -> the command. Only the module of the command that runs is loaded: start-up is a feature. */
import { ensureHome } from "./core/paths/home.ts";
import { ownName, pluginGroup } from "./core/process/called_as.ts";
import { version } from "./core/version.ts";

/** Called as a plugin of the Docker CLI, the group is part of the name and repeated by Docker. */
function commandWords(): { program: string; words: string[] } {
  if (Deno.args[0] === ownName) return { program: "skiff", words: Deno.args.slice(1) };
  const group = pluginGroup();
  if (!group) return { program: "skiff", words: Deno.args };
  if (Deno.args[0] === "docker-cli-plugin-metadata") return { program: "docker", words: Deno.args };
  const inGroup = (words: string[]) => words[0] === group ? words : [group, ...words];
  if (/^__complete(NoDesc)?$/.test(Deno.args[0])) { // Docker's own completion asks its plugins so
    return { program: "docker", words: ["__complete", "--", ...inGroup(Deno.args.slice(1))] };
  }
  return { program: "docker", words: inGroup(Deno.args) };
}

/** The hidden processes that skiff starts of itself; their exit code. Undefined for what a person has typed. */
async function ownProcess([word, ...args]: string[]): Promise<number | undefined> {
  if (word === "runner") {
    const { runRunner } = await import("./inference/runner/main.ts");
    return await runRunner();
  }
  if (word === "sandbox-proxy" && args.length === 0) {
    const [{ runSandboxProxy }, { skiffPaths }] = await Promise.all([
      import("./core/sandbox/network/proxy/main.ts"),
      import("./core/paths/paths.ts"),
    ]);
    return await runSandboxProxy(skiffPaths());
  }
  if (word === "code-mode-sandbox" && args.length === 0) {
    const { runCodeModeSandbox } = await import("./gateway/mcp/code_mode/sandbox_process.ts");
    return await runCodeModeSandbox();
  }
  if (word === "mcp-reaper") {
    const { runReaper } = await import("./gateway/mcp/servers/reaper_process.ts");
    return await runReaper(args);
  }
  return undefined;
}

async function main(): Promise<number> {
  await ensureHome();
  const { program, words } = commandWords();
  if (["--version", "-v", "-V"].includes(words.at(-1) ?? "")) {
    const alone = words.length === 1;
    if (alone || (words.length === 2 && words[0] === "mcp")) { // of mcp as Docker's plugin prints it
      console.log(alone ? `skiff version ${version}` : version);
      return 0;
    }
  }
  const own = await ownProcess(words);
  if (own !== undefined) return own;
  const [{ runCommandLine }, { processContext }, { rootCommand }] = await Promise.all([
    import("./core/cli/run_command.ts"),
    import("./core/cli/context.ts"),
    import("./cmd/root.ts"),
  ]);
  const context = processContext(words);
  const code = await runCommandLine(program, rootCommand, words, context);
  await context.written();
  return code;
}

Deno.exit(await main());
