/** An agent's files reach homes and volumes of containers that do not run yet, and lose nothing of the user's. */
import { deepStrictEqual, equal, match } from "node:assert/strict";
import { tarBytes } from "../../../../core/archive/tar_writer.ts";
import { putArchive } from "../../../../core/docker/archives.ts";
import { createContainer, removeContainer, startContainer } from "../../../../core/docker/containers.ts";
import { removeVolume } from "../../../../core/docker/volumes.ts";
import type { AgentContext } from "../../../../core/sandbox/agents/agent.ts";
import { findAgent } from "../../../../core/sandbox/agents/mod.ts";
import { writeAgentFiles } from "../../../../core/sandbox/agents/write_files.ts";
import { engineTest, execute } from "../../../support/engine_test.ts";

const context: AgentContext = {
  workspace: "/src/my project",
  home: "/home/agent",
  interactive: true,
  root: false,
  credentials: "sandbox",
};
const owner = { home: "/home/agent", uid: 1000, gid: 1000 };

engineTest("claude's answers join a login that lies in the volume", async (engine) => {
  const { docker, image, unique } = engine;
  const name = unique();
  await createContainer(docker, {
    name,
    Image: image,
    Cmd: ["sleep", "300"],
    HostConfig: {
      NetworkMode: "none",
      Mounts: [{ Type: "volume", Source: name, Target: "/home/agent/.claude" }],
    },
  });
  try {
    const login = { oauthAccount: { emailAddress: "ada@example.com" }, projects: { "/other": { cost: 1 } } };
    const files = [
      { name: ".claude/.claude.json", uid: 1000, gid: 1000, mode: 0o600, content: JSON.stringify(login) },
      { name: ".claude/.credentials.json", uid: 1000, gid: 1000, mode: 0o600, content: "secret" },
    ];
    await putArchive(docker, name, { path: "/home/agent", archive: await tarBytes(files) });
    const claude = findAgent("claude");
    for (let run = 0; run < 2; run++) await writeAgentFiles(docker, name, claude.files(context), owner);
    await startContainer(docker, name);
    const shell = async (line: string) => (await execute(engine, name, ["sh", "-c", line])).stdout;
    const state = JSON.parse(await shell("cat /home/agent/.claude/.claude.json"));
    deepStrictEqual(state.oauthAccount, login.oauthAccount);
    deepStrictEqual(state.projects["/other"], { cost: 1 });
    equal(state.projects["/src/my project"].hasTrustDialogAccepted, true);
    equal(await shell("cat /home/agent/.claude/.credentials.json"), "secret");
    match(await shell("stat -c '%u %a' /home/agent/.claude/.claude.json"), /^1000 600$/m);
  } finally {
    await removeContainer(docker, name, { force: true });
    await removeVolume(docker, name);
  }
});

engineTest("codex's instructions for a small model lie beside the volume", async (engine) => {
  const { docker, image, unique } = engine;
  const name = unique();
  await createContainer(docker, {
    name,
    Image: image,
    Cmd: ["sleep", "300"],
    HostConfig: { NetworkMode: "none" },
  });
  try {
    const model = { name: "ai/smollm2", baseUrl: "http://127.0.0.1:12434", contextTokens: 8192 };
    await writeAgentFiles(docker, name, findAgent("codex").files({ ...context, model }), owner);
    await startContainer(docker, name);
    const line = "cat ~/.skiff/codex-instructions.md; stat -c %u ~/.skiff ~/.skiff/codex-instructions.md";
    const { stdout } = await execute(engine, name, ["sh", "-c", `HOME=/home/agent; ${line}`]);
    match(stdout, /in the folder \/src\/my project\.[^]*\n1000\n1000\n$/);
  } finally {
    await removeContainer(docker, name, { force: true });
  }
});
