/**
 * Which folders of the host a server may mount. A catalog's entry names volumes, and a person's values fill
 * them in: a slip of either must not hand out keys or the system.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

export interface BindRules {
  home: string;
  /** Roots that binds may lie below: temporary folders, and what the user allows. */
  allowed: string[];
  /** Exact paths that may be written to. */
  writable: string[];
  /** The path without symbolic links; throws `Deno.errors.NotFound`. */
  realPath(path: string): Promise<string>;
}

const refusedRoots = [
  "/dev",
  "/etc",
  "/library",
  "/proc",
  "/private/etc",
  "/private/var/run",
  "/root",
  "/run",
  "/sys",
  "/system",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/root",
  "/var/run",
  "c:/windows",
];
const refusedSegments = new Set([".aws", ".azure", ".config", ".docker", ".gnupg", ".kube", ".ssh"]);
const refusedFiles = new Set([".netrc", ".npmrc", "id_dsa", "id_ecdsa", "id_ed25519", "id_rsa"]);
const volumeName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** The rules of this machine. */
export function bindRules(env: { get(name: string): string | undefined }): BindRules {
  const list = (name: string) =>
    (env.get(name) ?? "").split(Deno.build.os === "windows" ? ";" : ":").filter((path) => path !== "");
  const writable = list("MCP_GATEWAY_DOCKER_BIND_ALLOW_WRITABLE_PATHS");
  const temporary = ["/tmp", "/private/tmp", "/var/tmp", env.get("TMPDIR"), env.get("TEMP")];
  return {
    home: env.get("HOME") ?? env.get("USERPROFILE") ?? "/",
    allowed: [
      ...temporary.filter((path): path is string => !!path),
      ...list("MCP_GATEWAY_DOCKER_BIND_ALLOWED_PATHS"),
      ...writable,
    ],
    writable,
    realPath: (path) => Deno.realPath(path),
  };
}

/**
 * A volume ("source:target[:mode]") as it may be mounted. Names of volumes and anonymous ones pass as they are;
 * folders of the host are resolved, and read-only unless writing is allowed for that very path.
 * Throws "forbidden" with the variable that would allow it, "invalid_input".
 */
export async function checkBind(text: string, rules: BindRules): Promise<string> {
  const { source, target, mode } = split(text);
  if (source === undefined || volumeName.test(source)) return text;
  const path = await real(source.startsWith("~/") ? `${rules.home}${source.slice(1)}` : source, rules);
  const refused = refusal(path);
  if (refused) throw new SkiffError("forbidden", `${source} cannot be given to a server: ${refused}`);
  const roots = await Promise.all(rules.allowed.map((root) => real(root, rules)));
  if (!roots.some((root) => isBelow(path, root))) {
    throw new SkiffError("forbidden", `${source} is not among the folders that servers may be given`, {
      hint: `Allow it: MCP_GATEWAY_DOCKER_BIND_ALLOWED_PATHS=${path}`,
    });
  }
  const writable = (await Promise.all(rules.writable.map((root) => real(root, rules)))).includes(path);
  if (mode?.split(",").includes("rw") && !writable) {
    throw new SkiffError("forbidden", `${source} may not be written to by a server`, {
      hint: `Allow it: MCP_GATEWAY_DOCKER_BIND_ALLOW_WRITABLE_PATHS=${path}`,
    });
  }
  return `${path}:${target}:${mode ?? (writable ? "rw" : "ro")}`;
}

function split(text: string): { source?: string; target: string; mode?: string } {
  const drive = /^[A-Za-z]:[\\/]/.test(text) ? text.slice(0, 2) : "";
  const [first, target, mode, ...more] = text.slice(drive.length).split(":");
  if (more.length > 0 || first === "" || target === "") {
    throw new SkiffError("invalid_input", `"${text}" is no volume`, {
      hint: "Volumes are SOURCE:TARGET[:ro].",
    });
  }
  return target === undefined ? { target: first } : { source: `${drive}${first}`, target, mode };
}

async function real(path: string, { realPath }: BindRules): Promise<string> {
  if (!path.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(path)) {
    throw new SkiffError("invalid_input", `"${path}" is neither the name of a volume nor a whole path`);
  }
  try {
    return (await realPath(path)).replaceAll("\\", "/");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // The Engine makes what is not there; its parents count.
    const parent = path.replace(/[\\/][^\\/]*[\\/]?$/, "");
    if (parent === "" || parent === path) return path;
    return `${await real(parent, { realPath } as BindRules)}/${
      path.replace(/[\\/]$/, "").split(/[\\/]/).at(-1)
    }`;
  }
}

function refusal(path: string): string | undefined {
  const lower = path.toLowerCase();
  const root = refusedRoots.find((one) => isBelow(lower, one));
  if (root) return `it is in ${root}`;
  if (lower === "/") return "it is the whole machine";
  const segments = lower.split("/");
  const segment = segments.find((one) => refusedSegments.has(one));
  if (segment) return `${segment} holds credentials`;
  const file = refusedFiles.has(segments.at(-1)!) ? segments.at(-1) : undefined;
  return file && `${file} holds credentials`;
}

const isBelow = (path: string, root: string) =>
  path === root || path.startsWith(`${root.replace(/\/$/, "")}/`);
