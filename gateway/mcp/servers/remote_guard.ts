/** Where a remote server may be: an entry of a catalog must not reach into this machine or its network. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { addressKind, parseAddress, unmapped } from "../../../core/sandbox/network/addresses.ts";
import { parseHost } from "../../../core/sandbox/network/hosts.ts";
import { resolveName } from "../../../core/sandbox/network/proxy/dial.ts";

export interface RemoteGuard {
  /** `DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS`: http and addresses that are not public, too. */
  insecure: boolean;
  /** `--debug-dns`: what names resolve to. */
  told?(line: string): void;
}

/** The URL, when a request may go there. Looked up anew for each request. Throws "forbidden", "invalid_input". */
export async function guardUrl(text: string, { insecure, told }: RemoteGuard): Promise<URL> {
  if (!URL.canParse(text)) throw new SkiffError("invalid_input", `"${text}" is no URL`);
  const url = new URL(text);
  if (url.username || url.password) throw new SkiffError("forbidden", "its URL carries a login");
  if (insecure && url.protocol === "http:") return url;
  if (url.protocol !== "https:") {
    throw new SkiffError("forbidden", `its URL is not https (${url.protocol.slice(0, -1)})`, {
      hint: "For servers of your own network set DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS=1.",
    });
  }
  if (!insecure) await guardHost(url.hostname, told);
  return url;
}

async function guardHost(hostname: string, told?: (line: string) => void): Promise<void> {
  const host = parseHost(hostname);
  if (!host) throw new SkiffError("invalid_input", `"${hostname}" is no host`);
  const texts = host.address ? [host.name] : await resolveName(host.name).catch(() => []); // a proxy may know it
  told?.(`${hostname} resolves to ${texts.join(", ") || "nothing"}`);
  for (const text of texts) {
    const address = parseAddress(text.replace(/^\[(.*)\]$/, "$1"));
    const kind = address ? addressKind(unmapped(address)) : "reserved";
    if (kind !== "public") {
      throw new SkiffError("forbidden", `${hostname} is not a public address (${kind})`, {
        hint: "For servers of your own network set DOCKER_MCP_ALLOW_INSECURE_REMOTE_URLS=1.",
      });
    }
  }
}
