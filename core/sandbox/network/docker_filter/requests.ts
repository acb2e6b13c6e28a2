/** What happens to a request of each kind of route, and the way to the Engine. */
import type { ContainerInspect } from "../../../docker/types/container.ts";
import type { DockerAccess } from "../access.ts";
import { proxyEnvironment } from "../access.ts";
import type { HttpConnection } from "../http/connection.ts";
import { collect, exchange } from "../http/exchange.ts";
import {
  endToEnd,
  type Header,
  headerTokens,
  requestFraming,
  type RequestHead,
  writeResponseHead,
} from "../http/head.ts";
import { parseHost } from "../hosts.ts";
import { connectSocket, decideAndResolve } from "../proxy/dial.ts";
import { sandboxFiles } from "../sandbox_files.ts";
import type { ServedSandbox } from "../proxy/served_sandbox.ts";
import { isZero, type Json, onlyKeys, ownedLabels, parseBody, text, textList } from "./body_check.ts";
import { checkCreate, confineToUser } from "./create_check.ts";
import { bindMounts, bindSources, checkDriver, volumeName } from "./mounts_check.ts";
import type { OwnedThings } from "./owned.ts";
import { checkedSource } from "./paths.ts";
import { checkedContext } from "./build_context.ts";
import { checkDockerfile } from "./dockerfile_check.ts";
import { checkBuild, fullTag, ownedFilters, readQuery, registryOf } from "./query_check.ts";
import { Refusal } from "./refusal.ts";
import type { Route, RouteKind } from "./routes.ts";

export interface FilterRequest {
  sandbox: ServedSandbox;
  docker: DockerAccess;
  client: HttpConnection;
  request: RequestHead;
  route: Route;
  query: string;
  owned: OwnedThings;
  log: (allowed: boolean, reason: string) => void;
}

/** What goes to the Engine. */
interface Passed {
  query: URLSearchParams;
  /** In place of the request's body. */
  body?: Json;
  /** The request's own body goes on, as this type. */
  stream?: string;
  /** In place of it, of that type. */
  pieces?: AsyncIterable<Uint8Array>;
  /** What has to be given up afterwards. */
  held?: Disposable;
  hijacks?: boolean;
}

type Step = (order: FilterRequest, query: URLSearchParams) => Promise<Passed> | Passed;

const pass: Step = (_, query) => ({ query });

const steps: Record<RouteKind, Step> = {
  free: pass,
  list: ({ owned }, query) => {
    ownedFilters(query, owned.filter);
    return { query };
  },
  container: async ({ owned, route }, query) => {
    await owned.container(route.name);
    return { query };
  },
  hijack: async ({ owned, route }, query) => {
    await owned.container(route.name);
    return { query, hijacks: true };
  },
  create: createContainer,
  "exec-create": createExec,
  exec: async ({ owned, route }, query) => {
    await owned.containerOfExec(route.name);
    return { query };
  },
  "exec-hijack": startExec,
  "put-archive": async ({ owned, route }, query) => {
    const container = await owned.container(route.name);
    if (bindSources(container).length > 0) {
      throw new Refusal(
        "files cannot be copied into a container with the workspace mounted: they would come as root's",
      );
    }
    return { query, stream: "application/x-tar" };
  },
  commit,
  build,
  pull,
  tag: async ({ owned, route }, query) => {
    await owned.image(route.name);
    await owned.mayTag(fullTag(query.get("repo") ?? "", query.get("tag") ?? ""));
    return { query };
  },
  image: async ({ owned, route }, query) => {
    await owned.image(route.name);
    return { query };
  },
  "image-read": pass,
  volume: async ({ owned, route }, query) => {
    await owned.volume(route.name);
    return { query };
  },
  "volume-create": createVolume,
  network: async ({ owned, route }, query) => {
    await owned.network(route.name);
    return { query };
  },
  "network-create": createNetwork,
  "network-member": networkMember,
};

/** Parameters that may come several times. */
const listParameters: Partial<Record<RouteKind, string[]>> = { build: ["t"], commit: ["changes"] };

/** Checks the request and carries it out; true when the connection can take another one. */
export async function carryOut(order: FilterRequest): Promise<boolean> {
  const { route, log } = order;
  const query = readQuery(order.query, listParameters[route.kind] ?? []);
  const passed = await steps[route.kind](order, query);
  log(true, route.kind);
  return await toEngine(order, passed);
}

/** Nothing of the client's goes on but what was understood: a body of another type would be read as a query. */
async function toEngine(order: FilterRequest, passed: Passed): Promise<boolean> {
  const { query, body, stream, pieces, hijacks } = passed;
  using _held = passed.held;
  const { client, request, route, docker, owned } = order;
  const framing = requestFraming(request);
  const bodyBytes = body !== undefined
    ? new TextEncoder().encode(JSON.stringify(body))
    : stream === undefined && framing.kind !== "none"
    ? (await collect(client.body(framing), 1024 * 1024), new Uint8Array())
    : undefined;
  const headers: Header[] = [["Host", "docker"]];
  const type = body !== undefined ? "application/json" : stream;
  if (type) headers.push(["Content-Type", type]);
  for (const [name, value] of endToEnd(request.headers)) {
    if (/^(user-agent|accept|x-registry-auth|x-registry-config)$/i.test(name)) headers.push([name, value]);
  }
  const upstream = await connectSocket(docker.socket, "the Engine cannot be reached");
  const text = query.toString();
  try {
    return await exchange({
      client,
      upstream,
      request,
      target: `/v${owned.docker.apiVersion}${route.path}${text ? `?${text}` : ""}`,
      headers,
      body: bodyBytes,
      pieces,
      cancels: true,
      hijacks,
      upgrades: hijacks,
    });
  } finally {
    upstream.close();
  }
}

async function jsonBody(order: FilterRequest): Promise<Json> {
  await goOn(order);
  return parseBody(await collect(order.client.body(requestFraming(order.request)), 4 * 1024 * 1024));
}

/** Some clients wait to be told before they send a body. */
async function goOn({ client, request }: FilterRequest): Promise<void> {
  if (requestFraming(request).kind === "none") return;
  if (!headerTokens(request.headers, "expect").includes("100-continue")) return;
  await client.write(writeResponseHead(100, "Continue", []));
}

async function isOpen(sandbox: ServedSandbox): Promise<boolean> {
  return (await sandbox.policy()).policy.mode === "open";
}

async function createContainer(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned, docker, sandbox } = order;
  const own = await owned.sandboxContainer();
  const filtered = (await sandbox.policy()).policy.mode === "allow-list";
  const { body, mounts, containers, networks, volumesFrom } = checkCreate(await jsonBody(order), {
    owner: owned.label,
    container: {
      id: own.Id,
      memory: own.HostConfig.Memory ?? 0,
      pids: own.HostConfig.PidsLimit ?? 0,
      runtime: own.HostConfig.Runtime ?? "",
      seccomp: own.HostConfig.SecurityOpt?.find((option) => option.startsWith("seccomp=")),
    },
    open: await isOpen(sandbox),
    user: docker.user,
    proxyEnvironment: filtered ? proxyEnvironment() : [],
  });
  await owned.makeRoom();
  for (const name of containers) await owned.container(name);
  for (const name of networks) await owned.network(name);
  for (const name of mounts.volumes) await owned.ensureVolume(name);
  let bound = mounts.binds.length > 0;
  for (const name of volumesFrom) bound ||= bindSources(await owned.container(name)).length > 0;
  if (bound) confineToUser(body, docker.user);
  const fixed = (docker.protected ?? []).map(({ path }) => path);
  const binds = [];
  for (const bind of mounts.binds) {
    binds.push({ ...bind, source: await checkedSource(bind.source, docker.workspace, fixed) });
  }
  const workspace = { path: docker.workspace ?? "", protected: docker.protected ?? [] };
  const host = body.HostConfig as Json;
  host.Mounts = [...host.Mounts as Json[], ...bindMounts(binds, workspace)];
  return { query: only(query, ["name", "platform"]), body };
}

/** Reads a body that nobody needs. */
async function drop({ client, request }: FilterRequest): Promise<void> {
  await collect(client.body(requestFraming(request)), 1024 * 1024);
}

const execKeys = new Set([
  "AttachStdin",
  "AttachStdout",
  "AttachStderr",
  "DetachKeys",
  "Tty",
  "Env",
  "Cmd",
  "User",
  "WorkingDir",
  "ConsoleSize",
  "Detach",
]);

async function createExec(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned, route, docker } = order;
  const container = await owned.container(route.name);
  const body = onlyKeys(await jsonBody(order), execKeys, "ExecConfig");
  if (isConfined(container)) {
    const confined: Json = { User: body.User, HostConfig: {} };
    confineToUser(confined, docker.user);
    if (docker.user !== undefined) body.User = docker.user;
  }
  return { query: only(query, []), body };
}

/** Whether it sees the workspace: it was created so that it has no capabilities, as the sandbox's user. */
function isConfined(container: ContainerInspect): boolean {
  return bindSources(container).length > 0 ||
    textList(container.HostConfig.CapDrop, "CapDrop").includes("ALL");
}

async function startExec(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  await order.owned.containerOfExec(order.route.name);
  const body = onlyKeys(await jsonBody(order), new Set(["Detach", "Tty", "ConsoleSize"]), "ExecStartConfig");
  return { query: only(query, []), body, hijacks: body.Detach !== true };
}

async function commit(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned } = order;
  await owned.container(volumeName(query.get("container") ?? ""));
  const repo = query.get("repo");
  if (repo) await owned.mayTag(fullTag(repo, query.get("tag") ?? ""));
  await drop(order);
  if (query.getAll("changes").some((change) => /onbuild|[\r\n]/i.test(change))) {
    throw new Refusal("ONBUILD is not allowed in a commit from a sandbox");
  }
  for (const [name, value] of Object.entries(owned.label)) {
    query.append("changes", `LABEL ${name}="${value}"`);
  }
  const known = ["container", "repo", "tag", "comment", "author", "pause", "changes"];
  return { query: only(query, known), body: {} }; // Podman asks for a body
}

async function build(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned, sandbox, client, request } = order;
  // Podman's API runs the steps of a build on the machine's own network, whatever is asked for (seen with 4.3.1).
  if (owned.docker.isPodman) throw new Refusal("images cannot be built in a sandbox on Podman");
  const own = await owned.sandboxContainer();
  checkBuild(query, {
    owner: owned.label,
    open: await isOpen(sandbox),
    container: own.Id,
    memory: own.HostConfig.Memory ?? 0,
    proxyEnvironment: (await sandbox.policy()).policy.mode === "allow-list" ? proxyEnvironment() : [],
  });
  for (const tag of query.getAll("t")) await owned.mayTag(fullTag(tag, ""));
  await goOn(order);
  const folder = sandboxFiles(sandbox.paths, sandbox.id).state;
  const body = client.body(requestFraming(request));
  const context = await checkedContext(body, folder, query.get("dockerfile"), async (text) => {
    const checked = checkDockerfile(text, JSON.parse(query.get("buildargs") || "{}"));
    for (const image of checked.images) await mayBase(order, image, query.get("pull") === "1");
    return checked.text;
  });
  query.set("dockerfile", context.dockerfile);
  return { query, stream: "application/x-tar", pieces: context.pieces, held: context };
}

/** A base that is not here is pulled by the Engine: from where the policy says. */
async function mayBase(order: FilterRequest, image: string, pulls: boolean): Promise<void> {
  if (pulls || !await order.owned.hasImage(image)) await mayPull(order, image);
}

/** A pull is the Engine's own traffic: the registry must be one that the sandbox's policy lets through. */
async function mayPull({ sandbox }: FilterRequest, image: string): Promise<void> {
  const place = registryOf(image);
  const host = parseHost(place.host);
  if (!host) throw new Refusal(`"${image}" is no image's name`, 400);
  const ready = await sandbox.policy();
  if (ready.policy.mode === "open") return;
  const target = { host, port: place.port, via: "tunnel" as const };
  const decision = await decideAndResolve(ready, target, sandbox.dialParts);
  if (!decision.allowed) {
    throw new Refusal(`the registry ${place.host} is blocked for this sandbox: ${decision.reason}`);
  }
}

async function pull(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const image = query.get("fromImage") ?? "";
  if (!image || query.get("fromSrc")) throw new Refusal("images can only be pulled by name in a sandbox");
  await mayPull(order, image);
  const tag = query.get("tag") ?? "";
  if (!tag.startsWith("sha256:")) await order.owned.mayTag(fullTag(image, tag));
  return { query: only(query, ["fromImage", "tag", "platform"]) };
}

async function createVolume(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned } = order;
  const body = onlyKeys(await jsonBody(order), new Set(["Name", "Driver", "Labels"]), "Volume");
  checkDriver({ Name: body.Driver });
  const name = text(body.Name, "Name");
  if (name !== "") await owned.ensureVolume(volumeName(name));
  return {
    query: only(query, []),
    body: { ...(name ? { Name: name } : {}), Driver: "local", Labels: ownedLabels(body.Labels, owned.label) },
  };
}

async function createNetwork(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned, sandbox } = order;
  if (!await isOpen(sandbox)) {
    throw new Refusal(
      "networks are not allowed in this sandbox: containers share its own, whose only way out is the proxy",
    );
  }
  const keys = new Set([
    "Name",
    "Driver",
    "CheckDuplicate",
    "Internal",
    "Attachable",
    "EnableIPv6",
    "Labels",
    "Scope",
  ]);
  const raw = await jsonBody(order);
  const ipam = isZero(raw.IPAM) ? {} : raw.IPAM as Json;
  onlyKeys(
    Object.fromEntries(
      Object.entries(ipam).filter(([key, value]) => key !== "Driver" || value !== "default"),
    ),
    new Set(),
    "IPAM",
  );
  delete raw.IPAM;
  const body = onlyKeys(raw, keys, "Network");
  if (!["", "bridge"].includes(text(body.Driver, "Driver"))) {
    throw new Refusal(`the network driver "${body.Driver}" is not allowed in a sandbox`);
  }
  if (!["", "local"].includes(text(body.Scope, "Scope"))) {
    throw new Refusal("only local networks are allowed");
  }
  body.Driver = "bridge";
  body.Labels = ownedLabels(body.Labels, owned.label);
  return { query: only(query, []), body };
}

async function networkMember(order: FilterRequest, query: URLSearchParams): Promise<Passed> {
  const { owned, route } = order;
  await owned.network(route.name);
  const body = onlyKeys(await jsonBody(order), new Set(["Container", "Force", "EndpointConfig"]), "Member");
  const { Id } = await owned.container(volumeName(text(body.Container, "Container")));
  const endpoint = isZero(body.EndpointConfig)
    ? {}
    : onlyKeys(body.EndpointConfig as Json, new Set(["Aliases"]), "EndpointConfig");
  const connects = route.path.endsWith("/connect");
  return {
    query: only(query, []),
    body: connects
      ? { Container: Id, EndpointConfig: endpoint }
      : { Container: Id, Force: body.Force === true },
  };
}

/** The named parameters; others that say something are refused. */
function only(query: URLSearchParams, names: string[]): URLSearchParams {
  const kept = new URLSearchParams();
  for (const [name, value] of query) {
    if (names.includes(name)) kept.append(name, value);
    else if (!["", "0", "false"].includes(value)) {
      throw new Refusal(`the parameter "${name}" is not allowed in a sandbox`);
    }
  }
  return kept;
}
