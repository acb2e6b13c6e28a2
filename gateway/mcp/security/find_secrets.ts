/** Secrets in a text, by the rules of secret_rules.ts: one pass over the text for all of them. */
import { entropyOf, isPlaceholder } from "./secret_checks.ts";
import { type SecretRule, secretRules } from "./secret_rules.ts";

export interface FoundSecret {
  rule: string;
  /** Offsets in the text. */
  start: number;
  end: number;
}

/** Characters that no secret and what it is known by need more of: what pieces of a text must overlap. */
export const longestContext = 1024;

/** Rules by the shortest anchor that begins theirs; in lower case. */
const rulesAt = byShortestAnchor(secretRules);
const anchors = new RegExp([...rulesAt.keys()].map(escaped).join("|"), "gi");

function byShortestAnchor(rules: SecretRule[]): Map<string, SecretRule[]> {
  const all = [...new Set(rules.flatMap(({ anchors }) => anchors.map((text) => text.toLowerCase())))];
  const shortest = all.filter((text) => !all.some((other) => other !== text && text.startsWith(other)));
  return new Map(
    shortest.map((anchor) => [
      anchor,
      rules.filter((rule) => rule.anchors.some((text) => text.toLowerCase().startsWith(anchor))),
    ]),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** All secrets of a text, by place. Takes time in proportion to the text, whatever is in it. */
export function findSecrets(text: string): FoundSecret[] {
  return search(text, Infinity).sort((a, b) => a.start - b.start || b.end - a.end);
}

/** The rule of a secret in the text; undefined when there is none. */
export function firstSecret(text: string): string | undefined {
  return search(text, 1)[0]?.rule;
}

function search(text: string, most: number): FoundSecret[] {
  const found: FoundSecret[] = [];
  anchors.lastIndex = 0;
  for (let hit = anchors.exec(text); hit; hit = anchors.exec(text)) {
    for (const rule of rulesAt.get(hit[0].toLowerCase())!) {
      const secret = secretAt(rule, text, hit.index);
      if (secret) found.push(secret);
      if (found.length >= most) return found;
    }
    anchors.lastIndex = hit.index + 1; // they may overlap
  }
  return found;
}

function secretAt(
  { id, pattern, entropy, check }: SecretRule,
  text: string,
  at: number,
): FoundSecret | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [start, end] = (match.indices!.groups?.secret ?? match.indices![0])!;
  const secret = text.slice(start, end);
  if (isPlaceholder(secret) || entropyOf(secret) < entropy || check?.(secret) === false) return undefined;
  return { rule: id, start, end };
}

/** The text with each secret replaced by the name of its rule. */
export function redact(text: string): string {
  const found = findSecrets(text);
  if (found.length === 0) return text;
  let clean = "";
  let at = 0;
  for (const { rule, start, end } of found) {
    if (start < at) continue;
    clean += `${text.slice(at, start)}[${rule}]`;
    at = end;
  }
  return clean + text.slice(at);
}
