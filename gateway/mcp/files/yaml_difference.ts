/** Writing a changed value into a YAML text that holds the old one: only what differs is touched. */
import { deleteYaml, setYaml, type YamlPath } from "./yaml_text.ts";

/** The text of `before` as one of `after`; comments and layout of what is the same in both stay. */
export function withDifference(
  text: string,
  before: unknown,
  after: unknown,
  file: string,
  path: YamlPath = [],
): string {
  if (isSame(before, after)) return text;
  if (after === undefined) return deleteYaml(text, path, file);
  if (isMapping(before) && isMapping(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      text = withDifference(text, before[key], after[key], file, [...path, key]);
    }
    return text;
  }
  const lists = Array.isArray(before) && Array.isArray(after) && [...before, ...after].every(isMapping);
  return lists ? withItems(text, before, after, file, path) : setYaml(text, path, after, file);
}

/** Lists of mappings, item by item: what is gone is taken out, what is more is added behind. */
function withItems(text: string, before: unknown[], after: unknown[], file: string, path: YamlPath): string {
  if (after.length < before.length) {
    const left = before.filter((item) => after.some((one) => isSame(item, one)));
    if (!isSame(left, after)) return setYaml(text, path, after, file);
    for (let at = before.length - 1; at >= 0; at--) {
      if (!left.includes(before[at])) text = deleteYaml(text, [...path, at], file);
    }
    return text;
  }
  after.forEach((item, at) => {
    text = at < before.length
      ? withDifference(text, before[at], item, file, [...path, at])
      : setYaml(text, [...path, at], item, file);
  });
  return text;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
