/**
 * The real coding agents, out of their npm packages, run without a person: in a home of their own, with a
 * model server on loopback and nothing else to talk to.
 */
import { agentPackages } from "../../core/sandbox/template/agent_package_table.ts";
import { npmMember, npmTarball } from "./npm_packages.ts";

/** OpenAI's codex, a static executable (294 MB), in the version that sandboxes have. */
export async function codexBinary(): Promise<string> {
  return await nativeBinary("codex", "vendor/x86_64-unknown-linux-musl/bin/codex");
}

/** Anthropic's Claude Code for glibc (381 MB), in the version that sandboxes have. */
export async function claudeBinary(): Promise<string> {
  return await nativeBinary("claude", "claude");
}

async function nativeBinary(agent: string, member: string): Promise<string> {
  const { name, version, integrity } = agentPackages[agent].x64;
  return await npmMember(npmTarball(name, version, integrity.replace("sha512-", "")), member);
}

/** Where an agent works: a home and a workspace, both temporary. */
export interface Desk {
  home: string;
  workspace: string;
}

export async function withDesk(work: (desk: Desk) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "skiff-agent-" });
  const desk = { home: `${folder}/home`, workspace: `${folder}/workspace` };
  try {
    await Deno.mkdir(desk.home);
    await Deno.mkdir(desk.workspace);
    await work(desk);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export interface AgentAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface AgentTask {
  /** Address of the API in the agent's dialect. */
  baseURL: string;
  model: string;
  prompt: string;
  /** Further flags. */
  flags?: string[];
}

/** May do anything, as in a sandbox. */
export const codexUnasked = ["--dangerously-bypass-approvals-and-sandbox"];
export const claudeUnasked = ["--dangerously-skip-permissions"];

/**
 * Flags that shrink an agent's first prompt to what a model of 135M parameters can read, and that leave it no
 * tool to do harm with. `instructions` is a file with the system prompt.
 */
export function smallCodex(instructions: string): string[] {
  const off = ["multi_agent", "goals", "shell_tool", "unified_exec"].flatMap((name) => ["--disable", name]);
  const values = [
    `web_search="disabled"`,
    "tools.experimental_request_user_input.enabled=false",
    `model_instructions_file="${instructions}"`,
  ];
  return ["--sandbox", "read-only", ...off, ...values.flatMap((value) => ["-c", value])];
}

export function smallClaude(instructions: string): string[] {
  return ["--bare", "--tools", "", "--system-prompt", instructions];
}

/** `codex exec` against an OpenAI base address ("http://127.0.0.1:1/v1"). */
export async function runCodex(
  desk: Desk,
  { baseURL, model, prompt, flags = codexUnasked }: AgentTask,
): Promise<AgentAnswer> {
  const config = `
model = "${model}"
model_provider = "skiff"
model_context_window = 32768
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.skiff]
name = "skiff"
base_url = "${baseURL}"
env_key = "SKIFF_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;
  await Deno.mkdir(`${desk.home}/.codex`, { recursive: true });
  await Deno.writeTextFile(`${desk.home}/.codex/config.toml`, config);
  const args = ["exec", "--skip-git-repo-check", ...flags, prompt];
  return await run(await codexBinary(), args, desk, { SKIFF_KEY: "unused" });
}

/** `claude -p` against an Anthropic base address ("http://127.0.0.1:1"). */
export async function runClaude(
  desk: Desk,
  { baseURL, model, prompt, flags = claudeUnasked }: AgentTask,
): Promise<AgentAnswer> {
  return await run(await claudeBinary(), ["-p", prompt, ...flags], desk, {
    ANTHROPIC_BASE_URL: baseURL,
    ANTHROPIC_AUTH_TOKEN: "unused",
    ANTHROPIC_API_KEY: "unused", // --bare looks for this one
    ANTHROPIC_MODEL: model,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_MAX_RETRIES: "0",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    IS_SANDBOX: "1", // else it refuses to run as root
  });
}

async function run(
  program: string,
  args: string[],
  { home, workspace }: Desk,
  env: Record<string, string>,
): Promise<AgentAnswer> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: workspace,
    clearEnv: true,
    env: { HOME: home, PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
