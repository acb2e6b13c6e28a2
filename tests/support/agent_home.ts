/**
 * The executable in a home of its own with the templates of the real agents, and a model server of the home
 * that is scripted: `--model smollm2` finds it as it would find the one that it starts.
 */
import { skiffPaths } from "../../core/paths/paths.ts";
import { startServer } from "../../gateway/http/server.ts";
import { agentPart } from "./agent_template.ts";
import { debianBase, testDocker } from "./docker.ts";
import { findExecutable } from "./executable.ts";
import { realTest } from "./parts.ts";
import { type SandboxHome, withSandboxHome } from "./sandbox_home.ts";
import { MadeStore, type ScriptedHost } from "./scripted_host.ts";

/** A test with the templates of these agents ready. */
export function agentTest(name: string, agents: string[], fn: (home: SandboxHome) => Promise<void>): void {
  const needs = async () => {
    const executable = await findExecutable();
    for (const agent of agents) (await agentPart(agent)()).docker.close();
    return { executable, engine: await testDocker() };
  };
  realTest(name, needs, async ({ executable, engine }) => {
    await withSandboxHome(executable, engine, async (home) => {
      home.home.env.SKIFF_SANDBOX_BASE = await debianBase(home.docker);
      try {
        await fn(home);
      } finally {
        await home.home.skiff(["stop"]); // the model server, where one was started
      }
    });
  });
}

/** Runs the work while the home's model server is the scripted one. */
export async function withScriptedModel(
  { home }: SandboxHome,
  host: ScriptedHost,
  work: () => Promise<void>,
): Promise<void> {
  const paths = skiffPaths({ get: (name) => home.env[name] });
  const server = await startServer({
    paths,
    port: home.port,
    parts: () => ({ store: new MadeStore(), host }),
  });
  try {
    await work();
  } finally {
    await server.close({ force: true });
  }
}
