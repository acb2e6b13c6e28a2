/** Which family a template belongs to. */
import type { Family } from "./family.ts";
import { generic } from "./generic.ts";
import { hermes } from "./tag_families.ts";

/** The more particular marks come first. */
const families: Family[] = [hermes];

/** The generic family when the template shows no marks of another. */
export function familyOf(template: string): Family {
  return families.find((family) => family.matches(template)) ?? generic;
}
