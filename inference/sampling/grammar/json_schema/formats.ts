/** String formats that are enforced, as expressions over the string's text. */
import type { Expression } from "../grammar.ts";
import { parsePattern } from "./pattern.ts";

const monthDay =
  "(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8])";
const leapYear = "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const date = `(\\d{4}-(${monthDay})|${leapYear}-02-29)`;
const time = "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";
const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `${octet}(\\.${octet}){3}`;
const h16 = "[0-9a-fA-F]{1,4}";
const ipv6 = [
  `(${h16}:){7}${h16}`,
  `::(${h16}(:${h16}){0,6})?`,
  ...[1, 2, 3, 4, 5, 6].map((before) =>
    `${h16}(:${h16}){${before - 1}}::(${h16}(:${h16}){0,${6 - before}})?`
  ),
].join("|");
const label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
/** At most four labels: a name stays under 253 characters. */
const hostname = `${label}(\\.${label}){0,2}`;
const atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}";
const uriCharacters = "[a-zA-Z0-9._~!$&'()*+,;=:@-]";

/** Regular expressions of whole strings. */
const patterns: Record<string, string> = {
  date,
  time,
  "date-time": `${date}T${time}`,
  uuid: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
  ipv4,
  ipv6,
  hostname,
  email: `${atom}(\\.${atom}){0,2}@${label}(\\.${label}){1,2}`,
  uri:
    `(https?|ftp)://${hostname}(:[1-9]\\d{0,3})?(/${uriCharacters}*)*(\\?[a-zA-Z0-9._~=&-]*)?(#[a-zA-Z0-9._~-]*)?`,
  duration: durationPattern(),
};

function durationPattern(): string {
  const n = "\\d{1,9}";
  const time = `T(${n}H(${n}M(${n}S)?)?|${n}M(${n}S)?|${n}S)`;
  const day = `${n}D(${time})?`;
  const month = `${n}M(${day}|${time})?`;
  const year = `${n}Y(${month}|${day}|${time})?`;
  return `P(${year}|${month}|${day}|${time}|${n}W)`;
}

/** Undefined for a format that is not enforced. */
export function formatExpression(format: string): Expression | undefined {
  const pattern = Object.hasOwn(patterns, format) ? patterns[format] : undefined;
  return pattern === undefined ? undefined : parsePattern(`^(${pattern})$`);
}
