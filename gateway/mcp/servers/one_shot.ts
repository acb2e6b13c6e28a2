/** Tools that are one container a call, without a server: the catalogs' type `poci`. */
import { attachContainer, openWait, startContainer } from "../../../core/docker/containers.ts";
import type { Docker } from "../../../core/docker/docker.ts";
import { demultiplex } from "../../../core/docker/stdcopy.ts";
import { version } from "../../../core/version.ts";
import type { ToolEntry } from "../catalog/server_entry.ts";
import { resolveList, resolveText } from "../catalog/template.ts";
import { type CallToolResult, ErrorCode, InMemoryTransport, McpError, Server } from "../sdk.ts";
import type { BlockedNetwork } from "./blocked_network.ts";
import { type BindRules, checkBind } from "./bind_rules.ts";
import { connectClient, noValidation } from "./connect_client.ts";
import { containerBody, type ContainerSettings } from "./container_config.ts";
import { withContainer } from "./passing_container.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";
import type { ContainerSpec, OneShotSpec } from "./server_spec.ts";

/** Of one call's output; the rest is cut off, and told. */
const longestOutput = 16 * 1024 * 1024;

export interface OneShotParts {
  docker(): Promise<Docker>;
  settings(): Promise<ContainerSettings>;
  /** `--block-network`: the only way out that the container has; undefined: no such rule. */
  way(
    spec: ContainerSpec,
    settings: ContainerSettings,
    signal: AbortSignal,
  ): Promise<BlockedNetwork | undefined>;
  binds: BindRules;
  /** Resolves when the Engine has the image, to the name that stands for it. */
  imageReady(image: string, signal: AbortSignal): Promise<string>;
}

/** A server in this process whose tools run containers. */
export async function openOneShot(
  spec: OneShotSpec,
  parts: OneShotParts,
  options: OpenServerOptions,
): Promise<ServerConnection> {
  const tools = (spec.server.entry.tools ?? []).filter(({ container }) => container?.image);
  const server = new Server({ name: spec.server.entry.name, version }, {
    capabilities: { tools: {} },
    jsonSchemaValidator: noValidation,
  });
  server.fallbackRequestHandler = async ({ method, params }, { signal }) => {
    if (method === "tools/list") return { tools: tools.map(definition) };
    if (method !== "tools/call") throw new McpError(ErrorCode.MethodNotFound, `There is no method ${method}`);
    const tool = tools.find(({ name }) => name === params?.name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params?.name}`);
    return await runTool(spec, tool, (params?.arguments ?? {}) as Record<string, unknown>, parts, signal);
  };
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await server.connect(theirs);
  const client = await connectClient(ours, options);
  const closed = Promise.withResolvers<string>();
  client.onclose = () => closed.resolve("closed");
  return {
    server: spec.server,
    kind: "one-shot",
    client,
    closed: closed.promise,
    close: () => client.close(),
  };
}

function definition({ name, description, parameters, annotations }: ToolEntry) {
  const { type, properties, required } = parameters ?? {};
  return {
    name,
    description,
    inputSchema: { type: type || "object", properties: properties ?? {}, ...(required ? { required } : {}) },
    ...(annotations ? { annotations } : {}),
  };
}

async function runTool(
  spec: OneShotSpec,
  tool: ToolEntry,
  args: Record<string, unknown>,
  { docker: open, settings: settingsNow, way: findWay, binds, imageReady }: OneShotParts,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const container = tool.container!;
  const docker = await open();
  const image = await imageReady(container.image, signal);
  const volumes = resolveList(container.volumes ?? [], args, { dropEmpty: true });
  const whole: ContainerSpec = {
    kind: "container",
    server: spec.server,
    image,
    command: resolveList(container.command ?? [], args, { dropEmpty: true }),
    env: spec.env,
    binds: await Promise.all(volumes.map((volume) => checkBind(volume, binds))),
    user: container.user ? resolveText(container.user, args) : undefined,
    extraHosts: spec.server.entry.extraHosts ?? [],
    allowHosts: spec.server.entry.allowHosts ?? [],
    disableNetwork: spec.server.entry.disableNetwork ?? false,
  };
  const settings = await settingsNow();
  const way = await findWay(whole, settings, signal);
  try {
    const { text, code } = await runContainer(docker, whole, way?.settings ?? settings, signal);
    return { content: [{ type: "text", text }], ...(code === 0 ? {} : { isError: true }) };
  } finally {
    await way?.close();
  }
}

/** Stdout of a container that runs to its end; with its stderr when it fails. */
async function runContainer(
  docker: Docker,
  spec: ContainerSpec,
  settings: ContainerSettings,
  signal: AbortSignal,
): Promise<{ text: string; code: number }> {
  return await withContainer(docker, containerBody(spec, settings), signal, async (id) => {
    const stream = await attachContainer(docker, id, { stdin: true });
    const ended = (await openWait(docker, id, { condition: "removed" })).answer;
    await startContainer(docker, id, { signal });
    await stream.closeWrite();
    const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    let length = 0;
    for await (const { stream: name, data } of demultiplex(stream.readable)) {
      length += data.length;
      if (length <= longestOutput) output[name].push(data);
    }
    signal.throwIfAborted();
    const { StatusCode: code } = await ended;
    const parts = code === 0 ? output.stdout : [...output.stdout, ...output.stderr];
    const cut = length > longestOutput ? "\n(the rest of the output is left out)" : "";
    return { text: await new Blob(parts as Uint8Array<ArrayBuffer>[]).text() + cut, code };
  });
}
