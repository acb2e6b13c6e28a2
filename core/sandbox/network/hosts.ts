/** The host of a request in one form, however it was written. */
import { type Address, formatAddress, parseAddress, unmapped } from "./addresses.ts";

export type Host = { name: string; address?: undefined } | { name: string; address: Address };

/** What a name may be made of before it is looked at: no `%`, `@`, `/`, `\`, blanks or control characters. */
const plain = /^[\p{L}\p{M}\p{N}._\-\u3002\uff0e\uff61]+$/u;

/**
 * Lower-case, without the dot at the end, in ASCII (IDNA), numbers in any notation as the address that the
 * system's functions would take them for, `[::ffff:a.b.c.d]` as IPv4. Undefined when it is no host.
 */
export function parseHost(text: string): Host | undefined {
  if (text.startsWith("[") || text.includes(":")) {
    const address = parseAddress(text.replace(/^\[(.*)\]$/, "$1"));
    if (!address) return undefined;
    const bare = unmapped(address);
    return { name: formatAddress(bare), address: bare };
  }
  if (!plain.test(text) || !URL.canParse(`http://${text}/`)) return undefined;
  const name = new URL(`http://${text}/`).hostname.replace(/\.$/, "");
  const address = parseAddress(name);
  if (address) return { name: formatAddress(address), address };
  if (name.length > 253 || !/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)) return undefined;
  return { name };
}

/** "host:port" for people; IPv6 in brackets. */
export function hostAndPort({ name, address }: Host, port: number): string {
  return address?.length === 16 ? `[${name}]:${port}` : `${name}:${port}`;
}

/** Host and port of an authority ("host:port", "[::1]:443"); undefined when it is none. */
export function parseAuthority(text: string, defaultPort?: number): { host: Host; port: number } | undefined {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text);
  const host = match && parseHost(match[1]);
  const port = match?.[2] === undefined ? defaultPort : Number(match[2]);
  if (!host || port === undefined || port < 1 || port > 65535) return undefined;
  return { host, port };
}
