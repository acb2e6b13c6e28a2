/** What a container of a sandbox may be: reads the body of `POST /containers/create`, refuses or rewrites. */
import { asObject, isZero, type Json, onlyKeys, ownedLabels, text, textList } from "./body_check.ts";
import { type CheckedMounts, checkMounts } from "./mounts_check.ts";
import { Refusal } from "./refusal.ts";

/** What the check must know of the sandbox. */
export interface CreateRules {
  owner: Record<string, string>;
  /** The sandbox's own container. */
  container: { id: string; memory: number; pids: number; runtime: string; seccomp?: string };
  /** Whether the sandbox has an ordinary network; otherwise containers share its own, or have none. */
  open: boolean;
  /** "uid:gid" of containers that see the workspace. */
  user?: string;
  /** For containers that share the sandbox's network. */
  proxyEnvironment: string[];
}

export interface CheckedCreate {
  /** Without the binds, which are added when their paths were looked at. */
  body: Json;
  mounts: CheckedMounts;
  /** Containers that must be the sandbox's own. */
  containers: string[];
  /** Networks that must be the sandbox's own. */
  networks: string[];
  /** Containers whose volumes it takes over. */
  volumesFrom: string[];
}

const topKeys = new Set([
  "Hostname",
  "Domainname",
  "User",
  "AttachStdin",
  "AttachStdout",
  "AttachStderr",
  "ExposedPorts",
  "Tty",
  "OpenStdin",
  "StdinOnce",
  "Env",
  "Cmd",
  "Healthcheck",
  "ArgsEscaped",
  "Image",
  "Volumes",
  "WorkingDir",
  "Entrypoint",
  "NetworkDisabled",
  "Labels",
  "StopSignal",
  "StopTimeout",
  "Shell",
  "HostConfig",
  "NetworkingConfig",
]);

/** Limits, appearance, and what is looked at below. Everything else must say nothing. */
const hostKeys = new Set([
  "AutoRemove",
  "Binds",
  "BlkioWeight",
  "CapDrop",
  "CgroupnsMode",
  "ConsoleSize",
  "CpuCount",
  "CpuPercent",
  "CpuPeriod",
  "CpuQuota",
  "CpuShares",
  "CpusetCpus",
  "CpusetMems",
  "Dns",
  "DnsOptions",
  "DnsSearch",
  "ExtraHosts",
  "Init",
  "IpcMode",
  "Isolation",
  "LogConfig",
  "Memory",
  "MemoryReservation",
  "MemorySwap",
  "MemorySwappiness",
  "Mounts",
  "NanoCpus",
  "NetworkMode",
  "OomScoreAdj",
  "PidMode",
  "PidsLimit",
  "PortBindings",
  "ReadonlyRootfs",
  "RestartPolicy",
  "Runtime",
  "SecurityOpt",
  "ShmSize",
  "Tmpfs",
  "Ulimits",
  "VolumesFrom",
]);

/** Reads and rewrites. Throws `Refusal`. Pure: what must be asked of the Engine is in the answer. */
export function checkCreate(raw: Json, rules: CreateRules): CheckedCreate {
  const body = onlyKeys(raw, topKeys, "Config");
  const rawHost = isZero(body.HostConfig) ? {} : asObject(body.HostConfig, "HostConfig");
  // An empty list is not nothing here: it would unmask what is masked by default.
  for (const key of ["MaskedPaths", "ReadonlyPaths"]) {
    if (rawHost[key] !== undefined && rawHost[key] !== null) {
      throw new Refusal(`HostConfig.${key} is not allowed in a sandbox`);
    }
  }
  const host = onlyKeys(rawHost, hostKeys, "HostConfig");
  const checked: CheckedCreate = {
    body,
    mounts: checkMounts(textList(host.Binds, "Binds"), host.Mounts),
    containers: [],
    networks: [],
    volumesFrom: textList(host.VolumesFrom, "VolumesFrom").map((one) => one.replace(/:(ro|rw|z)$/, "")),
  };
  checked.containers.push(...checked.volumesFrom);
  checkNamespaces(host, checked);
  checkSecurity(host);
  checkRest(host);
  limit(host, rules);
  if (rules.open) openNetwork(body, host, checked);
  else sharedNetwork(body, host, checked, rules);
  if (rules.container.runtime) host.Runtime = rules.container.runtime;
  host.Binds = checked.mounts.volumeBinds;
  host.Mounts = checked.mounts.mounts;
  host.CapDrop = [...textList(host.CapDrop, "CapDrop"), "MKNOD", "NET_RAW", "SETFCAP", "AUDIT_WRITE"];
  const { seccomp } = rules.container;
  host.SecurityOpt = ["no-new-privileges:true", ...(seccomp ? [seccomp] : [])];
  body.HostConfig = host;
  body.Labels = ownedLabels(body.Labels, rules.owner);
  return checked;
}

/** `container:` names another one, which must be the sandbox's own; `host` and the rest are refused. */
function checkNamespaces(host: Json, checked: CheckedCreate): void {
  const own = (key: string, harmless: string[]) => {
    const mode = text(host[key], key);
    if (harmless.includes(mode)) return;
    if (!mode.startsWith("container:")) {
      throw new Refusal(`HostConfig.${key} "${mode}" is not allowed in a sandbox`);
    }
    checked.containers.push(mode.slice("container:".length));
  };
  own("PidMode", ["", "private"]);
  own("IpcMode", ["", "private", "none", "shareable"]);
  const cgroups = text(host.CgroupnsMode, "CgroupnsMode");
  if (cgroups !== "" && cgroups !== "private") {
    throw new Refusal(`HostConfig.CgroupnsMode "${cgroups}" is not allowed in a sandbox`);
  }
}

function checkSecurity(host: Json): void {
  for (const option of textList(host.SecurityOpt, "SecurityOpt")) {
    if (!/^no-new-privileges([:=]true)?$/.test(option)) {
      throw new Refusal(`the security option "${option}" is not allowed in a sandbox`);
    }
  }
  const runtime = text(host.Runtime, "Runtime");
  if (runtime !== "") throw new Refusal(`HostConfig.Runtime "${runtime}" is not allowed in a sandbox`);
}

function checkRest(host: Json): void {
  const log = isZero(host.LogConfig) ? {} : asObject(host.LogConfig, "LogConfig");
  const { Type, Config, ...more } = log;
  onlyKeys(more, new Set(), "LogConfig");
  if (!["", "json-file", "local", "none"].includes(text(Type, "LogConfig.Type"))) {
    throw new Refusal(`the log driver "${Type}" is not allowed in a sandbox`);
  }
  onlyKeys(
    isZero(Config) ? {} : asObject(Config, "LogConfig.Config"),
    new Set(["max-size", "max-file", "compress"]),
    "LogConfig.Config",
  );
  const restart = isZero(host.RestartPolicy) ? {} : asObject(host.RestartPolicy, "RestartPolicy");
  if (!["", "no"].includes(text(restart.Name, "RestartPolicy.Name"))) {
    throw new Refusal(
      "a restart policy is not allowed in a sandbox: containers must not start by themselves",
    );
  }
  if (Number(host.OomScoreAdj ?? 0) < 0) {
    throw new Refusal("a negative OomScoreAdj is not allowed in a sandbox");
  }
}

/** No container gets more than the sandbox has. */
function limit(host: Json, { container }: CreateRules): void {
  const within = (key: string, most: number) => {
    const asked = Number(host[key] ?? 0);
    if (most > 0 && (!(asked > 0) || asked > most)) host[key] = most;
  };
  within("Memory", container.memory);
  if (container.memory > 0) host.MemorySwap = host.Memory;
  within("PidsLimit", container.pids);
  if (isZero(host.LogConfig) || text(asObject(host.LogConfig, "LogConfig").Type, "Type") === "") {
    host.LogConfig = { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } };
  }
}

/** The sandbox has no network but its proxy: containers share that, or have none. */
function sharedNetwork(body: Json, host: Json, checked: CheckedCreate, rules: CreateRules): void {
  const mode = text(host.NetworkMode, "NetworkMode");
  const isName = (value: string) => value === rules.container.id;
  if (mode === "none") {
    host.NetworkMode = "none";
  } else if (mode === "" || mode === "default" || mode === "bridge") {
    host.NetworkMode = `container:${rules.container.id}`;
  } else if (mode.startsWith("container:")) {
    const other = mode.slice("container:".length);
    if (!isName(other)) checked.containers.push(other);
  } else {
    throw new Refusal(`the network "${mode}" is not allowed in a sandbox without one of its own`);
  }
  for (const key of ["PortBindings", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts"]) {
    if (!isZero(host[key])) {
      throw new Refusal(`HostConfig.${key} has no meaning: containers share the sandbox's network`);
    }
    delete host[key];
  }
  onlyNamedNetworks(body, [mode, "default", "bridge", "none"]);
  delete body.NetworkingConfig;
  delete body.ExposedPorts;
  if (host.NetworkMode === `container:${rules.container.id}`) {
    delete body.Hostname;
    delete body.Domainname;
    const env = textList(body.Env, "Env");
    const named = new Set(env.map((line) => line.split("=", 1)[0]));
    body.Env = [...env, ...rules.proxyEnvironment.filter((line) => !named.has(line.split("=", 1)[0]))];
  }
}

/** An ordinary network, or one that the sandbox made; ports are published on loopback only. */
function openNetwork(body: Json, host: Json, checked: CheckedCreate): void {
  const mode = text(host.NetworkMode, "NetworkMode");
  if (mode === "host") throw new Refusal('the network "host" is not allowed in a sandbox');
  if (mode.startsWith("container:")) checked.containers.push(mode.slice("container:".length));
  else if (!["", "default", "bridge", "none"].includes(mode)) checked.networks.push(mode);
  const config = isZero(body.NetworkingConfig) ? {} : asObject(body.NetworkingConfig, "NetworkingConfig");
  const { EndpointsConfig, ...rest } = config;
  onlyKeys(rest, new Set(), "NetworkingConfig");
  const endpoints = isZero(EndpointsConfig) ? {} : asObject(EndpointsConfig, "EndpointsConfig");
  const kept: Json = {};
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (!["default", "bridge", "none"].includes(name)) checked.networks.push(name);
    const { Aliases } = isZero(endpoint)
      ? {} as Json
      : onlyKeys(asObject(endpoint, name), new Set(["Aliases", "NetworkID"]), "EndpointsConfig");
    kept[name] = isZero(Aliases) ? {} : { Aliases };
  }
  body.NetworkingConfig = { EndpointsConfig: kept };
  const ports = isZero(host.PortBindings) ? {} : asObject(host.PortBindings, "PortBindings");
  for (const [port, bindings] of Object.entries(ports)) {
    if (!Array.isArray(bindings)) continue;
    ports[port] = bindings.map((one) => ({
      HostIp: "127.0.0.1",
      HostPort: text(asObject(one, "a port").HostPort, "HostPort"),
    }));
  }
  host.PortBindings = ports;
}

function onlyNamedNetworks(body: Json, names: string[]): void {
  const config = isZero(body.NetworkingConfig) ? {} : asObject(body.NetworkingConfig, "NetworkingConfig");
  const endpoints = isZero(config.EndpointsConfig) ? {} : asObject(config.EndpointsConfig, "EndpointsConfig");
  const foreign = Object.keys(endpoints).find((name) => !names.includes(name));
  if (foreign !== undefined) throw new Refusal(`the network "${foreign}" is not allowed in this sandbox`);
}

/**
 * A container that sees the workspace runs as the sandbox's own user, without capabilities: as root it could
 * leave set-user-id programs there for the host.
 */
export function confineToUser(body: Json, user: string | undefined): void {
  const asked = text(body.User, "User");
  const host = body.HostConfig as Json;
  if (user !== undefined) {
    if (!["", user, user.split(":")[0]].includes(asked)) {
      throw new Refusal(`a container with the workspace mounted must run as ${user}, not as "${asked}"`);
    }
    body.User = user;
  }
  host.CapDrop = ["ALL"];
}
