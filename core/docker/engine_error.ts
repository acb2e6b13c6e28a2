/** What an Engine answers or fails to answer -> what a person reads, and what they can do. */
import { type ErrorCode, SkiffError } from "../errors/skiff_error.ts";
import type { DockerEndpoint } from "./endpoint.ts";
import { isBreak, SourceError } from "./transport/http_transport.ts";

const statusCodes: Record<number, ErrorCode> = {
  400: "invalid_input",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  406: "unsupported",
  409: "conflict",
  501: "unsupported",
  503: "unavailable",
};

interface Row {
  pattern: RegExp;
  code: ErrorCode;
  hint?: string;
}

/** What the Engine writes -> its meaning, whatever the status; the first row that fits. */
const meanings: Row[] = [
  { pattern: /no space left on device/i, code: "disk_full", hint: "Free some space on the Engine's disk." },
  {
    pattern: /client version [\d.]+ is too new|maximum supported API version/i,
    code: "unsupported",
    hint: "Unset DOCKER_API_VERSION; skiff finds the right version by itself.",
  },
  {
    pattern: /client version [\d.]+ is too old|minimum supported API version/i,
    code: "unsupported",
    hint: "Unset DOCKER_API_VERSION, or update skiff: this Engine is newer than it.",
  },
  {
    pattern: /port is already allocated|address already in use|ports are not available/i,
    code: "conflict",
    hint: "Another process has the port: stop it, or publish a different one.",
  },
  {
    pattern: /unauthorized|authentication required|no basic auth credentials|pull access denied/i,
    code: "unauthorized",
    hint: "The image may not exist, or be private: check its name, and log in to its registry.",
  },
  { pattern: /manifest (?:unknown|for .* not found)|repository .* not found/i, code: "not_found" },
  {
    pattern: /no such host|i\/o timeout|connection refused|TLS handshake timeout|network is unreachable/i,
    code: "network",
    hint: "The Engine could not reach the other side; check its network and proxy settings.",
  },
  {
    pattern: /executable file not found|no such file or directory.*: unknown/i,
    code: "not_found",
    hint: "The program is not in the image, or not on its PATH.",
  },
  {
    pattern: /container-init binary not found/i,
    code: "unavailable",
    hint: "Podman starts containers with `catatonit`: install the package of that name.",
  },
  // Podman says so with status 500.
  {
    pattern:
      /is already in use|already used|already exists|state improper|is being used|running or paused containers/i,
    code: "conflict",
  },
  { pattern: /is not a directory|unknown instruction/i, code: "invalid_input" },
  { pattern: /cannot allocate memory/i, code: "out_of_memory" },
];

/** Statuses whose meaning no text changes. */
const plainStatuses = [404, 409];

/** The error of an answer that says failure. `details` has `status`. */
export function answerError(
  status: number,
  text: string,
  what: { method: string; path: string },
): SkiffError {
  const message = engineMessage(text) || `it answered ${what.method} ${what.path} with ${status}`;
  return messageError(message, { status, ...what });
}

/** An error that the Engine reports within a stream (pull, build) or an answer. */
export function messageError(message: string, details: Record<string, unknown> = {}): SkiffError {
  const status = Number(details.status ?? 0);
  const row = meanings.find(({ pattern }) => pattern.test(message));
  const known = plainStatuses.includes(status) ? statusCodes[status] : undefined;
  const code = known ?? row?.code ?? statusCodes[status] ?? "unavailable";
  return new SkiffError(code, `Docker Engine: ${message}`, { hint: row?.hint, details });
}

/** `{"message": "…"}`, or the plain text that proxies and old Engines send. */
function engineMessage(text: string): string {
  try {
    const { message, cause } = JSON.parse(text);
    if (typeof message === "string") return message.trim(); // Podman adds a `cause`, which the message ends with
    if (typeof cause === "string") return cause.trim();
  } catch {
    // no JSON
  }
  return text.trim().slice(0, 2000);
}

/** Why one endpoint cannot be reached, in a few words. */
export function dialReason(error: unknown): string {
  if (error instanceof SkiffError) return error.message;
  if (error instanceof Deno.errors.NotFound) return "there is no such socket";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.ConnectionRefused) return "nothing listens there";
  return error instanceof Error ? error.message : String(error);
}

const start = "Start Docker (Docker Desktop, or `sudo systemctl start docker`), or set DOCKER_HOST.";

/** The error when the Engine at `endpoint` cannot be connected to. */
export function dialError(endpoint: DockerEndpoint, error: unknown): SkiffError {
  if (error instanceof SkiffError) return error;
  const place = `${endpoint.url} (${endpoint.source})`;
  const options = { cause: error };
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SkiffError("forbidden", `No permission to use the Docker Engine at ${place}`, {
      hint:
        "Join the docker group (`sudo usermod -aG docker $USER`, then log in again), or use rootless Docker.",
      ...options,
    });
  }
  const message = `Cannot reach the Docker Engine at ${place}: ${dialReason(error)}`;
  if (/certificate|tls|UnknownIssuer|handshake/i.test(error instanceof Error ? error.message : "")) {
    return new SkiffError("network", message, {
      hint: /expired|not valid yet/i.test(message)
        ? "Renew the Engine's certificate (or ca.pem), or set this machine's clock."
        : "Check ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH (or the context's), whether one has expired, " +
          "and the host's name.",
      ...options,
    });
  }
  const hint = endpoint.address.kind === "tcp"
    ? "Check the host, the port and that the Engine listens there (2375 plain, 2376 TLS)."
    : start;
  return new SkiffError("unavailable", message, { hint, ...options });
}

/** The error when none of the usual places has an Engine: the one that refused us, else all that was tried. */
export function noEngineError(tried: { endpoint: DockerEndpoint; error: unknown }[]): SkiffError {
  const refused = tried.find(({ error }) => error instanceof Deno.errors.PermissionDenied);
  if (refused) return dialError(refused.endpoint, refused.error);
  const silent = tried.find(({ error }) => !(error instanceof Deno.errors.NotFound));
  if (silent) return dialError(silent.endpoint, silent.error);
  const places = tried.map(({ endpoint }) => endpoint.url.replace(/^unix:\/\//, "")).join(", ");
  return new SkiffError(
    "unavailable",
    "No Docker Engine found: there is no socket in any of the usual places",
    {
      hint: `${start} Looked at ${places}.`,
      details: { tried: tried.map(({ endpoint }) => endpoint.url) },
    },
  );
}

/** The error of a request that was under way; what the body's source threw stays what it is. */
export function requestError(endpoint: DockerEndpoint, error: unknown): unknown {
  if (error instanceof SkiffError) return error;
  if (error instanceof SourceError) return error.cause;
  if (!isBreak(error)) return dialError(endpoint, error);
  const broken = error instanceof SyntaxError
    ? `what answers there is no Docker Engine (${error.message})`
    : "it closed the connection";
  return new SkiffError("network", `The request to the Docker Engine at ${endpoint.url} failed: ${broken}`, {
    hint: "The Engine may be restarting; try again, and look at its log if that repeats.",
    cause: error,
  });
}
