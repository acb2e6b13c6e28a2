/** argv -> the command. Only the module of the command that runs is loaded: start-up is a feature. */
import { ensureHome } from "./core/paths/home.ts";
import { pluginGroup } from "./core/process/called_as.ts";
import { version } from "./core/version.ts";

/** Called as a plugin of the Docker CLI, the group is part of the name and repeated by Docker. */
function commandWords(): { program: string; words: string[] } {
  const group = pluginGroup();
  if (!group) return { program: "skiff", words: Deno.args };
  if (Deno.args[0] === "docker-cli-plugin-metadata") return { program: "docker", words: Deno.args };
  return { program: "docker", words: Deno.args[0] === group ? Deno.args : [group, ...Deno.args] };
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
  if (words[0] === "runner") {
    const { runRunner } = await import("./inference/runner/main.ts");
    return await runRunner();
  }
  if (words[0] === "sandbox-proxy" && words.length === 1) {
    const [{ runSandboxProxy }, { skiffPaths }] = await Promise.all([
      import("./core/sandbox/network/proxy/main.ts"),
      import("./core/paths/paths.ts"),
    ]);
    return await runSandboxProxy(skiffPaths());
  }
  if (words[0] === "code-mode-sandbox" && words.length === 1) {
    const { runCodeModeSandbox } = await import("./gateway/mcp/code_mode/sandbox_process.ts");
    return await runCodeModeSandbox();
  }
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
