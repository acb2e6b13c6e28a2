/** Rules of a network policy: reading them, and whether one covers a target. */
import { SkiffError } from "../../errors/skiff_error.ts";
import { type Address, addressKind, inRange, parseRange, type Range } from "./addresses.ts";
import { type Host, parseHost } from "./hosts.ts";
import type { Rule } from "./policy.ts";

export interface ParsedRule {
  text: Rule;
  /** A name, and which of the names below it are meant; or a range of addresses; or every public host. */
  host:
    | { kind: "name"; name: string; itself: boolean; below: boolean }
    | { kind: "range"; range: Range }
    | { kind: "any" };
  /** From, to; absent: 80 for HTTP and 443 for tunnels in an allow rule, every port in a deny rule. */
  ports?: [number, number];
}

/** Reads a rule. Throws "invalid_input" that says what is wrong with it. */
export function parseRule(text: Rule): ParsedRule {
  const wrong = (why: string) =>
    new SkiffError("invalid_input", `"${text}" is no network rule: ${why}`, {
      hint: "Rules are HOST[:PORT]: example.com, *.example.com:8443, 10.0.0.5:5432, [fd00::/8]:*.",
    });
  if (text.includes("://")) throw wrong("leave out the scheme");
  const { host, ports } = split(text, wrong);
  if (host === "*" || host === "**") return { text, host: { kind: "any" }, ports };
  const range = parseRange(host.replace(/^\[(.*)\]$/, "$1"));
  if (range) return { text, host: { kind: "range", range }, ports };
  if (host.includes("/")) throw wrong("paths cannot be ruled, and it is no range of addresses");
  const [, stars, rest] = /^(\*\.|\*\*\.)?(.*)$/s.exec(host)!;
  if (rest.includes("*")) throw wrong("a * stands only at the beginning, before a dot");
  const parsed = parseHost(rest);
  if (!parsed) throw wrong("there is no such host name");
  if (parsed.address) {
    if (stars) throw wrong("an address has nothing below it");
    const { address } = parsed;
    return { text, host: { kind: "range", range: { address, bits: address.length * 8 } }, ports };
  }
  const itself = stars !== "*.";
  return { text, host: { kind: "name", name: parsed.name, itself, below: stars !== undefined }, ports };
}

function split(
  text: string,
  wrong: (why: string) => SkiffError,
): { host: string; ports?: [number, number] } {
  const bare = parseRange(text); // "fd00::1" has colons and no port
  const match = bare ? null : /^(\[[^\]]*\](?:\/\d+)?|[^:]*):([^:]*)$/.exec(text);
  const host = match ? match[1] : text;
  if (host === "") throw wrong("the host is missing");
  if (!match) return { host };
  if (match[2] === "*") return { host, ports: [1, 65535] };
  const numbers = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(match[2]);
  const from = Number(numbers?.[1]);
  const to = Number(numbers?.[2] ?? numbers?.[1]);
  if (!numbers || from < 1 || to > 65535 || from > to) throw wrong(`"${match[2]}" is no port`);
  return { host, ports: [from, to] };
}

/** What a sandbox wants to reach. */
export interface Target {
  host: Host;
  port: number;
  /** A tunnel (CONNECT) or one plain HTTP request. */
  via: "tunnel" | "http";
}

/** Whether an allow rule covers the target, before its name is resolved. */
export function allows(rule: ParsedRule, target: Target): boolean {
  const [from, to] = rule.ports ?? (target.via === "tunnel" ? [443, 443] : [80, 80]);
  return target.port >= from && target.port <= to && coversHost(rule, target.host);
}

/** Whether a deny rule covers the target. */
export function denies(rule: ParsedRule, target: Target): boolean {
  const [from, to] = rule.ports ?? [1, 65535];
  return target.port >= from && target.port <= to && coversHost(rule, target.host);
}

function coversHost({ host }: ParsedRule, { name, address }: Host): boolean {
  if (host.kind === "any") return true;
  if (host.kind === "range") return address !== undefined && covers(host.range, address);
  if (address) return false;
  return (host.itself && name === host.name) || (host.below && name.endsWith(`.${host.name}`));
}

/** Whether an allow rule names the address, so that it may be reached although it is not public. */
export function namesAddress(rule: ParsedRule, address: Address, target: Target): boolean {
  if (rule.host.kind !== "range" || !covers(rule.host.range, address)) return false;
  return allows({ ...rule, host: { kind: "any" } }, target);
}

/** A range that is wider than one address does not mean the metadata services that lie in it. */
function covers(range: Range, address: Address): boolean {
  if (!inRange(address, range)) return false;
  return range.bits === address.length * 8 || addressKind(address) !== "cloud metadata";
}
