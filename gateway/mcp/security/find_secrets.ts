/** Secrets in texts and values, by the rules of secret_rules.ts. */
import { type SecretRule, secretRules } from "./secret_rules.ts";

export interface FoundSecret {
  rule: string;
  /** Offsets in the text. */
  start: number;
  end: number;
}

/** What stands in for a secret in documentation and examples. */
const placeholder =
  /example|placeholder|dummy|changeme|redacted|your[_-]?|x{6,}|\*{4,}|0{12,}|1234567890|abcdefghij|\.\.\./i;

/** All secrets of a text, by place. */
export function findSecrets(text: string, rules: SecretRule[] = secretRules): FoundSecret[] {
  const lower = text.toLowerCase();
  const found: FoundSecret[] = [];
  for (const { id, keywords, pattern, entropy } of rules) {
    if (!keywords.some((keyword) => lower.includes(keyword))) continue;
    for (const match of text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
      const secret = match.groups?.secret ?? match[0];
      if (placeholder.test(secret) || (entropy !== undefined && entropyOf(secret) < entropy)) continue;
      const start = match.index + match[0].lastIndexOf(secret);
      found.push({ rule: id, start, end: start + secret.length });
    }
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** The rule of the first secret in any text of a value, keys included; undefined when there is none. */
export function secretIn(value: unknown): string | undefined {
  if (typeof value === "string") return findSecrets(value)[0]?.rule;
  if (Array.isArray(value)) return firstOf(value, secretIn);
  if (typeof value !== "object" || value === null) return undefined;
  // A name and its value belong together: {"aws_secret_access_key": "…"}.
  return firstOf(
    Object.entries(value),
    ([name, inner]) =>
      typeof inner === "string"
        ? secretIn(`${name}="${inner}"`) ?? secretIn(inner)
        : secretIn(name) ?? secretIn(inner),
  );
}

/** The text with each secret replaced by the name of its rule. */
export function redact(text: string): string {
  let clean = "";
  let at = 0;
  for (const { rule, start, end } of findSecrets(text)) {
    if (start < at) continue;
    clean += `${text.slice(at, start)}[${rule}]`;
    at = end;
  }
  return clean + text.slice(at);
}

/** Bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count / text.length * Math.log2(count / text.length);
  return bits;
}

function firstOf<T>(list: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of list) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
