/** IP addresses as bytes, and which of them are not the public internet. */

/** 4 or 16 bytes. */
export type Address = Uint8Array;

export interface Range {
  address: Address;
  /** Leading bits that count. */
  bits: number;
}

/** What an address is; "public" is the only kind that is reached without a rule that names it. */
export type AddressKind =
  | "public"
  | "unspecified"
  | "loopback"
  | "private"
  | "link-local"
  | "carrier-grade NAT"
  | "multicast"
  | "reserved"
  | "cloud metadata"
  | "translated";

/** Dotted quads and all forms of IPv6, without brackets or zone; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Address | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1);
  if (!parts || parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith("0")))) {
    return undefined;
  }
  return Uint8Array.from(parts.map(Number));
}

function parseIpv6(text: string): Address | undefined {
  let groups = text.toLowerCase();
  const tail = /(^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(groups)?.[2];
  if (tail) {
    const v4 = parseIpv4(tail);
    if (!v4) return undefined;
    const hex = [v4[0] << 8 | v4[1], v4[2] << 8 | v4[3]].map((group) => group.toString(16)).join(":");
    groups = groups.slice(0, -tail.length) + hex;
  }
  const halves = groups.split("::");
  if (halves.length > 2) return undefined;
  const [head, rest] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - (rest?.length ?? 0);
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = rest === undefined ? head : [...head, ...Array(missing).fill("0"), ...rest];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return Uint8Array.from(all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

/** `[::ffff:1.2.3.4]` is the IPv4 address itself: the system connects to that. */
export function unmapped(address: Address): Address {
  return inRange(address, mapped) ? address.slice(12) : address;
}

/** In the usual notation: "10.0.0.1", "2001:db8:0:0:0:0:0:1" (not shortened). */
export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((address[i] << 8 | address[i + 1]).toString(16));
  return groups.join(":");
}

/** "10.0.0.0/8", "fd00::/8", or one address; undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  const [host, bits, ...more] = text.split("/");
  const address = parseAddress(host);
  if (!address || more.length > 0) return undefined;
  if (bits === undefined) return { address: unmapped(address), bits: unmapped(address).length * 8 };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > address.length * 8) return undefined;
  return { address, bits: Number(bits) };
}

export function inRange(address: Address, range: Range): boolean {
  if (address.length !== range.address.length) return false;
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = range.bits - bit >= 8 ? 0xff : 0xff00 >> (range.bits - bit) & 0xff;
    if ((address[bit / 8] & mask) !== (range.address[bit / 8] & mask)) return false;
  }
  return true;
}

const mapped = parseRange("::ffff:0:0/96")!;

/** IANA's registries of special-purpose addresses; the first row that holds the address counts. */
const special: [string, AddressKind][] = [
  ["169.254.169.254/32", "cloud metadata"],
  ["169.254.170.2/32", "cloud metadata"],
  ["100.100.100.200/32", "cloud metadata"],
  ["168.63.129.16/32", "cloud metadata"],
  ["192.0.0.192/32", "cloud metadata"],
  ["fd00:ec2::254/128", "cloud metadata"],
  ["fd20:ce::254/128", "cloud metadata"],
  ["0.0.0.0/8", "unspecified"],
  ["127.0.0.0/8", "loopback"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["100.64.0.0/10", "carrier-grade NAT"],
  ["169.254.0.0/16", "link-local"],
  ["224.0.0.0/4", "multicast"],
  ["192.0.0.0/24", "reserved"],
  ["192.0.2.0/24", "reserved"],
  ["192.88.99.0/24", "reserved"],
  ["198.18.0.0/15", "reserved"],
  ["198.51.100.0/24", "reserved"],
  ["203.0.113.0/24", "reserved"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["::/96", "translated"],
  ["64:ff9b::/96", "translated"],
  ["64:ff9b:1::/48", "translated"],
  ["2001::/32", "translated"],
  ["2002::/16", "translated"],
  ["fc00::/7", "private"],
  ["fec0::/10", "private"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
  ["100::/64", "reserved"],
  ["2001:db8::/32", "reserved"],
];
const ranges = special.map(([text, kind]) => ({ range: parseRange(text)!, kind }));
const globalIpv6 = parseRange("2000::/3")!;

/** What kind of address it is; IPv6 outside the space given out so far is "reserved". */
export function addressKind(address: Address): AddressKind {
  const bare = unmapped(address);
  const row = ranges.find(({ range }) => inRange(bare, range));
  if (row) return row.kind;
  return bare.length === 16 && !inRange(bare, globalIpv6) ? "reserved" : "public";
}
